/**
 * Tolerant reading of what FluxOS, or a proxy in front of it, answers.
 *
 * FluxOS wraps every answer in `{"status", "data"}` and says HTTP 200 even for errors; a proxy says
 * what it likes. Nothing here trusts a type that it has not looked at, and unknown members are
 * ignored, so that a newer FluxOS stays readable.
 *
 * @module
 */
import { FluxApiError, type FluxApiErrorCode } from "./errors.ts";

/** The longest piece of a stranger's text that is repeated in a message, in UTF-16 units. */
const MAX_QUOTED_LENGTH = 200;

/** An error as FluxOS describes it, made fit for printing. */
export interface FluxFault {
  /** The name of the error, for example `Error` or `MongoTopologyClosedError`; may be empty. */
  readonly name: string;
  /** The text of the error. */
  readonly message: string;
}

/** What the body of an answer turned out to be. */
export type FluxEnvelope =
  | { readonly kind: "success"; readonly data: unknown }
  | { readonly kind: "fault"; readonly fault: FluxFault }
  | { readonly kind: "malformed"; readonly reason: string };

/** Returns the value if it is a plain JSON object, otherwise `null`. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  return value as Record<string, unknown>;
}

/**
 * Makes a stranger's text fit for a log or a terminal: invisible characters become `?`, and what is
 * longer than the limit (in UTF-16 units) is cut.
 */
export function printable(text: string, maxLength: number = MAX_QUOTED_LENGTH): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}...` : text;
  return cut.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "?");
}

/** Reads the body of an answer; never throws. */
export function readEnvelope(text: string): FluxEnvelope {
  if (text.trim() === "") return { kind: "malformed", reason: "the answer is empty" };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: "malformed", reason: "the answer is not JSON" };
  }
  const envelope = asRecord(value);
  switch (envelope?.status) {
    case "success":
      if (!("data" in envelope)) return { kind: "malformed", reason: "the answer has no data" };
      return { kind: "success", data: envelope.data };
    case "error":
    case "warning":
      return { kind: "fault", fault: readFault(envelope.data) };
    default:
      return { kind: "malformed", reason: "the answer has no status that FluxOS uses" };
  }
}

function readFault(data: unknown): FluxFault {
  if (typeof data === "string") return { name: "", message: printable(data) };
  const { name, message }: Readonly<Record<string, unknown>> = asRecord(data) ?? {};
  return {
    name: typeof name === "string" ? printable(name) : "",
    message: typeof message === "string" ? printable(message) : "no reason given",
  };
}

/** What a fault means: the pattern of its text, the code, and whether another node may do better. */
const KNOWN_FAULTS: readonly (readonly [RegExp, FluxApiErrorCode, boolean])[] = [
  [/^Daemon not yet synced/i, "not-synced", true],
  [/^Application(?:: .*)? not found/i, "app-unknown", false],
  [/ only be validated on a node running Arcane ?OS/i, "arcane-only", false],
  [/ not available at the moment$/i, "api-error", true],
];

/**
 * Turns a fault into the error to throw.
 *
 * A failed database belongs to one node, so it is worth asking another; any other fault that is not
 * known is taken as definite.
 */
export function faultToError(fault: FluxFault): FluxApiError {
  for (const [pattern, code, transient] of KNOWN_FAULTS) {
    if (pattern.test(fault.message)) return new FluxApiError(code, fault.message, { transient });
  }
  const transient = fault.name.startsWith("Mongo");
  return new FluxApiError("api-error", `FluxOS says "${fault.message}"`, { transient });
}
