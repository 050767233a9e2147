/**
 * JSON as opening lines and messages have it: section 2.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { Failure, require } from "./failure.ts";

/** The members of a line or a message. */
export type Fields = Record<string, unknown>;

const MAX_DEPTH = 16;
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function checkValue(value: unknown, depth: number): void {
  if (typeof value === "string") require(value.isWellFormed(), "message-malformed", "surrogate");
  if (typeof value !== "object" || value === null) return;
  require(depth <= MAX_DEPTH, "message-malformed", "nested too deep");
  for (const [name, member] of Object.entries(value)) {
    checkValue(name, depth);
    checkValue(member, depth + 1);
  }
}

/** Reads one JSON object; everything that is not one is `message-malformed`. */
export function parseObject(bytes: Uint8Array): Fields {
  require(bytes[0] === 0x7b, "message-malformed", "does not start with a brace");
  let value: unknown;
  try {
    value = JSON.parse(UTF8.decode(bytes));
  } catch {
    throw new Failure("message-malformed", "not JSON");
  }
  require(
    typeof value === "object" && value !== null && !Array.isArray(value),
    "message-malformed",
  );
  checkValue(value, 1);
  return value as Fields;
}

/** Whether an optional member is not there. */
export function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

/** Reads a member that is a string. */
export function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  require(typeof value === "string", "message-malformed", name);
  return value;
}

/** Reads a member that is lower-case hex of exactly so many bytes. */
export function hexOf(fields: Fields, name: string, length: number): Buffer {
  const text = textOf(fields, name);
  require(text.length === 2 * length && /^[0-9a-f]*$/.test(text), "message-malformed", name);
  return Buffer.from(text, "hex");
}

/** Reads a member that is a whole number from 0 to a bound. */
export function numberOf(fields: Fields, name: string, max: number): number {
  const value = fields[name];
  require(typeof value === "number" && Number.isInteger(value), "message-malformed", name);
  require(value >= 0 && value <= max, "message-malformed", name);
  return value;
}

/** Reads a member that is a truth value. */
export function truthOf(fields: Fields, name: string): boolean {
  const value = fields[name];
  require(typeof value === "boolean", "message-malformed", name);
  return value;
}

/** Reads a member that is one of these words. */
export function wordOf<T extends string>(fields: Fields, name: string, words: readonly T[]): T {
  const text = textOf(fields, name);
  const word = words.find((each) => each === text);
  require(word !== undefined, "message-malformed", name);
  return word;
}

/** The largest whole number that JSON carries safely. */
export const MAX_NUMBER = Number.MAX_SAFE_INTEGER;
/** The largest `Id`, `Stream` and grant. */
export const MAX_UINT32 = 2 ** 32 - 1;
