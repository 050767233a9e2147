/**
 * The transport of a role under test: it hands the peer's bytes on whole, cut at random, or one by
 * one, and keeps everything that the role says.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Duplex } from "../../protocol/mod.ts";
import type { Wire } from "./adversary.ts";

/** How bytes are cut before the role gets them. */
export type Cut = "whole" | "random" | "bytes";

/** A wire to a role under test. */
export class CutWire implements Wire {
  /** The role's end. */
  readonly duplex: Duplex;
  readonly #cut: Cut;
  #toRole: ReadableStreamDefaultController<Uint8Array> | null = null;
  #waiting: Buffer[] = [];
  #said: Buffer = Buffer.alloc(0);
  #taken = 0;
  #isOver = false;
  #wake: (() => void)[] = [];
  #random = 7;

  /** Makes both directions in memory. */
  constructor(cut: Cut) {
    this.#cut = cut;
    const readable = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#toRole = controller;
      },
      cancel: () => this.#finish(),
    });
    const writable = new WritableStream<Uint8Array>({
      write: (chunk) => {
        this.#said = Buffer.concat([this.#said, chunk]);
        this.#notify();
      },
      close: () => this.#finish(),
      abort: () => this.#finish(),
    });
    this.duplex = { readable, writable };
  }

  #finish(): void {
    this.#isOver = true;
    this.#toRole = null;
    this.#notify();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const each of wake) each();
  }

  /** Hands on what was sent since the last time, in one piece or in many. */
  #flush(): void {
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    for (let at = 0; at < bytes.length;) {
      const length = this.#cut === "whole"
        ? bytes.length
        : this.#cut === "bytes"
        ? 1
        : this.#draw();
      this.#toRole?.enqueue(new Uint8Array(bytes.subarray(at, at + length)));
      at += length;
    }
  }

  #draw(): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    return 1 + (this.#random >>> 24);
  }

  /** Sends bytes to the role. */
  send(bytes: Uint8Array): void {
    this.#waiting.push(Buffer.from(bytes));
  }

  /** Ends the direction to the role. */
  end(): void {
    this.#flush();
    this.#toRole?.close();
    this.#toRole = null;
  }

  async #until<T>(find: () => T | null): Promise<T> {
    this.#flush();
    for (;;) {
      const found = find();
      if (found !== null) return found;
      if (this.#isOver) throw new Error("the role under test has ended");
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  /** Waits until the role has sent so many frames. */
  async wait(frames: number): Promise<void> {
    await this.#until(() => splitFrames(this.#said).length >= frames ? true : null);
  }

  /** The role's opening line. */
  async line(): Promise<Buffer> {
    return await this.#until(() => {
      const end = this.#said.indexOf(0x0a);
      if (end < 0) return null;
      this.#taken = end + 1;
      return this.#said.subarray(0, end + 1);
    });
  }

  /** The role's next frame. */
  async frame(): Promise<Buffer> {
    if (this.#taken === 0) await this.line();
    return await this.#until(() => {
      const rest = this.#said.subarray(this.#taken);
      const length = rest.length < 4 ? Infinity : 4 + rest.readUInt32BE();
      if (rest.length < length) return null;
      this.#taken += length;
      return rest.subarray(0, length);
    });
  }

  /** Hands on what is left, without an end. */
  flush(): void {
    this.#flush();
  }

  /** Every whole frame that the role has sent. */
  get frames(): Buffer[] {
    return splitFrames(this.#said);
  }

  /** The role's opening line with its newline, or what there is of it. */
  get openingLine(): Buffer {
    return this.#said.subarray(0, this.#said.indexOf(0x0a) + 1);
  }
}

function splitFrames(said: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  const line = said.indexOf(0x0a);
  if (line < 0) return frames;
  for (let at = line + 1; at + 4 <= said.length;) {
    const end = at + 4 + said.readUInt32BE(at);
    if (end > said.length) break;
    frames.push(said.subarray(at, end));
    at = end;
  }
  return frames;
}
