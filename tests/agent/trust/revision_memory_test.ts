import { RevisionMemory } from "../../../agent/trust/revision_memory.ts";
import { assertEquals } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";

type Saved = (readonly (readonly [string, number])[])[];

Deno.test("RevisionMemory tells the highest revision of each signer", async () => {
  const memory = new RevisionMemory({ known: [["a", 5]] });
  assertEquals([memory.of("a"), memory.of("b")], [5, 0]);
  await memory.raise("a", 7);
  await memory.raise("b", 2);
  assertEquals([memory.of("a"), memory.of("b")], [7, 2]);
});

Deno.test("RevisionMemory saves what is new, and nothing else", async () => {
  const saved: Saved = [];
  const save = (known: Saved[number]) => Promise.resolve(void saved.push(known));
  const memory = new RevisionMemory({ known: [["a", 5]], save });
  await memory.raise("a", 5);
  await memory.raise("a", 4);
  assertEquals([memory.of("a"), saved], [5, []]);
  await memory.raise("b", 1);
  await memory.raise("a", 6);
  assertEquals(saved, [[["a", 5], ["b", 1]], [["b", 1], ["a", 6]]]);
});

Deno.test("RevisionMemory has saved a revision when raise resolves", async () => {
  const saving = Promise.withResolvers<void>();
  const memory = new RevisionMemory({ save: () => saving.promise });
  let isRaised = false;
  const raising = memory.raise("a", 1).then(() => isRaised = true);
  await Promise.resolve();
  assertEquals(isRaised, false);
  saving.resolve();
  await raising;
});

Deno.test("RevisionMemory goes on in memory where it cannot save, says so, and tries again", async () => {
  const logger = new MemoryLogger();
  const saved: Saved = [];
  const save = (known: Saved[number]) => {
    saved.push(known);
    return saved.length === 1 ? Promise.reject(new Error("the disk is full")) : Promise.resolve();
  };
  const memory = new RevisionMemory({ save, logger });
  await memory.raise("a", 3);
  assertEquals(memory.of("a"), 3);
  await memory.raise("a", 2);
  await memory.raise("a", 3);
  assertEquals(saved, [[["a", 3]], [["a", 3]]]);
  assertEquals(logger.events.map(({ properties }) => properties), [{ reason: "the disk is full" }]);
});

Deno.test("RevisionMemory forgets who was raised longest ago", async () => {
  const memory = new RevisionMemory({ known: [["a", 1], ["b", 1]], maxSigners: 2 });
  await memory.raise("a", 2);
  await memory.raise("c", 1);
  assertEquals([memory.of("a"), memory.of("b"), memory.of("c")], [2, 0, 1]);
});
