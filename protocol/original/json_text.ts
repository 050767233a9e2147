/**
 * JSON as the original writes it: on one line, a blank behind `,` and `:`, nothing but ASCII (spec,
 * section 2).
 *
 * @module
 */

/** A JSON object whose members keep their order, also those with numbers for names. */
export type JsonMembers = ReadonlyMap<string, unknown>;

const NOT_PLAIN = /[^\x20-\x7e]/g;

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Writes a text as a JSON string of ASCII alone. */
export function encodeJsonString(text: string): string {
  return JSON.stringify(text).replaceAll(NOT_PLAIN, escapeUnit);
}

/** Writes a value; what is neither object nor list nor text is as the platform writes it. */
function encodeJson(value: unknown): string {
  if (typeof value === "string") return encodeJsonString(value);
  if (Array.isArray(value)) return `[${value.map(encodeJson).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return encodeJsonObject(new Map(Object.entries(value)));
}

/** Writes an object. */
export function encodeJsonObject(members: JsonMembers): string {
  const parts = [...members].map(([name, value]) =>
    `${encodeJsonString(name)}: ${encodeJson(value)}`
  );
  return `{${parts.join(", ")}}`;
}
