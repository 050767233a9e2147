import { LineQueue } from "../../../protocol/host/line_queue.ts";
import { assertEquals } from "../../support/assert.ts";

const lostLine = (count: number) => `lost ${count}\n`;

Deno.test("LineQueue writes lines in order, those of one turn in one write", async () => {
  const writes: string[] = [];
  const queue = new LineQueue((text) => {
    writes.push(text);
    return Promise.resolve();
  }, { lostLine });
  queue.push("a\n");
  queue.push("b\n");
  await queue.close();
  queue.push("c\n");
  await queue.close();
  assertEquals(writes, ["a\nb\n", "c\n"]);
});

Deno.test("LineQueue loses lines beyond its bound and says how many", async () => {
  const gate = Promise.withResolvers<void>();
  const writes: string[] = [];
  const queue = new LineQueue(async (text) => {
    await gate.promise;
    writes.push(text);
  }, { lostLine, maxPendingCharacters: 4 });
  for (const line of ["a\n", "b\n", "c\n", "d\n"]) queue.push(line);
  gate.resolve();
  await queue.close();
  assertEquals(writes.join(""), "lost 2\na\nb\n");
});

Deno.test("LineQueue reports the first failure only, and what was lost once it works again", async () => {
  const failures: unknown[] = [];
  let isFull = true;
  let written = "";
  const queue = new LineQueue((text) => {
    if (isFull) return Promise.reject(new Error("full"));
    written += text;
    return Promise.resolve();
  }, { lostLine, onFailure: (error) => failures.push(error) });
  queue.push("a\n");
  await queue.close();
  queue.push("b\n");
  await queue.close();
  isFull = false;
  queue.push("c\n");
  await queue.close();
  assertEquals(failures.length, 1);
  assertEquals(written, "lost 2\nc\n");
});

Deno.test("LineQueue.close does not wait for a reader that has stopped for ever", async () => {
  const queue = new LineQueue(() => Promise.withResolvers<void>().promise, { lostLine });
  queue.push("a\n");
  await queue.close();
});
