/** A program's input that a test made up. */
import { type Bytes, encodeUtf8 } from "../../protocol/bytes.ts";
import type { ReadAllOptions, ReadOptions, TextInput } from "../../protocol/host/mod.ts";

/** Gives the lines that a test has for it, each to whoever asks next. */
export class MemoryInput implements TextInput {
  readonly isTerminal: boolean;
  /** The prompts that were shown, hidden ones with `(hidden) ` before them. */
  readonly prompts: string[] = [];
  readonly #lines: string[];

  constructor(lines: readonly string[] = [], options: { readonly isTerminal?: boolean } = {}) {
    this.#lines = [...lines];
    this.isTerminal = options.isTerminal ?? false;
  }

  readLine(prompt: string, options: ReadOptions = {}): Promise<string | null> {
    if (options.signal?.aborted) return Promise.reject(options.signal.reason);
    this.prompts.push(prompt);
    return Promise.resolve(this.#lines.shift() ?? null);
  }

  readHidden(prompt: string, options: ReadOptions = {}): Promise<string | null> {
    return this.readLine(`(hidden) ${prompt}`, options);
  }

  readAll(_options: ReadAllOptions): Promise<Bytes> {
    return Promise.resolve(encodeUtf8(this.#lines.splice(0).map((line) => `${line}\n`).join("")));
  }
}
