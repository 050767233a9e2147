import { CallError } from "../../../../protocol/mod.ts";
import { assert, assertEquals, assertMatch } from "../../../support/assert.ts";
import { jsonLines } from "../../../support/followed_process.ts";
import { openPushedFleet, SIGNATURE } from "./pushed_fleet.ts";

const PUT = { Name: "greeter", Version: "1.0.0", State: "running", IsUnchanged: false };

Deno.test("pushPlugin sends a package with the signature beside it to every agent", async () => {
  const before = { ...PUT, IsUnchanged: true };
  await using fleet = await openPushedFleet({ "plugin-put": PUT }, { "plugin-put": before });
  const path = await fleet.write();
  const { size } = await Deno.stat(path);
  const { code, stdout, stderr } = await fleet.plugin("push", path);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /\(shop\/c1\): put in place, running\n/);
  assertMatch(stdout, /\(shop\/c2\): had it already, running\n/);
  assertMatch(stdout, /\ngreeter 1\.0\.0: 2 of 2 agents have it\n$/);
  const sent = ["plugin-put", { Signature: SIGNATURE, Size: size }, size];
  assertEquals(fleet.asked, [sent, sent]);
});

Deno.test("pushPlugin sends it to the agents alone that are meant", async () => {
  await using fleet = await openPushedFleet({ "plugin-put": PUT }, { "plugin-put": PUT });
  const { code, stdout } = await fleet.plugin("push", await fleet.write(), "--only", "shop/c2");
  assertEquals([code, fleet.asked.length], [0, 1]);
  assertMatch(stdout, /^\S+ \(shop\/c2\): .*\n.*1 of 1 agent/);
});

Deno.test("pushPlugin says why an agent does not take it, with status 1", async () => {
  const refusal = new CallError("permission-exceeds", "hunter2");
  await using fleet = await openPushedFleet({ "plugin-put": PUT }, { "plugin-put": refusal }, {});
  const path = await fleet.write();
  const { code, stdout } = await fleet.plugin("push", path);
  assertEquals(code, 1);
  assertMatch(stdout, /\(shop\/c2\): failed\s+\(permission-exceeds\):\s+it\s+asks\s+for\s+more/);
  assertMatch(stdout, /\(shop\/c3\): failed\s+\(unknown-action\).*--allow-plugins/s);
  assert(!stdout.includes("hunter2"), stdout);
  const lines = jsonLines((await fleet.plugin("push", path, "--json")).stdout)
    .sort((a, b) => `${a.component ?? "z"}` < `${b.component ?? "z"}` ? -1 : 1);
  assertEquals(lines.map(({ type, outcome, code, state }) => [type, outcome, code, state]), [
    ["plugin-push", "answered", undefined, "running"],
    ["plugin-push", "failed", "permission-exceeds", undefined],
    ["plugin-push", "failed", "unknown-action", undefined],
    ["plugin-pushes", undefined, undefined, undefined],
  ]);
});

Deno.test("pushPlugin has status 2 where no agent takes plugins", async () => {
  await using fleet = await openPushedFleet({});
  assertEquals((await fleet.plugin("push", await fleet.write())).code, 2);
});

Deno.test("pushPlugin refuses before anybody is dialled what is no plugin of agents, or not signed", async () => {
  await using fleet = await openPushedFleet({ "plugin-put": PUT });
  const cases: readonly (readonly [string, RegExp])[] = [
    [await fleet.write({ side: "keeper" }), /is a plugin of the keeper, and not of agents/],
    [fleet.path("nothing"), /there is no file/],
  ];
  for (const [path, message] of cases) {
    const { code, stderr } = await fleet.plugin("push", path);
    assertEquals(code, 2);
    assertMatch(stderr, message);
  }
  const path = await fleet.write();
  await Deno.remove(`${path}.sig`);
  const unsigned = await fleet.plugin("push", path);
  assertEquals(unsigned.code, 2);
  assertMatch(unsigned.stderr, /is not signed, and this keeper has no key/);
  await Deno.writeTextFile(`${path}.sig`, "no signature");
  assertEquals((await fleet.plugin("push", path)).code, 2);
  await Deno.writeTextFile(path, "no package");
  assertEquals((await fleet.plugin("push", path)).code, 2);
  assertEquals(fleet.asked, []);
});

Deno.test("pushPlugin makes harmless what an agent answers", async () => {
  const answer = { State: "\u001b[31mrunning\n" };
  await using fleet = await openPushedFleet({ "plugin-put": answer }, { "plugin-put": null });
  const { stdout } = await fleet.plugin("push", await fleet.write());
  assert(!stdout.includes("\u001b"), JSON.stringify(stdout));
  assertMatch(stdout, /\(shop\/c2\): put in place, -\n/);
});
