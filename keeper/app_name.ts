/**
 * When two names of apps mean the same app.
 *
 * @module
 */

/**
 * Tells whether two names mean the same app: the Flux network does not tell them apart by case.
 * `null` is no app, and the same as `null` alone.
 */
export function isSameApp(a: string | null, b: string | null): boolean {
  return a === b || (a !== null && b !== null && a.toLowerCase() === b.toLowerCase());
}

/** Returns a key for an app in a map or a set, the same for each way to write its name. */
export function appKey(app: string | null): string {
  // No name of an app has a slash.
  return app === null ? "/" : app.toLowerCase();
}
