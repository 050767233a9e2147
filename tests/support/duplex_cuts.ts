/** Transports that cut, record or tamper with the bytes that cross them. */
import type { Duplex } from "../../protocol/duplex.ts";

/** Says how many bytes the next piece has; called until the bytes at hand are used up. */
export type Cutter = () => number;

/** Cuts what arrives into pieces of the sizes that the cutter says; nothing is lost or moved. */
export function cutArrivals(duplex: Duplex, cutter: Cutter): Duplex {
  const cut = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller): void {
      for (let offset = 0; offset < chunk.length;) {
        const length = Math.max(1, cutter());
        controller.enqueue(chunk.slice(offset, offset + length));
        offset += length;
      }
    },
  });
  return { readable: duplex.readable.pipeThrough(cut), writable: duplex.writable };
}

/** Cuts what arrives into single bytes. */
export function cutIntoBytes(duplex: Duplex): Duplex {
  return cutArrivals(duplex, () => 1);
}

/** Takes what one write sends, the opening line or one frame, and says what leaves instead. */
export type Tampering = (bytes: Uint8Array, index: number) => readonly Uint8Array[];

/**
 * Puts a forger behind one end: what it writes passes through the tampering.
 *
 * Each end writes its opening line at once (index 0) and then one frame at a time (from index 1).
 */
export function tamperWrites(duplex: Duplex, tampering: Tampering): Duplex {
  const writer = duplex.writable.getWriter();
  writer.closed.catch(() => {});
  let index = 0;
  const writable = new WritableStream<Uint8Array>({
    async write(bytes): Promise<void> {
      for (const piece of tampering(bytes, index++)) await writer.write(piece);
    },
    close: () => writer.close(),
    abort: (reason) => writer.abort(reason),
  });
  return { readable: duplex.readable, writable };
}

/** Keeps a copy of every write of one end. */
export function recordWrites(duplex: Duplex, writes: Uint8Array[]): Duplex {
  return tamperWrites(duplex, (bytes) => {
    writes.push(bytes.slice());
    return [bytes];
  });
}

/** Flips one bit of a copy. */
export function flipBit(bytes: Uint8Array<ArrayBufferLike>, bit: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

/** Returns a stream of the given pieces that ends behind them. */
export function streamOf(...pieces: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller): void {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
}

/** Returns a transport of which the readable is given and the writable swallows everything. */
export function deafDuplex(readable: ReadableStream<Uint8Array>): Duplex {
  return { readable, writable: new WritableStream() };
}
