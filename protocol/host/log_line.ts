/**
 * One event of the log as one line, for people or as JSON.
 *
 * Nothing of a secret gets into a line: bytes are written as their number, and what stands under a
 * name such as `key`, `secret` or `content` as `<hidden>`.
 *
 * @module
 */
import { FluxVaultError } from "../errors.ts";
import { sanitiseText } from "./printable_text.ts";

/** How much an event matters. */
export type LogLevel = "debug" | "info" | "warning" | "error";

/** One event of the log. */
export interface LogEvent {
  /** When it happened, in milliseconds since 1970. */
  readonly timestamp: number;
  /** How much it matters. */
  readonly level: LogLevel;
  /** What happened, in words without values. */
  readonly message: string;
  /** The values that belong to it. */
  readonly properties: Readonly<Record<string, unknown>>;
}

const LEVEL_TEXTS: Readonly<Record<LogLevel, string>> = {
  debug: "DEBUG",
  info: "INFO ",
  warning: "WARN ",
  error: "ERROR",
};

/** Writes an event as `2026-01-02T03:04:05Z INFO  message key=value`, ended. */
export function formatLogText(event: LogEvent): string {
  const time = timeOf(event).replace(/\.\d+Z$/, "Z");
  const words = [time, LEVEL_TEXTS[event.level], sanitiseText(event.message)];
  for (const [key, value] of Object.entries(harmlessProperties(event.properties))) {
    words.push(`${key}=${formatValue(value)}`);
  }
  return `${words.join(" ")}\n`;
}

/** Writes an event as one JSON object, ended; `time`, `level` and `message` come first. */
export function formatLogJson(event: LogEvent): string {
  const line: Record<string, unknown> = {
    time: timeOf(event),
    level: event.level,
    message: sanitiseText(event.message),
  };
  for (const [key, value] of Object.entries(harmlessProperties(event.properties))) {
    line[Object.hasOwn(line, key) ? `${key}_` : key] = value;
  }
  return `${JSON.stringify(line)}\n`;
}

function timeOf(event: LogEvent): string {
  return new Date(event.timestamp).toISOString();
}

/** What is left of a value when bytes and secrets are cut: plain JSON. */
type HarmlessValue = string | number | boolean | null | readonly HarmlessValue[] | {
  readonly [key: string]: HarmlessValue;
};

const BARE = /^[\w.:/@+<>-]+$/;

function formatValue(value: HarmlessValue): string {
  if (typeof value === "string" && BARE.test(value)) return value;
  return JSON.stringify(value);
}

const HIDDEN = "<hidden>";
const HIDDEN_WORDS = new Set(
  "body contents content credential credentials key keys passphrase password passwords plaintext pem secret secrets seed token wif"
    .split(" "),
);
const MAX_DEPTH = 3;
const MAX_ITEMS = 20;

function harmlessProperties(
  properties: Readonly<Record<string, unknown>>,
  depth = 0,
): Record<string, HarmlessValue> {
  const harmless: Record<string, HarmlessValue> = {};
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined) continue;
    const name = sanitiseText(key).replaceAll(/[\s="]/g, "_") || "_";
    harmless[name] = isHiddenName(key) ? hide(value) : harmlessValue(value, depth);
  }
  return harmless;
}

/** Looks at the last word of a name: `privateKey` and `PRIVATE_KEY` are hidden, `keyCount` is not. */
function isHiddenName(name: string): boolean {
  const words = name.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase().split(/[^a-z0-9]+/);
  return HIDDEN_WORDS.has(words.at(-1) ?? "");
}

function hide(value: unknown): HarmlessValue {
  return value === null || typeof value === "boolean" ? value : HIDDEN;
}

function harmlessValue(value: unknown, depth: number): HarmlessValue {
  if (value === null) return null;
  switch (typeof value) {
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "string":
      return sanitiseText(value);
    case "object":
      return harmlessObject(value, depth);
    default:
      return sanitiseText(String(value));
  }
}

function harmlessObject(value: object, depth: number): HarmlessValue {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    return `<${value.byteLength} bytes>`;
  }
  if (value instanceof Error) return describeError(value, depth);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "no date" : value.toISOString();
  if (value instanceof URL) return sanitiseText(value.host);
  if (depth >= MAX_DEPTH) return "...";
  if (value instanceof Map) return harmlessProperties(Object.fromEntries(value), depth + 1);
  if (Array.isArray(value) || value instanceof Set) {
    const items: unknown[] = [...value];
    const shown = items.slice(0, MAX_ITEMS).map((item) => harmlessValue(item, depth + 1));
    return items.length > MAX_ITEMS ? [...shown, `and ${items.length - MAX_ITEMS} more`] : shown;
  }
  return harmlessProperties(value as Record<string, unknown>, depth + 1);
}

/** Writes an error and what is behind it as `code: message (cause)`. */
function describeError(error: Error, depth: number): string {
  const name = error instanceof FluxVaultError ? error.code : error.name;
  const cause = error.cause instanceof Error && depth < MAX_DEPTH
    ? ` (${describeError(error.cause, depth + 1)})`
    : "";
  return sanitiseText(`${name}: ${error.message}`) + cause;
}
