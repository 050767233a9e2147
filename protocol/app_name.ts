/**
 * The names of apps and components, as statements and messages may carry them (spec, section 6).
 *
 * @module
 */

/** What a name of an app or component looks like: letters, digits and inner hyphens; 63 at most. */
export const APP_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/** The same in the one spelling that stands where a list has an order: case tells no two apart. */
export const APP_NAME_KEY = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Tells whether the text can name an app or a component.
 *
 * @example
 * ```ts
 * import { isAppName } from "@fluxvault/fluxvault/protocol";
 *
 * console.assert(isAppName("vaultdemo") && !isAppName(""));
 * ```
 */
export function isAppName(text: string): boolean {
  return APP_NAME.test(text);
}
