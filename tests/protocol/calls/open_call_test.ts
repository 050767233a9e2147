import { StreamResetError } from "../../../protocol/streams.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { openPlayedCallee, readAll } from "../../support/call_desks.ts";

Deno.test("OpenCall sends CANCEL behind CALL, and gives its stream up behind what opens it", async () => {
  await using callee = await openPlayedCallee();
  const { desk, peer } = callee;
  const controls = Array.from({ length: 20 }, () => new AbortController());
  const duplexes = controls.map(({ signal }) => desk.openDuplex("relay", { signal }));
  for (const duplex of duplexes) duplex.catch(() => {});
  // All calls have their places, and most of them wait for the writer.
  await Promise.resolve();
  for (const control of controls) control.abort();
  const seen = new Map<number, string[]>();
  for (let i = 0; i < 2 * controls.length; i++) {
    const { fields, stream } = await callee.takeWhole();
    const id = fields.integer("Id");
    seen.set(id, [...seen.get(id) ?? [], fields.text("State", /^/)]);
    if (stream !== null) await assertRejects(() => readAll(stream), StreamResetError);
  }
  assertEquals([...seen.values()], controls.map(() => ["CALL", "CANCEL"]));
  for (const id of seen.keys()) {
    await peer.send({ State: "RESULT", Id: id, Status: "Failed", Code: "cancelled" });
  }
  await desk.drain();
});
