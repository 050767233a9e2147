/**
 * A plugin that is started again when it ends.
 *
 * @module
 */
import { delay as waitFor } from "../../delay.ts";
import type { PluginPackage } from "../../plugins/mod.ts";
import { BackOff } from "./limits/back_off.ts";
import type { PluginCallOptions } from "./plugin_call.ts";
import { type PluginEnd, PluginStoppedError } from "./plugin_end.ts";
import { PluginLog } from "./plugin_log.ts";
import type { PluginRunnerOptions } from "./plugin_runner_options.ts";
import type { PluginState, PluginStatus } from "./plugin_status.ts";
import { createStorageAsks } from "./storage_asks.ts";
import { WalledPlugin } from "./walled_plugin.ts";

/** Watches one plugin, says how it is, and starts it again: not at once, and not for ever. */
export class SupervisedPlugin {
  /** The plugin. */
  readonly plugin: PluginPackage;
  readonly #options: PluginRunnerOptions;
  readonly #pluginLog: PluginLog;
  readonly #backOff = new BackOff();
  readonly #control = new AbortController();
  #supervision: Promise<void> = Promise.resolve();
  #walled: WalledPlugin | null = null;
  #state: PluginState = "running";
  #sinceMs: number;
  #restarts = 0;
  #lastEnd: PluginEnd | null = null;

  private constructor(plugin: PluginPackage, options: PluginRunnerOptions) {
    this.plugin = plugin;
    this.#options = options;
    this.#pluginLog = new PluginLog({ plugin: plugin.manifest.name, log: options.log });
    this.#sinceMs = this.#now();
  }

  /**
   * Starts a plugin.
   *
   * @throws {PluginStoppedError} if it ends at once, or is not ready in time, unless `isPatient`.
   * @throws {CallError} `permission-exceeds` where more is granted than the program itself may do.
   * @throws {RangeError} if more is granted than the manifest asks for.
   */
  static async start(
    plugin: PluginPackage,
    options: PluginRunnerOptions,
  ): Promise<SupervisedPlugin> {
    const supervised = new SupervisedPlugin(plugin, options);
    let end: PluginEnd | null = null;
    try {
      supervised.#walled = await supervised.#startWalled(options.signal);
    } catch (error) {
      const isPatient = options.isPatient === true && options.signal?.aborted !== true;
      if (!(error instanceof PluginStoppedError) || !isPatient) throw error;
      end = error.end;
    }
    supervised.#supervision = supervised.#supervise(end);
    return supervised;
  }

  /** Returns how it is. */
  status(): PluginStatus {
    return {
      state: this.#state,
      sinceMs: this.#sinceMs,
      restarts: this.#restarts,
      lastEnd: this.#lastEnd,
      openCalls: this.#walled?.openCalls ?? 0,
    };
  }

  /** Has it do something, as `WalledPlugin.call()` does; fails where it does not run. */
  async call(action: string, input: unknown, options: PluginCallOptions): Promise<unknown> {
    if (this.#walled === null) throw new PluginStoppedError(null);
    return await this.#walled.call(action, input, options);
  }

  /** Tells it of an event, as `WalledPlugin.tell()` does; does nothing where it does not run. */
  tell(event: "delivery", data: unknown): Promise<boolean> {
    return this.#walled?.tell(event, data) ?? Promise.resolve(false);
  }

  /** Lets it come to the end of what it is at; it is not started again. Resolves when it is gone. */
  async retire(): Promise<void> {
    this.#control.abort();
    await this.#walled?.retire();
    await this.#supervision;
  }

  /** Stops it; resolves when it is gone, or was given up after a second. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#control.abort();
    await this.#walled?.[Symbol.asyncDispose]();
    await this.#supervision;
  }

  /** Starts it again whenever it ends. */
  async #supervise(startEnd: PluginEnd | null): Promise<void> {
    const { signal } = this.#control;
    let end = startEnd;
    while (!signal.aborted) {
      const walled = this.#walled;
      if (walled !== null) end = await walled.ended;
      this.#walled = null;
      if (signal.aborted) break;
      const delayMs = this.#noteEnd(end ?? "exited");
      if (delayMs === null) return;
      try {
        // One that is busy still takes its memory and its time.
        await walled?.gone;
        await (this.#options.delay ?? waitFor)(delayMs, signal);
        end = await this.#startAgain();
      } catch {
        break;
      }
    }
    this.#enter("stopped");
  }

  /** Says how it ended, and returns when it is started again. */
  #noteEnd(end: PluginEnd): number | null {
    const { name, version } = this.plugin.manifest;
    const delayMs = this.#backOff.next(this.#now());
    this.#lastEnd = end;
    this.#enter(delayMs === null ? "stopped" : "waiting");
    const { log } = this.#options;
    if (delayMs !== null) log.warn("a plugin ended", { plugin: name, version, end, delayMs });
    else log.error("a plugin ended too often: it stays stopped", { plugin: name, version, end });
    return delayMs;
  }

  /** Starts it, and returns how it ended where it did at once. */
  async #startAgain(): Promise<PluginEnd | null> {
    try {
      const walled = await this.#startWalled(this.#control.signal);
      if (this.#control.signal.aborted) {
        await walled[Symbol.asyncDispose]();
        return null;
      }
      this.#walled = walled;
      this.#restarts++;
      this.#enter("running");
      return null;
    } catch (error) {
      if (error instanceof PluginStoppedError) return error.end;
      throw error;
    }
  }

  #startWalled(signal: AbortSignal | undefined): Promise<WalledPlugin> {
    const { granted, asks, storage, startTimeoutMs, runTimeoutMs, memory } = this.#options;
    return WalledPlugin.start(this.plugin, {
      granted,
      asks: new Map([...createStorageAsks(storage), ...asks ?? []]),
      onLog: (text) => this.#pluginLog.say(text),
      signal,
      startTimeoutMs,
      runTimeoutMs,
      memory,
    });
  }

  #enter(state: PluginState): void {
    this.#state = state;
    this.#sinceMs = this.#now();
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}
