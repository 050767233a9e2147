/**
 * Why a plugin runs no more.
 *
 * @module
 */

/** Why a plugin runs no more. */
export type PluginEnd =
  /** The host stopped it. */
  | "stopped"
  /** A call, an event or its start took longer than it may. */
  | "timed-out"
  /** It did not say `plugin()` as it has to, or not the actions of its manifest. */
  | "malformed"
  /** It threw outside of a call. */
  | "threw"
  /** Its thread is gone. */
  | "exited"
  /** Its memory was full. */
  | "memory"
  /** It said more than its host wants to read, or something too long. */
  | "flooded";
