import { MAX_WAITING_PROGRESS } from "../../../agent/limits.ts";
import { ProgressPump } from "../../../agent/plugins/progress_pump.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("ProgressPump sends one after the other, and all that has its place", async () => {
  const sent: unknown[] = [];
  let open = 0;
  const pump = new ProgressPump(async (output) => {
    assertEquals(++open, 1);
    await Promise.resolve();
    open--;
    sent.push(output);
  });
  for (let i = 0; i < 5; i++) pump.push(i);
  await pump.drain();
  pump.push("late");
  await pump.drain();
  assertEquals(sent, [0, 1, 2, 3, 4, "late"]);
});

Deno.test("ProgressPump leaves out the oldest where a keeper takes nothing", async () => {
  const sent: unknown[] = [];
  const pump = new ProgressPump((output) => Promise.resolve(void sent.push(output)));
  const said = Array.from({ length: MAX_WAITING_PROGRESS * 3 }, (_, i) => i);
  for (const output of said) pump.push(output);
  await pump.drain();
  assertEquals(sent, said.slice(-MAX_WAITING_PROGRESS));
});

Deno.test("ProgressPump goes on after what cannot be sent", async () => {
  const sent: unknown[] = [];
  const pump = new ProgressPump((output) => {
    if (output === "bad") throw new RangeError("it is too large");
    return Promise.resolve(void sent.push(output));
  });
  for (const output of ["a", "bad", "b"]) pump.push(output);
  await pump.drain();
  assertEquals(sent, ["a", "b"]);
});
