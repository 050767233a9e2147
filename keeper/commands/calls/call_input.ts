/**
 * What an action is given, as it stands on a command line: `key=value` and `key:=json`.
 *
 * @module
 */
import { ConfigError, encodeUtf8, limits } from "../../../protocol/mod.ts";

const FORM = "Write KEY=TEXT, or KEY:=JSON for numbers, true, lists and the like.";
const MEMBER = /^([A-Za-z_][A-Za-z0-9_.-]{0,127})(:?=)(.*)$/s;

/**
 * Reads the members of an input.
 *
 * @returns `undefined` where there are none.
 * @throws {ConfigError} for one that cannot be used; the value is never repeated.
 */
export function parseMembers(items: readonly string[]): Record<string, unknown> | undefined {
  const members = new Map<string, unknown>();
  for (const [i, item] of items.entries()) {
    const source = `member ${i + 1} of the input`;
    const [, key = "", sign = "", text = ""] = MEMBER.exec(item) ?? [];
    if (key === "") {
      throw new ConfigError("a member of the input has no form", { source, hint: FORM });
    }
    if (members.has(key)) {
      throw new ConfigError(`${key} stands twice in the input`, { source, hint: FORM });
    }
    members.set(key, sign === "=" ? text : parseJson(text, source));
  }
  return members.size === 0 ? undefined : Object.fromEntries(members);
}

/**
 * Reads a whole input.
 *
 * @param source Where it comes from, for the error.
 * @throws {ConfigError} if it is no JSON.
 */
export function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The platform's message repeats what it could not read.
    throw new ConfigError("the input is not JSON", {
      source,
      hint: "Quote it for the shell; a text needs quotation marks of its own, or = in place of :=.",
    });
  }
}

/**
 * Checks that an input fits a call.
 *
 * @throws {ConfigError} if it does not.
 */
export function checkInputSize(input: unknown): void {
  if (input === undefined) return;
  const bytes = encodeUtf8(JSON.stringify(input)).length;
  if (bytes <= limits.MAX_CALL_VALUE_BYTES) return;
  throw new ConfigError(
    `the input has ${bytes} bytes, and a call takes ${limits.MAX_CALL_VALUE_BYTES}`,
    { hint: "Send what is large with --stream, where the action takes bytes." },
  );
}
