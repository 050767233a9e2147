/**
 * What a plugin says to its host, read as strictly as what a peer says.
 *
 * @module
 */

/** What a plugin says. */
export type PluginMessage =
  | { readonly kind: "ready"; readonly actions: readonly string[] }
  | { readonly kind: "log"; readonly text: string }
  | { readonly kind: "progress" | "result"; readonly id: number; readonly output: unknown }
  | { readonly kind: "failed"; readonly id: number; readonly code: string };

/** How long a message of a plugin may be, in UTF-16 units. */
export const MAX_PLUGIN_MESSAGE_LENGTH = 262_144;

const WORD = /^[a-z][a-z0-9-]{0,63}$/;

/**
 * Reads a message of a plugin; `null` where it is none.
 *
 * What comes out holds own members only, and nothing of it is ever merged into an object of the host.
 */
export function parsePluginMessage(data: unknown): PluginMessage | null {
  if (typeof data !== "string" || data.length > MAX_PLUGIN_MESSAGE_LENGTH) return null;
  let members: Map<string, unknown>;
  try {
    members = new Map(Object.entries(JSON.parse(data) ?? {}));
  } catch {
    return null;
  }
  const [id, code, text] = [members.get("Id"), members.get("Code"), members.get("Text")];
  switch (members.get("Kind")) {
    case "ready": {
      const actions = members.get("Actions");
      const isList = Array.isArray(actions) && actions.length <= 64 &&
        actions.every((name) => typeof name === "string" && WORD.test(name));
      return isList ? { kind: "ready", actions } : null;
    }
    case "log":
      return typeof text === "string" ? { kind: "log", text: text.slice(0, 1_024) } : null;
    case "progress":
      return isId(id) ? { kind: "progress", id, output: members.get("Output") } : null;
    case "result":
      return isId(id) ? { kind: "result", id, output: members.get("Output") } : null;
    case "failed": {
      const word = typeof code === "string" && WORD.test(code) ? code : "failed";
      return isId(id) ? { kind: "failed", id, code: word } : null;
    }
  }
  return null;
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
