/**
 * Whether what a plugin asks to be allowed is within what somebody allows.
 *
 * @module
 */
import type { PluginPermissions } from "../../../plugins/mod.ts";
import { POSIX_PATH } from "../../file_path.ts";

/** The kinds of permissions that there are, in the order of a manifest. */
export const PLUGIN_PERMISSION_KINDS: readonly (keyof PluginPermissions)[] = [
  "net",
  "read",
  "write",
  "env",
];

/** What allows nothing. */
export const NO_PLUGIN_PERMISSIONS: PluginPermissions = Object.freeze({
  net: [],
  read: [],
  write: [],
  env: [],
});

/**
 * Returns what is asked beyond what is allowed, each as `kind=what`, for example `net=example.com:443`.
 *
 * A host without a port allows all its ports, a path all that is below it.
 *
 * @example
 * ```ts
 * import { findExceedingPermissions, NO_PLUGIN_PERMISSIONS } from "../mod.ts";
 *
 * const asked = { ...NO_PLUGIN_PERMISSIONS, read: ["/run/secrets/key", "/etc"] };
 * const allowed = { ...NO_PLUGIN_PERMISSIONS, read: ["/run/secrets"] };
 * console.assert(findExceedingPermissions(asked, allowed).join() === "read=/etc");
 * ```
 */
export function findExceedingPermissions(
  asked: PluginPermissions,
  allowed: PluginPermissions,
): string[] {
  return PLUGIN_PERMISSION_KINDS.flatMap((kind) => {
    const covers = kind === "net" ? coversHost : kind === "env" ? coversName : coversPath;
    const exceeding = asked[kind].filter((one) =>
      !allowed[kind].some((other) => covers(other, one))
    );
    return exceeding.map((one) => `${kind}=${one}`);
  });
}

function coversName(allowed: string, asked: string): boolean {
  return allowed === asked;
}

function coversHost(allowed: string, asked: string): boolean {
  const [wide, narrow] = [allowed.toLowerCase(), asked.toLowerCase()];
  return wide === narrow || (!/:\d+$/.test(wide.replace(/^\[[^\]]*\]/, "")) &&
    narrow.startsWith(`${wide}:`));
}

function coversPath(allowed: string, asked: string): boolean {
  // A path with dots in it may be below another one by its letters alone.
  if (POSIX_PATH.normalize(asked) !== asked || POSIX_PATH.normalize(allowed) !== allowed) {
    return allowed === asked;
  }
  return asked === allowed || asked.startsWith(allowed.endsWith("/") ? allowed : `${allowed}/`);
}
