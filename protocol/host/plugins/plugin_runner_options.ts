/**
 * What it takes to run a plugin.
 *
 * @module
 */
import type { Logger } from "../../logger.ts";
import type { PluginPermissions } from "../../plugins/mod.ts";
import type { MemoryWatch } from "./limits/memory_watch.ts";
import type { PluginAsks } from "./plugin_asks.ts";
import type { PluginStorage } from "./plugin_storage.ts";

/** What a {@linkcode PluginRunner} needs. */
export interface PluginRunnerOptions {
  /** What the plugin may do: never more than its manifest asks for. */
  readonly granted: PluginPermissions;
  /**
   * What it may ask beside its storage, its log and the time; what has a name of its storage is asked in
   * its place. @default {nothing}
   */
  readonly asks?: PluginAsks;
  /** What it keeps. */
  readonly storage: PluginStorage;
  /** Is told how it is, and what it logs: bounded, escaped, and not too often. */
  readonly log: Logger;
  /** Stops it while it is started: nobody wants it any more. @default {never} */
  readonly signal?: AbortSignal;
  /** How long it may take to be ready, in milliseconds. @default {15_000} */
  readonly startTimeoutMs?: number;
  /**
   * Whether a plugin that does not start is tried again later, as one that ends is, instead of an error
   * of {@linkcode PluginRunner.start}. @default {false}
   */
  readonly isPatient?: boolean;
  /** How long its code may run without giving way, in milliseconds. @default {10_000} */
  readonly runTimeoutMs?: number;
  /** Watches how much memory it takes. @default {one for all plugins of the process} */
  readonly memory?: MemoryWatch;
  /** The time in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
  /** Waits; rejects with the reason of the signal. @default {the real clock} */
  readonly delay?: (durationMs: number, signal: AbortSignal) => Promise<void>;
}
