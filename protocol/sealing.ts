/**
 * Sealing and opening frames with AES-256-GCM (spec, section 5).
 *
 * Web Crypto works beside the event loop, so several frames of a direction are sealed, or opened, at
 * a time; their numbers are taken in order, at once, when the work begins.
 *
 * @module
 */
import { type Bytes, writeUint32 } from "./bytes.ts";
import { ProtocolError } from "./errors.ts";
import type { DirectionKeys } from "./key_schedule.ts";
import { FRAME_HEADER_BYTES, TAG_BYTES } from "./limits.ts";
import { FrameCounter, frameNonce } from "./nonce.ts";

/** Lets go of memory now instead of when the collector gets to it. */
export function releaseMemory(bytes: Uint8Array): void {
  const buffer = bytes.buffer;
  // Node.js 20 has no transfer; there the collector has to do.
  if (buffer instanceof ArrayBuffer && typeof buffer.transfer === "function") buffer.transfer(0);
}

/** Returns the 4 bytes in front of a sealed frame: its length, which is also authenticated. */
function sealedHeader(sealedBytes: number): Bytes {
  const header = new Uint8Array(FRAME_HEADER_BYTES);
  writeUint32(header, { offset: 0, value: sealedBytes });
  return header;
}

/** Seals the frames of one direction. */
export class FrameSealer {
  readonly #keys: DirectionKeys;
  readonly #counter: FrameCounter;

  /** Takes over the keys of the direction. */
  constructor(keys: DirectionKeys, counter: FrameCounter = new FrameCounter()) {
    this.#keys = keys;
    this.#counter = counter;
  }

  /**
   * Seals a plaintext as the next frame; the number is taken before this returns.
   *
   * @returns The frame as it goes on the wire: length, ciphertext, tag.
   */
  async seal(plaintext: Bytes): Promise<Bytes> {
    const { epoch, counter } = this.#counter.take();
    const { key, iv } = await this.#keys.epoch(epoch);
    const additionalData = sealedHeader(plaintext.length + TAG_BYTES);
    const parameters = { name: "AES-GCM", iv: frameNonce(iv, counter), additionalData };
    const sealed = new Uint8Array(await crypto.subtle.encrypt(parameters, key, plaintext));
    releaseMemory(plaintext);
    const frame = new Uint8Array(FRAME_HEADER_BYTES + sealed.length);
    frame.set(additionalData);
    frame.set(sealed, FRAME_HEADER_BYTES);
    releaseMemory(sealed);
    return frame;
  }
}

/** Opens the frames of one direction. */
export class FrameOpener {
  readonly #keys: DirectionKeys;
  readonly #counter: FrameCounter;

  /** Takes over the keys of the direction. */
  constructor(keys: DirectionKeys, counter: FrameCounter = new FrameCounter()) {
    this.#keys = keys;
    this.#counter = counter;
  }

  /**
   * Opens the next frame; the number is taken before this returns.
   *
   * @param sealed Ciphertext and tag, in memory of their own, which is let go.
   * @throws {ProtocolError} `open-failed`, whatever the reason.
   */
  async open(sealed: Bytes): Promise<Bytes> {
    const { epoch, counter } = this.#counter.take();
    const { key, iv } = await this.#keys.epoch(epoch);
    const additionalData = sealedHeader(sealed.length);
    const parameters = { name: "AES-GCM", iv: frameNonce(iv, counter), additionalData };
    try {
      return new Uint8Array(await crypto.subtle.decrypt(parameters, key, sealed));
    } catch {
      throw new ProtocolError("open-failed", "a frame of the peer does not open");
    } finally {
      releaseMemory(sealed);
    }
  }
}
