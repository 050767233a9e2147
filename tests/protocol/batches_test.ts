import fc from "fast-check";
import { cutBatches, isBatched, type NumberedFile } from "../../protocol/batches.ts";
import { MAX_BATCH_BYTES, MAX_BATCH_FILES } from "../../protocol/limits.ts";
import type { FileEntry } from "../../protocol/manifest_entry.ts";
import { assert, assertEquals } from "../support/assert.ts";

function fileOf(number: number, size: number): NumberedFile {
  const digest = "ab".repeat(32);
  const entry: FileEntry = {
    ...{ kind: "file", path: `${number}`, digest, size, mode: 0o600, strategy: "STRICT" },
  };
  return { number, entry };
}

function cut(sizes: readonly number[]): number[][] {
  const files = sizes.map((size, number) => fileOf(number, size));
  return [...cutBatches(files)].map((batch) => batch.map(({ number }) => number));
}

Deno.test("isBatched takes files of up to 64 KiB", () => {
  const sizes = [0, 1, 65_536, 65_537];
  assertEquals(sizes.map((size) => isBatched(fileOf(0, size).entry)), [true, true, true, false]);
});

Deno.test("cutBatches begins another batch behind 256 files, and before 256 KiB are exceeded", () => {
  assertEquals(cut([]), []);
  assertEquals(cut([65_536, 65_536, 65_536, 65_535, 1, 0, 1]), [[0, 1, 2, 3, 4, 5], [6]]);
  assertEquals(cut(new Array(257).fill(0)).map(({ length }) => length), [256, 1]);
});

Deno.test("cutBatches loses and moves no file, and makes no batch that is too large or too small", () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 65_536 }), { maxLength: 600, size: "max" });
  fc.assert(
    fc.property(sizes, (sizes) => {
      const batches = cut(sizes);
      assertEquals(batches.flat(), sizes.map((_, i) => i));
      for (const [i, batch] of batches.entries()) {
        const bytes = batch.reduce((sum, number) => sum + (sizes[number] ?? 0), 0);
        assert(batch.length >= 1 && batch.length <= MAX_BATCH_FILES && bytes <= MAX_BATCH_BYTES);
        const next = batches[i + 1]?.[0];
        const hasRoom = batch.length < MAX_BATCH_FILES &&
          bytes + (sizes[next ?? 0] ?? 0) <= MAX_BATCH_BYTES;
        assert(next === undefined || !hasRoom, "the next file had room");
      }
    }),
  );
});

Deno.test("cutBatches takes a file only when it is its turn", () => {
  let taken = 0;
  function* files() {
    for (let i = 0; i < 1_000; i++) {
      taken++;
      yield fileOf(i, 0);
    }
  }
  assertEquals(cutBatches(files()).next().value?.length, 256);
  assertEquals(taken, 257);
});
