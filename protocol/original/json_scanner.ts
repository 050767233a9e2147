/**
 * Reads one JSON object out of a byte stream that is cut anywhere, and finds where it ends (spec,
 * section 2).
 *
 * The original ends a message in a newline or not, so a message ends where its object does. A member
 * that may be as long as a file is handed on in pieces; all others are kept, up to a limit.
 *
 * @module
 */
import { type Bytes, copyBytes, decodeUtf8, joinBytes } from "../bytes.ts";
import { ProtocolError } from "../errors.ts";
import { JsonStringDecoder } from "./json_string_decoder.ts";
import { MAX_MEMBERS_BYTES, MAX_NESTING } from "./limits.ts";

/** What a scanner finds, in the order of the bytes. */
export type ScanEvent =
  /** A member whose value is whole. */
  | { readonly kind: "member"; readonly name: string; readonly value: unknown }
  /** Some of the text of a streamed member, in UTF-8; it may be cut within a character. */
  | { readonly kind: "piece"; readonly name: string; readonly bytes: Uint8Array }
  /** A streamed member has ended; it was a text. */
  | { readonly kind: "text-end"; readonly name: string }
  /** The object has ended. */
  | { readonly kind: "end" };

/** The options of a {@linkcode JsonScanner}. */
export interface JsonScannerOptions {
  /** What is read, for the message of an error. */
  readonly what: string;
  /** The members whose text is handed on in pieces. @default {[]} */
  readonly streamed?: readonly string[];
  /**
   * Those of them that are plain letters, such as hex: handed on as they stand, for whoever takes
   * them to refuse what is none. @default {[]}
   */
  readonly letters?: readonly string[];
  /** How many bytes all else may have. @default {MAX_MEMBERS_BYTES} */
  readonly maxBytes?: number;
}

type State =
  | "start"
  | "name-or-end"
  | "name"
  | "colon"
  | "value"
  | "text"
  | "streamed"
  | "nested"
  | "scalar"
  | "comma-or-end"
  | "done";

const [BLANK, TAB, LF, CR] = [0x20, 0x09, 0x0a, 0x0d];
const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];

function isBlank(byte: number): boolean {
  return byte === BLANK || byte === LF || byte === CR || byte === TAB;
}

/** Takes the bytes of one object. */
export class JsonScanner {
  readonly #what: string;
  readonly #streamed: ReadonlySet<string>;
  readonly #letters: ReadonlySet<string>;
  readonly #maxBytes: number;
  #state: State = "start";
  #name = "";
  /** The raw text of the name or value that is being read. */
  #raw: Bytes[] = [];
  #keptBytes = 0;
  #isEscaped = false;
  #isInText = false;
  #depth = 0;
  /** Decodes the streamed text that is being read; `null` where its letters are handed on. */
  #decoder: JsonStringDecoder | null = null;
  #events: ScanEvent[] = [];

  /** Starts before the object. */
  constructor(options: JsonScannerOptions) {
    this.#what = options.what;
    this.#streamed = new Set(options.streamed ?? []);
    this.#letters = new Set(options.letters ?? []);
    this.#maxBytes = options.maxBytes ?? MAX_MEMBERS_BYTES;
  }

  /** Whether the object has ended. */
  get isDone(): boolean {
    return this.#state === "done";
  }

  /** Whether nothing of the object has come yet; blanks before it do not count. */
  get isFresh(): boolean {
    return this.#state === "start";
  }

  /**
   * Takes bytes.
   *
   * @returns What was found, and how many of the bytes belong to the object or stand before it.
   * @throws {ProtocolError} `message-malformed`.
   */
  feed(bytes: Uint8Array): { readonly events: readonly ScanEvent[]; readonly used: number } {
    this.#events = [];
    let at = 0;
    while (at < bytes.length && this.#state !== "done") at = this.#step(bytes, at);
    return { events: this.#events, used: at };
  }

  #fail(reason: string): never {
    throw new ProtocolError("message-malformed", `${this.#what} ${reason}`);
  }

  /** Goes on from one byte; returns the place of the next. */
  #step(bytes: Uint8Array, at: number): number {
    const byte = bytes[at] ?? 0;
    switch (this.#state) {
      case "name":
      case "text":
        return this.#readText(bytes, at);
      case "streamed":
        return this.#readStreamed(bytes, at);
      case "nested":
        return this.#readNested(bytes, at);
      case "scalar":
        return this.#readScalar(bytes, at);
      default:
        if (!isBlank(byte)) return this.#enter(bytes, at);
        return at + 1;
    }
  }

