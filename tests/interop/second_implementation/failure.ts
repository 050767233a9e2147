/**
 * The one error of this implementation.
 *
 * @module
 */

/** A broken rule, a refusal or a broken transport, by its code (section 10). */
export class Failure extends Error {
  /** The word of section 10. */
  readonly code: string;
  /** Whether the other side said it in a FAILED. */
  readonly fromPeer: boolean;

  /** Makes a failure; the text is for people who read test output. */
  constructor(code: string, text: string = code, fromPeer = false) {
    super(`${code}: ${text}`);
    this.name = "Failure";
    this.code = code;
    this.fromPeer = fromPeer;
  }
}

/** Fails with a code unless the condition holds. */
export function require(condition: unknown, code: string, text?: string): asserts condition {
  if (!condition) throw new Failure(code, text);
}
