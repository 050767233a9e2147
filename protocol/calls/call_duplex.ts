/**
 * A call as a transport: whatever speaks over a duplex can be spoken over a call.
 *
 * @module
 */
import type { Duplex } from "../duplex.ts";
import { type ReceiveStream, RESET_CODE, type SendStream } from "../streams.ts";

/** A call as a transport: what is written goes to the action, what it writes can be read. */
export interface CallDuplex extends Duplex {
  /**
   * What the action answers in the end; may be left alone, however it ends.
   *
   * Rejects as {@linkcode CallDesk.call} does.
   */
  readonly result: Promise<unknown>;
  /** Cancels the call; further calls do nothing. */
  close(reason?: unknown): void;
}

/** Returns the bytes of a stream for whoever wants to keep them; cancelling gives the stream up. */
export function readableOf(stream: ReceiveStream): ReadableStream<Uint8Array> {
  const pieces = stream[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      const { done, value } = await pieces.next();
      if (done) return controller.close();
      // A piece is valid until the next one is asked for.
      controller.enqueue(value.slice());
    },
    async cancel(): Promise<void> {
      // The generator may wait for a piece: then it ends by what gives the stream up.
      stream.cancel();
      await pieces.return();
    },
  }, { highWaterMark: 0 });
}

/** Returns a place for the bytes of an open-ended stream; aborting it gives the stream up. */
export function writableOf(stream: SendStream): WritableStream<Uint8Array> {
  return new WritableStream<Uint8Array>({
    write: (bytes) => stream.write(bytes),
    close: () => stream.end(),
    abort: () => stream.reset(RESET_CODE.cancelled),
  });
}
