import { MemoryWatch } from "../../../../../protocol/host/plugins/limits/memory_watch.ts";
import { assertEquals } from "../../../../support/assert.ts";

/** A process whose size the test sets; the watch looks when the test says so. */
function createWatch() {
  const process = { bytes: 1_000 };
  const watch = new MemoryWatch({
    residentBytes: () => process.bytes,
    slackBytes: 100,
    intervalMs: 1_000_000,
  });
  const stopped: string[] = [];
  const userOf = (name: string, maxBytes: number) => ({ maxBytes, stop: () => stopped.push(name) });
  return { process, watch, stopped, userOf };
}

Deno.test("MemoryWatch stops who is at work while the process grows beyond what they may take", () => {
  const { process, watch, stopped, userOf } = createWatch();
  const [one, other] = [userOf("one", 50), userOf("other", 30)];
  watch.begin(one);
  watch.begin(other);
  process.bytes = 1_180;
  watch.look();
  assertEquals(stopped, []);
  process.bytes = 1_181;
  watch.look();
  assertEquals(stopped, ["one", "other"]);
  watch.end(one);
  watch.end(other);
});

Deno.test("MemoryWatch leaves alone who is not at work", () => {
  const { process, watch, stopped, userOf } = createWatch();
  const user = userOf("one", 50);
  watch.begin(user);
  watch.begin(user);
  watch.end(user);
  watch.end(user);
  watch.end(user);
  process.bytes = 5_000;
  watch.look();
  assertEquals(stopped, []);
  // What was there before it began is not its own.
  watch.begin(user);
  watch.look();
  assertEquals(stopped, []);
  watch.end(user);
});

Deno.test("MemoryWatch counts from the least that the process had meanwhile", () => {
  const { process, watch, stopped, userOf } = createWatch();
  const user = userOf("one", 50);
  watch.begin(user);
  process.bytes = 500;
  watch.look();
  process.bytes = 651;
  watch.look();
  assertEquals(stopped, ["one"]);
  watch.end(user);
});
