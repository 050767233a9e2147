/**
 * What a person types or another program sends: lines, hidden lines, and whole inputs.
 *
 * @module
 */
import { type Bytes, concatBytes, decodeUtf8 } from "../bytes.ts";
import { ConfigError } from "../errors.ts";
import { StopRequested } from "./shutdown.ts";
import type { TextOutput } from "./terminal.ts";

/** How to wait for input. */
export interface ReadOptions {
  /** Ends the wait; its reason is thrown, and a terminal is as it was. */
  readonly signal?: AbortSignal;
}

/** Where a program reads from: a terminal, a pipe, a file, or memory in a test. */
export interface TextInput {
  /** Whether a person can be asked. */
  readonly isTerminal: boolean;
  /**
   * Asks for a line, or takes the next one where nobody can be asked; the prompt is shown to a person
   * alone.
   *
   * @returns The line without its end, or `null` where the input has ended.
   * @throws {ConfigError} for a line that is too long or is no UTF-8.
   */
  readLine(prompt: string, options?: ReadOptions): Promise<string | null>;
  /**
   * Asks for a line as {@linkcode TextInput.readLine} does, and does not show what is typed.
   *
   * @throws {StopRequested} at Ctrl-C, which sends no signal meanwhile.
   */
  readHidden(prompt: string, options?: ReadOptions): Promise<string | null>;
  /**
   * Takes all the rest.
   *
   * @throws {ConfigError} where it has more bytes than `maxBytes`.
   */
  readAll(options: ReadAllOptions): Promise<Bytes>;
}

/** How to read a whole input. */
export interface ReadAllOptions extends ReadOptions {
  /** The size in bytes beyond which the input is refused. */
  readonly maxBytes: number;
}

/** The part of standard input that is used. */
export interface InputStream {
  /** Reads some bytes into the buffer; `null` at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Whether it is a terminal. */
  isTerminal(): boolean;
  /** Takes every key as it is pressed and shows none, or goes back to lines. */
  setRaw(mode: boolean): void;
}

const MAX_LINE_BYTES = 4_096;
const CHUNK_BYTES = 4_096;

const INTERRUPT = 0x03;
const END_OF_INPUT = 0x04;
const BACKSPACE = 0x08;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const KILL_LINE = 0x15;
const ESCAPE = 0x1b;
const FIRST_PRINTABLE = 0x20;
const DELETE = 0x7f;

/** Makes an input of standard input; prompts go to the other stream. */
export function streamInput(stream: InputStream, prompts: TextOutput): TextInput {
  return new StreamInput(stream, prompts);
}

class StreamInput implements TextInput {
  readonly isTerminal: boolean;
  readonly #stream: InputStream;
  readonly #prompts: TextOutput;
  /** What was read and not yet taken. */
  #rest: Bytes = new Uint8Array();
  /** A read that somebody stopped waiting for; the next one takes what it brings. */
  #pending: Promise<Bytes | null> | null = null;
  #hasEnded = false;

  constructor(stream: InputStream, prompts: TextOutput) {
    this.#stream = stream;
    this.#prompts = prompts;
    this.isTerminal = stream.isTerminal();
  }

  async readLine(prompt: string, options: ReadOptions = {}): Promise<string | null> {
    options.signal?.throwIfAborted();
    if (this.isTerminal) await this.#prompts.write(prompt);
    const line: number[] = [];
    for (;;) {
      const byte = await this.#next(options.signal);
      if (byte === null && line.length === 0) return null;
      if (byte === LINE_FEED && this.isTerminal) this.#prompts.area?.endLine();
      if (byte === null || byte === LINE_FEED) break;
      line.push(byte);
      checkLength(line);
    }
    if (line.at(-1) === CARRIAGE_RETURN) line.pop();
    return takeText(line);
  }

