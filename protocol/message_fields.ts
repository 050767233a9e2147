/**
 * Strict reading of JSON objects that a peer sent (spec, sections 2 and 5).
 *
 * Members that are not asked for are ignored. A member that is asked for and is absent, of another
 * type or out of its bounds is `message-malformed`; the message names the member, never its value.
 *
 * @module
 */
import { type Bytes, decodeHex, decodeUtf8 } from "./bytes.ts";
import { ProtocolError } from "./errors.ts";

/** How deep a peer's JSON may nest; ours nests twice. */
const MAX_DEPTH = 16;

/** Tells whether a value of JSON is in well-formed Unicode and, so deep in a message, not too deep. */
export function isWellFormedDeep(value: unknown, depth: number = 0): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value !== "object" || value === null) return true;
  if (depth >= MAX_DEPTH) return false;
  return Object.entries(value).every(([key, member]) =>
    key.isWellFormed() && isWellFormedDeep(member, depth + 1)
  );
}

/** The bounds of a number. */
export interface IntegerBounds {
  /** The smallest value that is accepted. @default {0} */
  readonly min?: number;
  /** The largest value that is accepted. @default {Number.MAX_SAFE_INTEGER} */
  readonly max?: number;
}

/**
 * Reads the members of one JSON object.
 *
 * @example
 * ```ts
 * import {
 *   duplexPair,
 *   generateIdentitySeed,
 *   handshakeAsAgent,
 *   handshakeAsKeeper,
 *   importIdentity,
 *   ProtocolError,
 *   randomBytes,
 *   RsaKeyStock,
 * } from "@fluxvault/fluxvault/protocol";
 *
 * using keys = new RsaKeyStock();
 * const identity = await importIdentity(await generateIdentitySeed());
 * const [agentEnd, keeperEnd] = duplexPair();
 * const [agent, keeper] = await Promise.all([
 *   handshakeAsAgent(agentEnd, { keys, identity, instance: randomBytes(16), software: "shop/1" }),
 *   handshakeAsKeeper(keeperEnd, { policy: () => null }),
 * ]);
 * await agent.send({ Count: 3 });
 * const fields = (await keeper.receive())?.fields;
 * console.assert(fields?.integer("Count", { max: 10 }) === 3);
 * console.assert(fields?.optionalText("Name", /^[a-z]+$/) === null); // It is absent.
 * try {
 *   fields?.integer("Count", { max: 2 });
 *   console.assert(false);
 * } catch (error) {
 *   console.assert(error instanceof ProtocolError && error.code === "message-malformed");
 * }
 * await Promise.all([agent.close(), keeper.close()]);
 * ```
 */
export class MessageFields {
  readonly #what: string;
  readonly #members: Readonly<Record<string, unknown>>;

  /**
   * Parses the text of one JSON object in strict UTF-8.
   *
   * @param what What is being read, for the message of an error.
   * @throws {ProtocolError} `message-malformed`.
   */
  static parse(bytes: Uint8Array, what: string): MessageFields {
    let value: unknown;
    try {
      value = JSON.parse(decodeUtf8(bytes));
    } catch {
      // The platform's message quotes the text, which may be secret: it is not kept as a cause.
      throw new ProtocolError("message-malformed", `${what} is not JSON in UTF-8`);
    }
    if (!isWellFormedDeep(value)) {
      throw new ProtocolError(
        "message-malformed",
        `${what} holds a lone surrogate or nests too deep`,
      );
    }
    return new MessageFields(value, what);
  }

