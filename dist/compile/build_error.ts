/**
 * How a build fails.
 *
 * @module
 */

/** The build cannot go on. */
export class BuildError extends Error {
  /** What to do about it. */
  readonly hint: string;

  /** Says what failed, and what to do. */
  constructor(message: string, hint: string) {
    super(message);
    this.name = "BuildError";
    this.hint = hint;
  }
}
