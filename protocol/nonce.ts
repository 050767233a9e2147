/**
 * The counter of one direction: each frame has a number, each number a nonce, none twice (spec,
 * section 4).
 *
 * @module
 */
import type { Bytes } from "./bytes.ts";
import { ProtocolError } from "./errors.ts";
import { FRAMES_PER_EPOCH, IV_BYTES, MAX_FRAMES } from "./limits.ts";

/** Where a frame stands in its direction. */
export interface FramePosition {
  /** Which key seals it. */
  readonly epoch: number;
  /** Its number under that key, from 0. */
  readonly counter: number;
}

/** Numbers the frames of one direction. */
export class FrameCounter {
  #next: number;

  /** Starts at frame 0, or, for a test, at another. */
  constructor(first: number = 0) {
    this.#next = first;
  }

  /**
   * Takes the next number.
   *
   * @throws {ProtocolError} `counter-exhausted` rather than ever counting past 2^48.
   */
  take(): FramePosition {
    if (this.#next >= MAX_FRAMES) {
      throw new ProtocolError("counter-exhausted", "the session has used up its frames");
    }
    const number = this.#next++;
    return { epoch: Math.floor(number / FRAMES_PER_EPOCH), counter: number % FRAMES_PER_EPOCH };
  }
}

/** Mixes a counter into the initial vector: the 12-byte nonce of one frame. */
export function frameNonce(iv: Bytes, counter: number): Bytes {
  if (iv.length !== IV_BYTES) throw new RangeError(`an initial vector has ${IV_BYTES} bytes`);
  const nonce = iv.slice();
  const view = new DataView(nonce.buffer);
  // The counter stays below 2^16, so that its upper 32 bits are always 0.
  view.setUint32(8, (view.getUint32(8) ^ counter) >>> 0);
  return nonce;
}
