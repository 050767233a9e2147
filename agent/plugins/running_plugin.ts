/**
 * What an agent asks of whatever runs its plugins.
 *
 * @module
 */
import type { PluginPackage } from "../../protocol/mod.ts";
import type { AgentSessionReport } from "../delivery/session_report.ts";

/** How a plugin is. */
export interface PluginHealth {
  /** Whether it is ready for calls, waits to be started again, or is stopped for good. */
  readonly state: "running" | "waiting" | "stopped";
  /** Since when, in Unix milliseconds. */
  readonly sinceMs: number;
  /** How often it was started again. */
  readonly restarts: number;
  /** How it ended last, in a word, or `null` where it never did. */
  readonly lastEnd: string | null;
  /** How many calls of it are open. */
  readonly openCalls: number;
}

/** The options of {@linkcode RunningPlugin.call}. */
export interface RunningCallOptions {
  /** Ends the call. */
  readonly signal: AbortSignal;
  /** Is told how far it is; must not throw. */
  readonly onProgress: (output: unknown) => void;
}

/** A plugin that was started; it is watched, and started again where it ends. */
export interface RunningPlugin extends AsyncDisposable {
  /** Returns how it is. */
  status(): PluginHealth;
  /**
   * Has it do something.
   *
   * @throws {CallError} with its word, or why it cannot.
   */
  call(action: string, input: unknown, options: RunningCallOptions): Promise<unknown>;
  /** Tells it of a delivery, where it wants to be told; never throws. */
  noteDelivery(report: AgentSessionReport): void;
  /**
   * Puts another one in its place; calls that are open end where they began.
   *
   * @throws {CallError} where the new one does not start: the old one stays.
   */
  replace(plugin: PluginPackage): Promise<void>;
}

/** The options of {@linkcode PluginHost.start}. */
export interface PluginStartOptions {
  /** Whether one that does not start is tried again later, in place of an error. */
  readonly isPatient: boolean;
  /** Gives up the start, and that of each one that is put in its place. */
  readonly signal: AbortSignal;
}

/** Runs plugins. */
export interface PluginHost {
  /**
   * Starts one.
   * @throws {CallError} where it does not start.
   * @throws {StorageError} where what it kept cannot be read.
   */
  start(plugin: PluginPackage, options: PluginStartOptions): Promise<RunningPlugin>;
  /** Removes what a plugin kept, once it runs no more; what cannot be removed stays: never rejects. */
  forget(name: string): Promise<void>;
}
