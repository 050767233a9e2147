/** Bytes in pieces, as a stream or a file would give them. */
import fc from "fast-check";

/** Sizes of pieces, used again and again until the bytes at hand are used up. */
export const SIZES: fc.Arbitrary<readonly number[]> = fc.oneof(
  fc.constant([1]),
  fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 12 }),
  fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 12 }),
);

/** Cuts bytes into pieces of these sizes; those that are 0 give empty pieces. */
export function cutInto(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  const usable = sizes.some((size) => size > 0) ? sizes : [1];
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = usable[i % usable.length] ?? 1;
    pieces.push(bytes.slice(at, at + size));
    at += size;
  }
  return pieces;
}

/** Gives the pieces one after another, each in the same memory, as a file that is read does. */
export async function* readPieces(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  const memory = new Uint8Array(Math.max(0, ...pieces.map(({ length }) => length)));
  for (const piece of pieces) {
    await Promise.resolve();
    memory.set(piece);
    yield memory.subarray(0, piece.length);
    memory.fill(0x2a);
  }
}
