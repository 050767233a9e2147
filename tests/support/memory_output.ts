/** A program's output that a test can read. */
import type { TextOutput } from "../../protocol/host/mod.ts";

/** Keeps what is written in memory. */
export class MemoryOutput implements TextOutput {
  readonly isTerminal: boolean;
  readonly hasColour: boolean;
  readonly width = 80;
  /** What was written so far. */
  text = "";

  constructor(options: { readonly isTerminal?: boolean; readonly hasColour?: boolean } = {}) {
    this.isTerminal = options.isTerminal ?? false;
    this.hasColour = options.hasColour ?? false;
  }

  write(text: string): Promise<void> {
    this.text += text;
    return Promise.resolve();
  }
}
