/**
 * Cuts a stream of bytes into lines, without ever keeping more than one.
 *
 * @module
 */
import type { Bytes } from "../../../protocol/mod.ts";

const NEWLINE = 0x0a;

/** A line of a stream. */
export interface SplitLine {
  /** The line without its end; `null` where it is too long, and then it is the last one given. */
  readonly bytes: Bytes | null;
  /** Whether it has an end: only the last one may have none. */
  readonly isEnded: boolean;
}

/** Cuts bytes at each LF; what follows the last one is a line only where there is something. */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<SplitLine, void, undefined> {
  let waiting: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      const piece = chunk.slice(start, end < 0 ? undefined : end);
      waiting.push(piece);
      length += piece.length;
      if (length > maxBytes) {
        yield { bytes: null, isEnded: end >= 0 };
        return;
      }
      if (end < 0) break;
      yield { bytes: join(waiting, length), isEnded: true };
      waiting = [];
      length = 0;
      start = end + 1;
    }
  }
  if (length > 0) yield { bytes: join(waiting, length), isEnded: false };
}

function join(pieces: readonly Uint8Array[], length: number): Bytes {
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const piece of pieces) {
    joined.set(piece, offset);
    offset += piece.length;
  }
  return joined;
}
