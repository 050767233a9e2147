/**
 * A promise that is settled from outside.
 *
 * @module
 */

/** A promise and what settles it; the first call counts. */
export interface Deferred<T> {
  /** Settles as one of the functions says. */
  readonly promise: Promise<T>;
  /** Fulfils the promise, or makes it follow another. */
  readonly resolve: (value: T | PromiseLike<T>) => void;
  /** Rejects the promise. */
  readonly reject: (reason?: unknown) => void;
}

/**
 * Makes a promise with its two functions, also where `Promise.withResolvers` is missing (Node.js 20).
 *
 * @example
 * ```ts
 * import { createDeferred } from "@fluxvault/fluxvault/protocol";
 *
 * const { promise, resolve } = createDeferred<number>();
 * resolve(7);
 * console.assert(await promise === 7);
 * ```
 */
export function createDeferred<T>(): Deferred<T> {
  let resolve: Deferred<T>["resolve"] = () => {};
  let reject: Deferred<T>["reject"] = () => {};
  const promise = new Promise<T>((...functions) => [resolve, reject] = functions);
  return { promise, resolve, reject };
}
