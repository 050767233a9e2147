/**
 * The names that FluxOS lets an app and its components have.
 *
 * FluxOS puts the name of an app unescaped into a regular expression, so a name is checked before
 * it is sent anywhere.
 *
 * @module
 */
import { FluxApiError } from "./errors.ts";
import { printable } from "./responses.ts";

/** The longest name of an app or component, in characters. */
export const MAX_APP_NAME_LENGTH = 63;

const APP_NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$/;
const COMPONENT_NAME = /^[a-zA-Z0-9]+$/;
// FluxOS compares case-sensitively: "Fluxy" can be registered, "fluxy" cannot.
const RESERVED_PREFIX = /^(?:flux|zel)/;

/**
 * Tells whether FluxOS would register an app of this name: letters, digits and inner hyphens, at
 * most 63 characters, not starting with `flux` or `zel`.
 *
 * @example
 * ```ts
 * import { isRegistrableAppName } from "@fluxvault/fluxvault/flux";
 *
 * console.assert(isRegistrableAppName("vaultdemo"));
 * console.assert(!isRegistrableAppName(".*") && !isRegistrableAppName("fluxdemo"));
 * ```
 */
export function isRegistrableAppName(name: string): boolean {
  return name.length <= MAX_APP_NAME_LENGTH && APP_NAME.test(name) && !RESERVED_PREFIX.test(name);
}

/**
 * Tells whether FluxOS would register a component of this name: letters and digits, at most 63
 * characters, not starting with `flux` or `zel`.
 *
 * @example
 * ```ts
 * import { isRegistrableComponentName } from "@fluxvault/fluxvault/flux";
 *
 * console.assert(isRegistrableComponentName("agent"));
 * console.assert(!isRegistrableComponentName("fluxagent") && !isRegistrableComponentName("my-agent"));
 * ```
 */
export function isRegistrableComponentName(name: string): boolean {
  return name.length <= MAX_APP_NAME_LENGTH && COMPONENT_NAME.test(name) &&
    !RESERVED_PREFIX.test(name);
}

/**
 * Checks the name of an app before it is sent.
 *
 * @throws {FluxApiError} `name-invalid` if no app can have this name.
 *
 * @example
 * ```ts
 * import { checkAppName, FluxApiError } from "@fluxvault/fluxvault/flux";
 *
 * checkAppName("vaultdemo");
 * try {
 *   checkAppName(".*"); // Every app of the network, to whoever takes it for a pattern.
 *   console.assert(false);
 * } catch (error) {
 *   console.assert(error instanceof FluxApiError && error.code === "name-invalid");
 * }
 * ```
 */
export function checkAppName(name: string): void {
  if (isRegistrableAppName(name)) return;
  throw new FluxApiError("name-invalid", `"${printable(name, 80)}" cannot be the name of an app`, {
    hint: `Use letters, digits and inner hyphens, at most ${MAX_APP_NAME_LENGTH} of them, ` +
      "not starting with flux or zel.",
  });
}