  /** Wraps a value that was parsed already; throws `message-malformed` if it is no object. */
  constructor(value: unknown, what: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new ProtocolError("message-malformed", `${what} is not a JSON object`);
    }
    this.#what = what;
    this.#members = value as Record<string, unknown>;
  }

  /** Tells whether the object has the member. */
  has(name: string): boolean {
    return Object.hasOwn(this.#members, name);
  }

  /** Returns the member as it is, or `undefined` where it is absent. */
  raw(name: string): unknown {
    return Object.hasOwn(this.#members, name) ? this.#members[name] : undefined;
  }

  /** Returns all members as they are, in their order. */
  entries(): Map<string, unknown> {
    return new Map(Object.entries(this.#members));
  }

  /** Returns a text member that matches the pattern. */
  text(name: string, pattern: RegExp): string {
    const value = this.raw(name);
    if (typeof value !== "string" || !pattern.test(value)) this.#fail(name);
    return value;
  }

  /** Returns a text member that matches the pattern, or `null` where it is absent or `null`. */
  optionalText(name: string, pattern: RegExp): string | null {
    return this.#isAbsent(name) ? null : this.text(name, pattern);
  }

  /** Returns a whole number within its bounds. */
  integer(name: string, bounds: IntegerBounds = {}): number {
    const value = this.raw(name);
    const { min = 0, max = Number.MAX_SAFE_INTEGER } = bounds;
    if (typeof value !== "number" || !Number.isSafeInteger(value)) this.#fail(name);
    if (value < min || value > max) this.#fail(name);
    return value;
  }

  /** Returns a whole number within its bounds, or `null` where it is absent or `null`. */
  optionalInteger(name: string, bounds: IntegerBounds = {}): number | null {
    return this.#isAbsent(name) ? null : this.integer(name, bounds);
  }

  /** Returns a truth value. */
  boolean(name: string): boolean {
    const value = this.raw(name);
    if (typeof value !== "boolean") this.#fail(name);
    return value;
  }

  /** Returns a truth value, or `false` where it is absent or `null`. */
  optionalBoolean(name: string): boolean {
    return this.#isAbsent(name) ? false : this.boolean(name);
  }

  /** Returns the bytes of a member in lower-case hex of an exact length. */
  hex(name: string, byteLength: number): Bytes {
    const bytes = decodeHex(this.raw(name), byteLength);
    if (bytes === null) this.#fail(name);
    return bytes;
  }

  /** Returns the bytes of a hex member, or `null` where it is absent or `null`. */
  optionalHex(name: string, byteLength: number): Bytes | null {
    return this.#isAbsent(name) ? null : this.hex(name, byteLength);
  }

  /** Returns a member that is itself an object. */
  object(name: string): MessageFields {
    return new MessageFields(this.raw(name), `${name} of ${this.#what}`);
  }

  /** Returns a member that is itself an object, or `null` where it is absent or `null`. */
  optionalObject(name: string): MessageFields | null {
    return this.#isAbsent(name) ? null : this.object(name);
  }

  /** Returns a list of texts. */
  texts(name: string, options: { readonly pattern: RegExp; readonly max: number }): string[] {
    const value = this.raw(name);
    if (!Array.isArray(value) || value.length > options.max) this.#fail(name);
    return value.map((item) => {
      if (typeof item !== "string" || !options.pattern.test(item)) this.#fail(name);
      return item;
    });
  }

  /** Returns a list of whole numbers, each greater than the one before. */
  ascending(name: string, bounds: { readonly max: number; readonly maxLength: number }): number[] {
    const value = this.raw(name);
    if (!Array.isArray(value) || value.length > bounds.maxLength) this.#fail(name);
    let last = -1;
    return value.map((item) => {
      const isNext = Number.isSafeInteger(item) && item > last && item <= bounds.max;
      if (!isNext) this.#fail(name);
      return last = item;
    });
  }

  /** Returns such a list, or `null` where it is absent or `null`. */
  optionalAscending(
    name: string,
    bounds: { readonly max: number; readonly maxLength: number },
  ): number[] | null {
    return this.#isAbsent(name) ? null : this.ascending(name, bounds);
  }

  #isAbsent(name: string): boolean {
    const value = this.raw(name);
    return value === undefined || value === null;
  }

  #fail(name: string): never {
    throw new ProtocolError("message-malformed", `${name} of ${this.#what} is absent or malformed`);
  }
}
