/**
 * How a plugin is.
 *
 * @module
 */
import type { PluginEnd } from "./plugin_end.ts";

/** How a plugin is: at work or ready for it, about to be started again, or stopped for good. */
export type PluginState = "running" | "waiting" | "stopped";

/** How a plugin is, and how it was. */
export interface PluginStatus {
  /** How it is. */
  readonly state: PluginState;
  /** Since when, in Unix milliseconds. */
  readonly sinceMs: number;
  /** How often it was started again since it was started, or replaced. */
  readonly restarts: number;
  /** How it ended last, or `null` where it never did. */
  readonly lastEnd: PluginEnd | null;
  /** How many calls of it are open. */
  readonly openCalls: number;
}
