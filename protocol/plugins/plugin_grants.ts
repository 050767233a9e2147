/**
 * What an operator lets plugins do at most, and whether a plugin asks for more.
 *
 * @module
 */
import type { PluginPermissions } from "./plugin_manifest.ts";

type GrantKind = keyof PluginPermissions;

const PATTERNS: Readonly<Record<GrantKind, RegExp>> = {
  net: /^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[1-9][0-9]{0,4})?$/,
  read: /^\/[^\p{Cc}]{0,1023}$/u,
  write: /^\/[^\p{Cc}]{0,1023}$/u,
  env: /^[A-Za-z_][A-Za-z0-9_]{0,127}$/,
};
const ITEM = /^(net|read|write|env)=(.*)$/s;
/** An address of IPv6 has colons of its own, in brackets. */
const PORT = /:[0-9]+$/;

/** What plugins may do: nothing. */
export const NO_PLUGIN_PERMISSIONS: PluginPermissions = { net: [], read: [], write: [], env: [] };

/**
 * Reads what an operator grants: `net=HOST[:PORT]`, `read=PATH`, `write=PATH` or `env=NAME` each.
 *
 * @throws {RangeError} that names the item by its place, and says what is wrong with it.
 *
 * @example
 * ```ts
 * import { parsePluginGrants } from "@fluxvault/fluxvault/protocol";
 *
 * const { net, read } = parsePluginGrants(["net=api.example.com:443", "read=/run/secrets"]);
 * console.assert(net[0] === "api.example.com:443" && read.length === 1);
 * ```
 */
export function parsePluginGrants(items: readonly string[]): PluginPermissions {
  const grants: Record<GrantKind, string[]> = { net: [], read: [], write: [], env: [] };
  for (const [index, item] of items.entries()) {
    const [, kind, value = ""] = ITEM.exec(item) ?? [];
    const fail = (problem: string) => new RangeError(`item ${index + 1} ${problem}`);
    if (kind === undefined) throw fail("is none of net=, read=, write= and env=");
    const sort = kind as GrantKind;
    if (!PATTERNS[sort].test(value)) throw fail(`names nothing that ${kind} can be granted of`);
    if (isPathKind(sort) && plainPath(value) === null) {
      throw fail("has a path with a part that is empty, a dot or two dots");
    }
    grants[sort].push(value);
  }
  return grants;
}

/**
 * Finds what is asked for and not granted, as `KIND=VALUE` each; nothing where all of it is.
 *
 * A folder grants what is below it, a host without a port all of its ports.
 *
 * @example
 * ```ts
 * import { findExcessGrants, parsePluginGrants } from "@fluxvault/fluxvault/protocol";
 *
 * const granted = parsePluginGrants(["read=/run/secrets"]);
 * const asked = parsePluginGrants(["read=/run/secrets/db", "env=HOME"]);
 * console.assert(findExcessGrants(asked, granted).join() === "env=HOME");
 * ```
 */
export function findExcessGrants(asked: PluginPermissions, granted: PluginPermissions): string[] {
  const kinds: readonly GrantKind[] = ["net", "read", "write", "env"];
  return kinds.flatMap((kind) =>
    asked[kind].filter((value) => !granted[kind].some((grant) => covers(kind, value, grant)))
      .map((value) => `${kind}=${value}`)
  );
}

/**
 * Tells whether a path is one that is granted, or below one.
 *
 * @example
 * ```ts
 * import { isPathGranted } from "@fluxvault/fluxvault/protocol";
 *
 * console.assert(isPathGranted("/run/secrets/db", ["/run/secrets"]));
 * console.assert(!isPathGranted("/run/secrets/../db", ["/run/secrets"]));
 * ```
 */
export function isPathGranted(path: string, granted: readonly string[]): boolean {
  const plain = plainPath(path);
  if (plain === null) return false;
  return granted.some((grant) => {
    const folder = plainPath(grant);
    return folder !== null && (plain === folder || plain.startsWith(`${folder}/`));
  });
}

function covers(kind: GrantKind, value: string, grant: string): boolean {
  if (kind === "env") return value === grant;
  if (isPathKind(kind)) return isPathGranted(value, [grant]);
  const [asked, given] = [value.toLowerCase(), grant.toLowerCase()];
  return asked === given || (!PORT.test(given) && asked.replace(PORT, "") === given);
}

function isPathKind(kind: GrantKind): boolean {
  return kind === "read" || kind === "write";
}

/** Returns a path without its last slash; `null` where it may lead elsewhere than it says. */
function plainPath(path: string): string | null {
  if (!path.startsWith("/")) return null;
  const text = path.endsWith("/") ? path.slice(0, -1) : path;
  const parts = text.split("/").slice(1);
  return parts.some((part) => part === "" || part === "." || part === "..") ? null : text;
}
