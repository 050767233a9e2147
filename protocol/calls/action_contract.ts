/**
 * What both ends of a call know of an action.
 *
 * @module
 */

/** What both ends of a call have to agree on: the name of an action, and what goes in and out. */
export interface ActionContract<Input = unknown, Output = unknown> {
  /** The name: `[a-z][a-z0-9-]{0,63}`. */
  readonly name: string;
  /**
   * Checks what a caller sent, and returns it as the action takes it; throws where it is not that: then
   * the caller is told `input-malformed`. What is sent is JSON, `undefined` where nothing is.
   *
   * @default {passes on what came}
   */
  parseInput?(input: unknown): Input | Promise<Input>;
  /**
   * Checks what is about to be sent, on the side of the caller; throws a `TypeError` where the action does
   * not take it.
   *
   * @default {checks nothing}
   */
  checkInput?(input: unknown): void | Promise<void>;
  /**
   * Checks what an action answered, on the side of the caller; throws where it is not that: then the
   * call fails with `output-malformed`.
   *
   * @default {passes on what came}
   */
  parseOutput?(output: unknown): Output | Promise<Output>;
}
