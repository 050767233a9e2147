/**
 * One plugin of a program: started, watched, started again, and replaced between its calls.
 *
 * @module
 */
import { CallError } from "../../calls/call_error.ts";
import type { Logger } from "../../logger.ts";
import type { PluginPackage, PluginPermissions } from "../../plugins/mod.ts";
import type { PluginAsks } from "./plugin_asks.ts";
import type { PluginStatus } from "./plugin_status.ts";
import type { PluginStorage } from "./plugin_storage.ts";
import { WalledPlugin } from "./walled_plugin.ts";

/** What a {@linkcode PluginRunner} needs. */
export interface PluginRunnerOptions {
  /** What the plugin may do: never more than its manifest asks for. */
  readonly granted: PluginPermissions;
  /** What it may ask beside its storage, its log and the time. @default {nothing} */
  readonly asks?: PluginAsks;
  /** What it keeps. */
  readonly storage: PluginStorage;
  /** Is told how it is, and what it logs: bounded, escaped, and not too often. */
  readonly log: Logger;
  /** How long it may take to be ready, in milliseconds. @default {15_000} */
  readonly startTimeoutMs?: number;
  /**
   * Whether a plugin that does not start is tried again later, as one that ends is, instead of an error
   * of {@linkcode PluginRunner.start}. @default {false}
   */
  readonly isPatient?: boolean;
  /** The time in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
  /** Waits; rejects with the reason of the signal. @default {the real clock} */
  readonly delay?: (durationMs: number, signal: AbortSignal) => Promise<void>;
}

/** The options of {@linkcode PluginRunner.call}. */
export interface PluginCallOptions {
  /** Ends the call: it rejects with the reason, and the plugin is told. @default {never} */
  readonly signal?: AbortSignal;
  /** Is told how far the call is. @default {nobody} */
  readonly onProgress?: (output: unknown) => void;
}

/**
 * Runs one plugin.
 *
 * @example
 * ```ts
 * import { PluginRunner, PluginStorage } from "./mod.ts";
 * import { SILENT_LOGGER } from "../../logger.ts";
 *
 * const permissions = { net: [], read: [], write: [], env: [] };
 * await using runner = await PluginRunner.start({
 *   manifest: {
 *     name: "greeter",
 *     version: "1.0.0",
 *     describe: "Greets",
 *     side: "agent",
 *     actions: [{ name: "greet", describe: "Greets somebody" }],
 *     events: [],
 *     permissions,
 *     limits: { memoryMb: 32, callTimeoutS: 10 },
 *   },
 *   code: "plugin({ actions: { greet: async (name) => `Hello, ${name}` } });",
 * }, { granted: permissions, storage: PluginStorage.inMemory(), log: SILENT_LOGGER });
 * console.assert(await runner.call("greet", "you") === "Hello, you");
 * ```
 */
export class PluginRunner implements AsyncDisposable {
  #plugin: PluginPackage;
  #walled: WalledPlugin;
  #openCalls = 0;

  private constructor(plugin: PluginPackage, walled: WalledPlugin) {
    this.#plugin = plugin;
    this.#walled = walled;
  }

  /**
   * Starts a plugin.
   *
   * @throws {CallError} `plugin-stopped` where it ends at once, or is not ready in time, unless `isPatient`.
   * @throws {RangeError} if more is granted than the manifest asks for.
   */
  static async start(plugin: PluginPackage, options: PluginRunnerOptions): Promise<PluginRunner> {
    return new PluginRunner(plugin, await startWalled(plugin, options));
  }

  /** The plugin that new calls go to. */
  get plugin(): PluginPackage {
    return this.#plugin;
  }

  /** Returns how it is. */
  status(): PluginStatus {
    const openCalls = this.#openCalls;
    return { state: "running", sinceMs: Date.now(), restarts: 0, lastEnd: null, openCalls };
  }

  /**
   * Has the plugin do something.
   *
   * @param action Its name as the manifest says it.
   * @throws {CallError} `unknown-action`; `plugin-stopped` where it does not run, or ends before the call
   * does; `timed-out`; `busy`; else the word that the plugin gives, or `failed`.
   */
  async call(action: string, input: unknown, options: PluginCallOptions = {}): Promise<unknown> {
    if (!this.#plugin.manifest.actions.some(({ name }) => name === action)) {
      throw new CallError("unknown-action", "the plugin has no such action");
    }
    this.#openCalls++;
    try {
      return await this.#walled.call(action, input, options);
    } finally {
      this.#openCalls--;
    }
  }

  /**
   * Tells the plugin of an event, where its manifest wants to be told; never throws. It is lost where the
   * plugin does not run, or has not come to the end of many others.
   */
  tell(_event: "delivery", _data: unknown): void {}

  /**
   * Puts another plugin in the place of this one: new calls go to it as soon as it is ready, and open ones
   * end on the old one.
   *
   * @throws {CallError} `plugin-stopped` where the new one does not start: the old one stays as it is.
   */
  async replace(plugin: PluginPackage, options: PluginRunnerOptions): Promise<void> {
    const walled = await startWalled(plugin, options);
    const old = this.#walled;
    this.#plugin = plugin;
    this.#walled = walled;
    await old[Symbol.asyncDispose]();
  }

  /** Stops the plugin; resolves when it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#walled[Symbol.asyncDispose]();
  }
}

function startWalled(plugin: PluginPackage, options: PluginRunnerOptions): Promise<WalledPlugin> {
  const { startTimeoutMs = 15_000 } = options;
  return WalledPlugin.start(plugin, { startTimeoutMs });
}
