import { WriteBatches } from "../../../protocol/host/write_batches.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("WriteBatches writes together what comes in one turn, and what comes while it writes", async () => {
  const batches: string[][] = [];
  const gate = Promise.withResolvers<void>();
  const writes = new WriteBatches<string, number>(async (batch) => {
    batches.push(batch.map(({ item }) => item));
    if (batches.length === 1) await gate.promise;
    return batches.length;
  });
  const first = [writes.add("a"), writes.add("b")];
  await Promise.resolve();
  await Promise.resolve();
  const second = [writes.add("c"), writes.add("d")];
  gate.resolve();
  assertEquals(await Promise.all([...first, ...second]), [1, 1, 2, 2]);
  assertEquals(batches, [["a", "b"], ["c", "d"]]);
});

Deno.test("WriteBatches ends one item alone, or all of a batch, and goes on", async () => {
  const writes = new WriteBatches<string, string>((batch) => {
    if (batch.some(({ item }) => item === "bad batch")) throw new Error("disk full");
    batch.find(({ item }) => item === "bad item")?.reject(new Error("not this one"));
    return Promise.resolve("written");
  });
  const endsOf = async (items: readonly string[]) => {
    const settled = await Promise.allSettled(items.map((item) => writes.add(item)));
    return settled.map((end) => end.status === "fulfilled" ? end.value : end.reason.message);
  };
  assertEquals(await endsOf(["good", "bad item"]), ["written", "not this one"]);
  assertEquals(await endsOf(["good", "bad batch"]), ["disk full", "disk full"]);
  assertEquals(await endsOf(["good"]), ["written"]);
});
