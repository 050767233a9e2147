/**
 * What a service wrote, made fit to be shown, a piece at a time.
 *
 * @module
 */
import { sanitiseText } from "../../../protocol/host/mod.ts";

/** The options of a {@linkcode LogText}. */
export interface LogTextOptions {
  /** Whether what could move a cursor, colour or hide text is shown as an escape. */
  readonly isSafe: boolean;
  /** Names the agent in front of each line, where there are several; `null` where there is one. */
  readonly label: () => string | null;
}

/** The longest line that is held back until it ends, in characters. */
const MAX_LINE_LENGTH = 8_192;

/** Turns pieces of bytes into lines. */
export class LogText {
  readonly #options: LogTextOptions;
  readonly #decoder = new TextDecoder();
  #rest = "";

  /** Has read nothing yet. */
  constructor(options: LogTextOptions) {
    this.#options = options;
  }

  /** Returns the lines that are whole with these bytes; what is left waits for its end. */
  add(bytes: Uint8Array): string {
    return this.#take(this.#decoder.decode(bytes, { stream: true }));
  }

  /** Returns what is left, as a line. */
  end(): string {
    const text = this.#take(this.#decoder.decode());
    const rest = this.#rest;
    this.#rest = "";
    return rest === "" ? text : text + this.#format(rest);
  }

  #take(text: string): string {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    const whole = lines.map((line) => this.#format(line));
    // Whoever never ends a line is shown all the same.
    while (this.#rest.length > MAX_LINE_LENGTH) {
      whole.push(this.#format(this.#rest.slice(0, MAX_LINE_LENGTH)));
      this.#rest = this.#rest.slice(MAX_LINE_LENGTH);
    }
    return whole.join("");
  }

  #format(line: string): string {
    const { isSafe, label } = this.#options;
    const shown = isSafe ? sanitiseLine(line) : line;
    const name = label();
    return `${name === null ? "" : `${name}: `}${shown}\n`;
  }
}

/** A tab does no harm, and a return before the end of a line is a habit of some. */
function sanitiseLine(line: string): string {
  return line.replace(/\r$/, "").split("\t")
    .map((part) => sanitiseText(part, { maxLength: Infinity })).join("\t");
}
