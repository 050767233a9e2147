/**
 * Writes down what an adversary sends, so that it can be played back without one.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type { Wire } from "./adversary.ts";

/** A wire to nobody. */
export class Recorder implements Wire {
  /** What was sent, waited for and ended, in the steps that play it back. */
  readonly steps: string[] = [];

  /** Writes bytes down. */
  send(bytes: Uint8Array): void {
    this.steps.push(`bytes ${(bytes as Buffer).toString("hex")}`);
  }

  /** Writes the end down. */
  end(): void {
    this.steps.push("end");
  }

  /** Writes a wait down. */
  wait(frames: number): Promise<void> {
    this.steps.push(`wait ${frames}`);
    return Promise.resolve();
  }

  /** Nobody answers. */
  line(): Promise<Buffer> {
    return Promise.reject(new Error("a recorded peer reads nothing"));
  }

  /** Nobody answers. */
  frame(): Promise<Buffer> {
    return Promise.reject(new Error("a recorded peer reads nothing"));
  }
}
