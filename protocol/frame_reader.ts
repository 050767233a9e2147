/**
 * Receives the frames of one direction: several are opened at a time, all are handed on in order.
 *
 * @module
 */
import { type Bytes, readUint32 } from "./bytes.ts";
import { ConnectionError } from "./errors.ts";
import { checkSealedLength } from "./frame.ts";
import {
  FRAME_HEADER_BYTES,
  FRAME_TIMEOUT_MS,
  FRAMES_IN_FLIGHT,
  MAX_SEALED_BYTES,
} from "./limits.ts";
import type { Link } from "./link.ts";
import type { FrameOpener } from "./sealing.ts";

/** The options of a {@linkcode FrameReader}. */
export interface FrameReaderOptions {
  /** When a frame is due after its first byte. @default {FRAME_TIMEOUT_MS} */
  readonly frameTimeoutMs?: number;
}

/** Reads frames from a link and opens them. */
export class FrameReader {
  readonly #link: Link;
  readonly #opener: FrameOpener;
  readonly #frameTimeoutMs: number;

  /** Reads from the link what the opener opens. */
  constructor(link: Link, opener: FrameOpener, options: FrameReaderOptions = {}) {
    this.#link = link;
    this.#opener = opener;
    this.#frameTimeoutMs = options.frameTimeoutMs ?? FRAME_TIMEOUT_MS;
  }

  /**
   * Reads and opens one frame.
   *
   * @returns Its plaintext, or `null` where the stream ends between frames.
   * @throws {ProtocolError} `frame-too-large`, `frame-malformed`, `open-failed`.
   * @throws {ConnectionError} `truncated`, `timed-out`.
   */
  async read(maxSealedBytes: number): Promise<Bytes | null> {
    const sealed = await this.#readSealed(maxSealedBytes);
    return sealed === null ? null : await this.#opener.open(sealed);
  }

  /**
   * Hands on every frame, in order, until the stream ends; opens up to eight at a time.
   *
   * @param take Must not block for long: no other frame is handed on before it returns.
   * @param onFailure Is told what a frame or `take` threw, and must fail the link in the end.
   */
  async forEach(
    take: (plaintext: Bytes) => void,
    onFailure: (error: unknown) => void,
  ): Promise<void> {
    const opening: { readonly opened: Promise<Bytes>; readonly taken: Promise<void> }[] = [];
    let tail: Promise<void> = Promise.resolve();
    try {
      for (;;) {
        const sealed = await this.#readSealed(MAX_SEALED_BYTES);
        if (sealed === null) break;
        const opened = this.#opener.open(sealed);
        opened.catch(() => {});
        tail = tail.then(async () => take(await opened));
        tail.catch(onFailure);
        opening.push({ opened, taken: tail });
        if (opening.length >= FRAMES_IN_FLIGHT) await opening.shift()?.taken;
      }
    } finally {
      // What came before the end, or before the failure, counts first: it may say why.
      await Promise.allSettled(opening.map(({ opened }) => opened));
      await tail;
    }
  }

  async #readSealed(maxSealedBytes: number): Promise<Bytes | null> {
    let disarm: (() => void) | null = null;
    const arm = () => {
      disarm ??= this.#link.deadline(this.#frameTimeoutMs, "a frame of the peer");
    };
    // Most frames are here already when they are asked for, and need no timer at all.
    this.#link.onBytes = arm;
    const begun = this.#link.buffered;
    if (begun > 0 && begun < FRAME_HEADER_BYTES) arm();
    try {
      const header = await this.#link.readExactly(FRAME_HEADER_BYTES);
      if (header === null) return null;
      const sealedBytes = readUint32(header, 0);
      checkSealedLength(sealedBytes, maxSealedBytes);
      if (this.#link.buffered < sealedBytes) arm();
      const sealed = await this.#link.readExactly(sealedBytes);
      if (sealed === null) {
        throw new ConnectionError("truncated", "the connection ended within a frame");
      }
      return sealed;
    } finally {
      this.#link.onBytes = null;
      (disarm as (() => void) | null)?.();
    }
  }
}
