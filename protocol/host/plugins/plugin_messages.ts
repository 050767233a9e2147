/**
 * What a plugin says to its host, read as strictly as what a peer says.
 *
 * @module
 */

/** What a plugin says. */
export type PluginMessage =
  | {
    readonly kind: "ready";
    readonly actions: readonly string[];
    readonly events: readonly string[];
  }
  | { readonly kind: "log"; readonly id: number; readonly text: string }
  | { readonly kind: "progress" | "result"; readonly id: number; readonly output: unknown }
  | { readonly kind: "failed"; readonly id: number; readonly code: string }
  | {
    readonly kind: "ask";
    readonly id: number;
    /** The call that asks. */
    readonly call: number;
    readonly name: string;
    /** What was passed; `null` where that is nothing that can be used. */
    readonly input: readonly unknown[] | null;
  };

/** How long a message of a plugin may be, in UTF-16 units. */
export const MAX_PLUGIN_MESSAGE_LENGTH = 262_144;

/** How long a line of a plugin's log may be, in UTF-16 units; it is cut there. */
export const MAX_PLUGIN_LOG_LENGTH = 1_024;

const WORD = /^[a-z][a-z0-9-]{0,63}$/;
const MAX_NAMES = 64;
const MAX_NAME_LENGTH = 64;
const MAX_DEPTH = 16;

/**
 * Reads a message of a plugin; `null` where it is none.
 *
 * What comes out holds own members only, none of them `__proto__`: even code that copies them member by
 * member changes no prototype.
 */
export function parsePluginMessage(data: unknown): PluginMessage | null {
  if (typeof data !== "string" || data.length > MAX_PLUGIN_MESSAGE_LENGTH) return null;
  let members: Map<string, unknown>;
  try {
    members = new Map(Object.entries(JSON.parse(data) ?? {}));
  } catch {
    return null;
  }
  const kind = members.get("Kind");
  if (kind === "ready") {
    const [actions, events] = [members.get("Actions"), members.get("Events")];
    return isNames(actions) && isNames(events) ? { kind, actions, events } : null;
  }
  const [id, output] = [members.get("Id"), members.get("Output")];
  if (!isId(id)) return null;
  switch (kind) {
    case "log": {
      const text = members.get("Text");
      return typeof text === "string" ? { kind, id, text: cutText(text) } : null;
    }
    case "progress":
      return { kind, id, output: isPlain(output) ? output : null };
    case "result":
      if (!isPlain(output)) return { kind: "failed", id, code: "output-malformed" };
      return { kind, id, output };
    case "failed": {
      const code = members.get("Code");
      return { kind, id, code: typeof code === "string" && WORD.test(code) ? code : "failed" };
    }
    case "ask":
      return readAsk(id, members);
  }
  return null;
}

function readAsk(id: number, members: ReadonlyMap<string, unknown>): PluginMessage | null {
  const [call, name, input] = [members.get("Call"), members.get("Name"), members.get("Input")];
  if (!isId(call) || typeof name !== "string" || name.length > MAX_NAME_LENGTH) return null;
  return {
    kind: "ask",
    id,
    call,
    name,
    input: Array.isArray(input) && isPlain(input) ? input : null,
  };
}

function cutText(text: string): string {
  return text.slice(0, MAX_PLUGIN_LOG_LENGTH);
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.length <= MAX_NAMES &&
    value.every((name) => typeof name === "string" && WORD.test(name));
}

/** Tells whether a value of JSON can go on into a message of ours: texts are whole, nothing nests too deep. */
function isPlain(value: unknown, depth: number = 0): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value !== "object" || value === null) return true;
  if (depth >= MAX_DEPTH) return false;
  return Object.entries(value).every(([key, member]) =>
    key !== "__proto__" && key.isWellFormed() && isPlain(member, depth + 1)
  );
}
