/**
 * Why a plugin runs no more.
 *
 * @module
 */
import { CallError } from "../../calls/call_error.ts";

/** Why a plugin runs no more. */
export type PluginEnd =
  /** The host stopped it. */
  | "stopped"
  /** A call, an event or its start took longer than it may, or its code ran without giving way. */
  | "timed-out"
  /** It did not call `plugin()`, has not all that its manifest says, or said what is no message. */
  | "malformed"
  /** It threw outside of a call. */
  | "threw"
  /** Its thread is gone. */
  | "exited"
  /** Its memory was full. */
  | "memory"
  /** It said more than its host wants to read, or something too long. */
  | "flooded";

/** A plugin does not run, or ended before what it was to do; its code is `plugin-stopped`. */
export class PluginStoppedError extends CallError {
  /** Why it runs no more, or `null` where it was not running. */
  readonly end: PluginEnd | null;

  /** Makes an error about a plugin that ended. */
  constructor(end: PluginEnd | null) {
    super("plugin-stopped", end === null ? "the plugin does not run" : `the plugin ended: ${end}`);
    this.name = "PluginStoppedError";
    this.end = end;
  }
}
