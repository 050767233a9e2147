/**
 * Checking what goes into an action and comes out of it by a schema.
 *
 * @module
 */
import { CALL_WORD } from "../calls/call_messages.ts";
import type { ValueDescription } from "../calls/action_description.ts";
import type { SchemaIssue, StandardSchema } from "./standard_schema.ts";

/** How many places at which something is wrong are named. */
const MAX_NAMED_PLACES = 5;

/**
 * Returns what a schema makes of a value.
 *
 * @param what What the value is, for the message of an error, which never repeats the value.
 * @throws {TypeError} if the value does not fit.
 */
export async function readBySchema<Output>(
  schema: StandardSchema<unknown, Output>,
  value: unknown,
  what: string,
): Promise<Output> {
  const result = await schema["~standard"].validate(value);
  if (result.issues === undefined) return result.value;
  throw new TypeError(`${what} does not fit its schema${placesOf(result.issues)}`);
}

/** A schema of no value at all. */
export const NOTHING: StandardSchema<undefined> = {
  "~standard": {
    version: 1,
    vendor: "fluxvault",
    validate: (value) =>
      value === undefined
        ? { value: undefined }
        : { issues: [{ message: "nothing is taken here" }] },
  },
};

/**
 * A schema of any JSON, for what cannot be said more exactly.
 *
 * @example
 * ```ts
 * import { ANY_JSON, defineAction } from "@fluxvault/fluxvault/protocol";
 *
 * const echo = defineAction("echo", { input: ANY_JSON, run: (_context, input) => input });
 * console.assert(echo.name === "echo");
 * ```
 */
export const ANY_JSON: StandardSchema<unknown> = {
  "~standard": { version: 1, vendor: "fluxvault", validate: (value) => ({ value }) },
};

/** Describes one side of a schema, where its library can. */
export function describeSchema(
  schema: StandardSchema<unknown, unknown> | undefined,
  side: "input" | "output",
): ValueDescription | null {
  try {
    return schema?.["~standard"].jsonSchema?.[side]({ target: "draft-2020-12" }) ?? null;
  } catch {
    // Not all that a schema can check can be said in JSON Schema.
    return null;
  }
}

/** Names where something is wrong, by members that are plain words; a member may be a value, too. */
function placesOf(issues: readonly SchemaIssue[]): string {
  const places = new Set(issues.flatMap(({ path = [] }) => {
    const keys = path.map((part) => String(typeof part === "object" ? part.key : part));
    return keys.length > 0 && keys.every(isPlain) ? [keys.join(".")] : [];
  }));
  if (places.size === 0) return "";
  return `, at ${[...places].slice(0, MAX_NAMED_PLACES).join(", ")}`;
}

function isPlain(key: string): boolean {
  return /^\d{1,6}$/.test(key) || CALL_WORD.test(key.toLowerCase());
}
