/**
 * One plugin of a program, which another version takes the place of between its calls.
 *
 * @module
 */
import { CallError, UNKNOWN_ACTION } from "../../calls/call_error.ts";
import type { PluginPackage } from "../../plugins/mod.ts";
import type { PluginCallOptions } from "./plugin_call.ts";
import { PluginStoppedError } from "./plugin_end.ts";
import type { PluginRunnerOptions } from "./plugin_runner_options.ts";
import type { PluginStatus } from "./plugin_status.ts";
import { SupervisedPlugin } from "./supervised_plugin.ts";

/** How many of those before may be at work on what they began. */
const MAX_RETIRED = 2;

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
  #current: SupervisedPlugin;
  /** Those in whose place another one was put, and who are at work still. */
  readonly #retired = new Map<SupervisedPlugin, Promise<void>>();
  #replacing: Promise<void> = Promise.resolve();
  readonly #disposal = new AbortController();

  private constructor(current: SupervisedPlugin) {
    this.#current = current;
  }

  /**
   * Starts a plugin.
   *
   * @throws {PluginStoppedError} if it ends at once, or is not ready in time, unless `isPatient`.
   * @throws {CallError} `permission-exceeds` where more is granted than the program itself may do.
   * @throws {RangeError} if more is granted than the manifest asks for.
   */
  static async start(plugin: PluginPackage, options: PluginRunnerOptions): Promise<PluginRunner> {
    return new PluginRunner(await SupervisedPlugin.start(plugin, options));
  }

  /** The plugin that new calls go to. */
  get plugin(): PluginPackage {
    return this.#current.plugin;
  }

  /** Returns how it is; the calls that end on earlier versions are counted, too. */
  status(): PluginStatus {
    const status = this.#current.status();
    const older = [...this.#retired.keys()].map((retired) => retired.status().openCalls);
    return { ...status, openCalls: older.reduce((sum, count) => sum + count, status.openCalls) };
  }

  /**
   * Has the plugin do something.
   *
   * @param action Its name as the manifest says it.
   * @throws {CallError} `unknown-action`; `plugin-stopped` where it does not run, or ends before the call
   * does; `timed-out`; `busy` where 64 calls are open; else the word that the plugin gives, or `failed`.
   * @throws {RangeError} if the input has more than 262,144 characters of JSON.
   * @throws The reason of the signal.
   */
  async call(action: string, input: unknown, options: PluginCallOptions = {}): Promise<unknown> {
    if (!this.plugin.manifest.actions.some(({ name }) => name === action)) {
      throw new CallError(UNKNOWN_ACTION, "the plugin has no such action");
    }
    return await this.#current.call(action, input, options);
  }

  /**
   * Tells the plugin of an event, where its manifest wants to be told. It is lost where the plugin does not
   * run, or is busy with eight others.
   *
   * @returns Whether the plugin came to the end of it; never rejects.
   * @throws {RangeError} if the data has more than 262,144 characters of JSON.
   */
  tell(event: "delivery", data: unknown): Promise<boolean> {
    if (!this.plugin.manifest.events.includes(event)) return Promise.resolve(false);
    return this.#current.tell(event, data);
  }

  /**
   * Puts another plugin in the place of this one: new calls go to it as soon as it is ready, and open ones
   * end on the old one; on one before the two last ones they fail with `plugin-stopped`.
   *
   * @throws {PluginStoppedError} if the new one does not start (unless `isPatient`): the old one stays.
   * @throws {CallError} `permission-exceeds` where more is granted than the program itself may do.
   * @throws {RangeError} if more is granted than the manifest asks for.
   */
  replace(plugin: PluginPackage, options: PluginRunnerOptions): Promise<void> {
    const replaced = this.#replacing.then(() => this.#replace(plugin, options));
    this.#replacing = replaced.catch(() => {});
    return replaced;
  }

  /** Stops the plugin, and what is left of those before it; resolves when all are gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposal.abort();
    const disposed = [this.#current, ...this.#retired.keys()].map((supervised) =>
      supervised[Symbol.asyncDispose]()
    );
    await Promise.all([...disposed, ...this.#retired.values(), this.#replacing]);
  }

  async #replace(plugin: PluginPackage, options: PluginRunnerOptions): Promise<void> {
    const { signal: disposal } = this.#disposal;
    const signal = options.signal === undefined
      ? disposal
      : AbortSignal.any([disposal, options.signal]);
    const next = await SupervisedPlugin.start(plugin, { ...options, signal });
    if (disposal.aborted) {
      await next[Symbol.asyncDispose]();
      throw new PluginStoppedError("stopped");
    }
    const old = this.#current;
    this.#current = next;
    // Each takes its memory for as long as its calls take.
    const [oldest] = this.#retired.keys();
    if (this.#retired.size >= MAX_RETIRED) void oldest?.[Symbol.asyncDispose]();
    this.#retired.set(old, old.retire().finally(() => this.#retired.delete(old)));
  }
}