  async readHidden(prompt: string, options: ReadOptions = {}): Promise<string | null> {
    if (!this.isTerminal) return await this.readLine(prompt, options);
    options.signal?.throwIfAborted();
    // Whoever answers at once is not shown either.
    this.#stream.setRaw(true);
    try {
      await this.#prompts.write(prompt);
      return await this.#readKeys(options.signal);
    } finally {
      this.#stream.setRaw(false);
      await this.#prompts.write("\n");
    }
  }

  async readAll(options: ReadAllOptions): Promise<Bytes> {
    const { signal, maxBytes } = options;
    signal?.throwIfAborted();
    const chunks = [this.#rest];
    let size = this.#rest.length;
    this.#rest = new Uint8Array();
    while (size <= maxBytes && await this.#fill(signal)) {
      chunks.push(this.#rest);
      size += this.#rest.length;
      this.#rest = new Uint8Array();
    }
    const whole = concatBytes(...chunks);
    for (const chunk of chunks) chunk.fill(0);
    if (size <= maxBytes) return whole;
    whole.fill(0);
    throw new ConfigError(`standard input has over ${maxBytes} bytes`);
  }

  /** Reads keys until one ends the line, as a terminal would edit it. */
  async #readKeys(signal: AbortSignal | undefined): Promise<string | null> {
    const line: number[] = [];
    for (;;) {
      const key = await this.#next(signal);
      if (key === null || key === END_OF_INPUT) return line.length === 0 ? null : takeText(line);
      if (key === LINE_FEED || key === CARRIAGE_RETURN) return takeText(line);
      if (key === INTERRUPT) {
        line.fill(0);
        throw new StopRequested("SIGINT");
      }
      if (key === KILL_LINE) line.length = 0;
      else if (key === BACKSPACE || key === DELETE) dropCharacter(line);
      else if (key === ESCAPE) this.#skipSequence();
      else if (key >= FIRST_PRINTABLE) line.push(key);
      checkLength(line);
    }
  }

  /** Skips what an arrow key sends; a lone Escape is followed by nothing yet. */
  #skipSequence(): void {
    const text = String.fromCharCode(...this.#rest.subarray(0, 16));
    const length = /^(?:\[[0-9;]*[@-~]|O[A-Z])/.exec(text)?.[0].length ?? 0;
    this.#rest = this.#rest.subarray(length);
  }

  async #next(signal: AbortSignal | undefined): Promise<number | null> {
    if (this.#rest.length === 0 && !await this.#fill(signal)) return null;
    const [byte = 0] = this.#rest;
    this.#rest[0] = 0;
    this.#rest = this.#rest.subarray(1);
    return byte;
  }

  /** Waits for more; `false` where the input has ended. */
  async #fill(signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#hasEnded) return false;
    this.#pending ??= this.#readChunk();
    const chunk = await unlessAborted(this.#pending, signal);
    this.#pending = null;
    // A terminal goes on after Ctrl-D; everything else has ended for good.
    if (chunk === null) this.#hasEnded = !this.isTerminal;
    this.#rest = chunk ?? new Uint8Array();
    return chunk !== null;
  }

  async #readChunk(): Promise<Bytes | null> {
    const buffer = new Uint8Array(CHUNK_BYTES);
    const length = await this.#stream.read(buffer);
    return length === null ? null : buffer.subarray(0, length);
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise<T>((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

function checkLength(line: number[]): void {
  if (line.length <= MAX_LINE_BYTES) return;
  line.fill(0);
  throw new ConfigError(`a line of standard input has over ${MAX_LINE_BYTES} bytes`);
}

function takeText(line: number[]): string {
  const bytes = Uint8Array.from(line);
  line.fill(0);
  try {
    return decodeUtf8(bytes);
  } catch {
    throw new ConfigError("a line of standard input is no UTF-8");
  } finally {
    bytes.fill(0);
  }
}

/** Takes the last character away, which may be several bytes. */
function dropCharacter(line: number[]): void {
  while (((line.pop() ?? 0) & 0xc0) === 0x80) {
    // A byte that continues a character; the one that begins it goes too.
  }
}
