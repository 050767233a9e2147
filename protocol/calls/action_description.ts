/**
 * What an action says of itself to whoever may call it.
 *
 * @module
 */

/** A JSON Schema, or a text for people in its place. */
export type ValueDescription = Readonly<Record<string, unknown>> | string;

/** What an action says of itself; none of it is secret. */
export interface ActionDescription {
  /** What it does: a sentence, of at most 512 characters. @default {nothing} */
  readonly describe?: string;
  /** What it takes. @default {not said} */
  readonly input?: ValueDescription;
  /** What it answers. @default {not said} */
  readonly output?: ValueDescription;
}
