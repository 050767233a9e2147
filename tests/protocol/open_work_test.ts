import { delay } from "../../protocol/delay.ts";
import { OpenWork } from "../../protocol/open_work.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

Deno.test("OpenWork.run returns what the work does, and throws what it throws", async () => {
  const work = new OpenWork("the test");
  assertEquals(await work.run(undefined, () => Promise.resolve(3)), 3);
  await assertRejects(
    () => work.run(undefined, () => Promise.reject(new TypeError("x"))),
    TypeError,
  );
  assertEquals(work.count, 0);
});

Deno.test("OpenWork.run ends work with the reason of its own signal", async () => {
  const work = new OpenWork("the test");
  const control = new AbortController();
  const [one, two] = [control.signal, undefined].map((signal) => {
    return work.run(signal, (ours) => delay(60_000, ours)).catch((error) => error);
  });
  const reason = new RangeError("enough");
  control.abort(reason);
  assertEquals([await one, work.count], [reason, 1]);
  assertEquals(await work.run(control.signal, (ours) => Promise.resolve(ours.reason)), reason);
  await work.end();
  assertEquals((await two).name, "AbortError");
});

Deno.test("OpenWork.end waits for all that is under way, and lets nothing begin", async () => {
  const work = new OpenWork("the test");
  const steps: string[] = [];
  const running = work.run(undefined, async (signal) => {
    await delay(60_000, signal).catch(() => {});
    await Promise.resolve();
    steps.push("work");
  });
  await work.end();
  steps.push("end");
  await running;
  assertEquals(steps, ["work", "end"]);
  const late = () => work.run(undefined, () => Promise.resolve());
  assertEquals(await late().catch((error) => error.message), "the test was disposed of");
  await work.end();
});
