/**
 * What an action takes or answers, in a few words.
 *
 * @module
 */
import type { ValueDescription } from "../../../protocol/mod.ts";

/** How many members of an object are named. */
const MAX_MEMBERS = 20;

/**
 * Writes a description as a person reads it: `days:integer [dry:boolean]` for an object, members that may
 * be left out in brackets.
 */
export function describeValue(description: ValueDescription): string {
  if (typeof description === "string") return description;
  const { properties, required } = description;
  if (!isObject(properties)) return typeOf(description);
  const needed = new Set(Array.isArray(required) ? required : []);
  const members = Object.entries(properties).map(([name, schema]) => {
    const member = `${name}:${isObject(schema) ? typeOf(schema) : "any"}`;
    return needed.has(name) ? member : `[${member}]`;
  });
  if (members.length === 0) return "{}";
  const more = members.length > MAX_MEMBERS ? " ..." : "";
  return `${members.slice(0, MAX_MEMBERS).join(" ")}${more}`;
}

function typeOf(schema: Readonly<Record<string, unknown>>): string {
  const { type, enum: choices, const: only } = schema;
  if (Array.isArray(choices)) return choices.map((choice) => JSON.stringify(choice)).join("|");
  if (only !== undefined) return JSON.stringify(only);
  if (typeof type === "string") return type;
  if (Array.isArray(type)) return type.map(String).join("|");
  return "any";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