  /** Takes the byte that decides what follows. */
  #enter(bytes: Uint8Array, at: number): number {
    const byte = bytes[at] ?? 0;
    const isEnd = byte === CLOSE_BRACE;
    if (this.#state === "start" && byte === OPEN_BRACE) this.#state = "name-or-end";
    else if (this.#state === "name-or-end" && byte === QUOTE) return this.#begin("name", at, bytes);
    else if (this.#state === "colon" && byte === COLON) this.#state = "value";
    else if (this.#state === "value") return this.#beginValue(bytes, at);
    else if (this.#state === "comma-or-end" && byte === COMMA) this.#state = "name-or-end";
    else if (isEnd && (this.#state === "comma-or-end" || this.#isEmptySoFar())) this.#end();
    else this.#fail("is not a JSON object");
    return at + 1;
  }

  #isEmptySoFar(): boolean {
    return this.#state === "name-or-end" && this.#name === "";
  }

  #end(): void {
    this.#state = "done";
    this.#events.push({ kind: "end" });
  }

  #begin(state: "name" | "text", at: number, bytes: Uint8Array): number {
    this.#state = state;
    this.#isEscaped = false;
    this.#keep(bytes.subarray(at, at + 1));
    return at + 1;
  }

  #beginValue(bytes: Uint8Array, at: number): number {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE && this.#streamed.has(this.#name)) {
      this.#state = "streamed";
      const isPlain = this.#letters.has(this.#name);
      this.#decoder = isPlain ? null : new JsonStringDecoder(this.#what);
      return at + 1;
    }
    if (byte === QUOTE) return this.#begin("text", at, bytes);
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      this.#state = "nested";
      this.#depth = 0;
      this.#isInText = false;
      this.#isEscaped = false;
    } else {
      this.#state = "scalar";
    }
    return at;
  }

  #keep(bytes: Uint8Array): void {
    this.#keptBytes += bytes.length;
    if (this.#keptBytes > this.#maxBytes) this.#fail(`is longer than ${this.#maxBytes} bytes`);
    this.#raw.push(copyBytes(bytes));
  }

  /** Reads the raw text of a string up to its closing quote. */
  #readText(bytes: Uint8Array, start: number): number {
    let at = start;
    for (; at < bytes.length; at++) {
      const byte = bytes[at];
      if (this.#isEscaped) this.#isEscaped = false;
      else if (byte === BACKSLASH) this.#isEscaped = true;
      else if (byte === QUOTE) break;
    }
    const isWhole = at < bytes.length;
    this.#keep(bytes.subarray(start, isWhole ? at + 1 : at));
    if (!isWhole) return at;
    const text = this.#takeRaw();
    if (this.#state === "text") {
      this.#finishValue(text);
    } else {
      if (typeof text !== "string") this.#fail("has a name that is no text");
      // An empty name is none that anybody asks for, and stands for "no member yet" above.
      if (text === "") this.#fail("has an empty name");
      this.#name = text;
      this.#state = "colon";
    }
    return at + 1;
  }

  /** Reads a list or an object as raw text. */
  #readNested(bytes: Uint8Array, start: number): number {
    let at = start;
    do {
      const byte = bytes[at++] ?? 0;
      if (this.#isEscaped) this.#isEscaped = false;
      else if (this.#isInText) {
        if (byte === BACKSLASH) this.#isEscaped = true;
        else if (byte === QUOTE) this.#isInText = false;
      } else if (byte === QUOTE) this.#isInText = true;
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#depth++;
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) this.#depth--;
      if (this.#depth > MAX_NESTING) this.#fail("nests too deep");
    } while (at < bytes.length && this.#depth > 0);
    this.#keep(bytes.subarray(start, at));
    if (this.#depth === 0) this.#finishValue(this.#takeRaw());
    return at;
  }

  /** Reads a number, a truth value or null, which end where something else begins. */
  #readScalar(bytes: Uint8Array, start: number): number {
    let at = start;
    for (; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0;
      if (isBlank(byte) || byte === COMMA || byte === CLOSE_BRACE) break;
    }
    this.#keep(bytes.subarray(start, at));
    if (at < bytes.length) this.#finishValue(this.#takeRaw());
    return at;
  }

  #takeRaw(): unknown {
    const raw = joinBytes(this.#raw);
    this.#raw = [];
    let value: unknown;
    try {
      value = JSON.parse(decodeUtf8(raw));
    } catch {
      // The platform's message quotes the text, which may be secret: it is not kept as a cause.
      this.#fail("is not JSON in UTF-8");
    }
    if (typeof value === "string" && !value.isWellFormed()) this.#fail("holds a lone surrogate");
    return value;
  }

  #finishValue(value: unknown): void {
    this.#events.push({ kind: "member", name: this.#name, value });
    this.#state = "comma-or-end";
  }

  /** Hands on the text of a streamed member. */
  #readStreamed(bytes: Uint8Array, start: number): number {
    const take = (piece: Uint8Array) => {
      this.#events.push({ kind: "piece", name: this.#name, bytes: piece });
    };
    const decoder = this.#decoder;
    const { at, isEnd } = decoder === null
      ? readLetters(bytes, { start, take })
      : decoder.decode(bytes, { start, take });
    if (isEnd) {
      this.#events.push({ kind: "text-end", name: this.#name });
      this.#state = "comma-or-end";
    }
    return at;
  }
}

/** Hands on what stands before the closing quote, as it is. */
function readLetters(
  bytes: Uint8Array,
  { start, take }: { readonly start: number; readonly take: (piece: Uint8Array) => void },
): { readonly at: number; readonly isEnd: boolean } {
  const quote = bytes.indexOf(QUOTE, start);
  const end = quote < 0 ? bytes.length : quote;
  if (end > start) take(bytes.subarray(start, end));
  return quote < 0 ? { at: end, isEnd: false } : { at: end + 1, isEnd: true };
}
