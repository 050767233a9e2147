/**
 * The plugins of a keeper that run in it, each behind its walls.
 *
 * @module
 */
import {
  CallError,
  delay,
  type KeeperDelivery,
  type Logger,
  type PluginPackage,
  type PluginPermissions,
} from "../../protocol/mod.ts";
import { join } from "../../protocol/host/mod.ts";
import {
  type PluginCallOptions,
  PluginRunner,
  type PluginStatus,
  PluginStoppedError,
  PluginStorage,
} from "../../protocol/host/plugins/mod.ts";
import { keeperAsks, type KeeperReach } from "./keeper_asks.ts";
import { sharedStorageAsks } from "./shared_storage.ts";
import { ToldPlugin } from "./told_plugin.ts";

/** A plugin that is to run, and what it may do. */
export interface GrantedPlugin {
  /** The plugin. */
  readonly plugin: PluginPackage;
  /** What it may do. */
  readonly granted: PluginPermissions;
}

/** What plugins of a keeper run in. */
export interface PluginHome {
  /** The folder of state: each plugin keeps what it stores in `plugins/NAME` of it. */
  readonly stateFolder: string;
  /** Does what they ask. */
  readonly reach: KeeperReach;
  /** Takes what they log. */
  readonly logger: Logger;
}

/** The folder in that of state in which plugins keep what they store. */
export const PLUGINS_FOLDER = "plugins";

/** How long a plugin may take to come to the end of what it was told. */
const SETTLE_MS = 30_000;

interface RunningPlugin {
  readonly runner: PluginRunner;
  readonly told: ToldPlugin;
}

/** Runs plugins of a keeper; `await using` stops them. */
export class RunningPlugins implements AsyncDisposable {
  readonly #running = new Map<string, RunningPlugin>();

  private constructor() {}

  /**
   * Starts plugins.
   *
   * @throws {CallError} `plugin-stopped` where one does not start; none runs then.
   */
  static async start(plugins: readonly GrantedPlugin[], home: PluginHome): Promise<RunningPlugins> {
    const running = new RunningPlugins();
    try {
      for (const plugin of plugins) await running.#start(plugin, home);
    } catch (error) {
      await running[Symbol.asyncDispose]();
      throw error;
    }
    return running;
  }

  /**
   * Has a plugin do something.
   *
   * @throws {CallError} `unknown-action`, `plugin-stopped`, `timed-out`, `busy`, or a word of the plugin.
   */
  async call(
    name: string,
    order: { readonly action: string; readonly input: unknown },
    options: PluginCallOptions = {},
  ): Promise<unknown> {
    const found = this.#running.get(name);
    if (found === undefined) throw new CallError("unknown-action", "there is no such plugin");
    return await found.runner.call(order.action, order.input, options);
  }

  /** Tells all that want to know how a contact ended; never throws. */
  tell(delivery: KeeperDelivery): void {
    for (const { told } of this.#running.values()) told.tell(delivery);
  }

  /** Waits until all that they were told is done: until the signal, and half a minute at most. */
  async settle(signal: AbortSignal): Promise<void> {
    const settled = Promise.all([...this.#running.values()].map(({ told }) => told.settle()));
    const over = new AbortController();
    const late = delay(SETTLE_MS, AbortSignal.any([signal, over.signal])).catch(() => {});
    await Promise.race([settled, late]);
    over.abort();
  }

  /** Returns how each is, by name. */
  status(): ReadonlyMap<string, PluginStatus> {
    return new Map([...this.#running].map(([name, { runner }]) => [name, runner.status()]));
  }

  /** Stops them all. */
  async [Symbol.asyncDispose](): Promise<void> {
    const running = [...this.#running.values()];
    this.#running.clear();
    await Promise.all(running.map(({ runner }) => runner[Symbol.asyncDispose]()));
  }

  async #start({ plugin, granted }: GrantedPlugin, home: PluginHome): Promise<void> {
    const { stateFolder, reach, logger } = home;
    const { name } = plugin.manifest;
    const folder = join(stateFolder, PLUGINS_FOLDER, name);
    const runner = await PluginRunner.start(plugin, {
      granted,
      asks: new Map([...keeperAsks(name, reach), ...sharedStorageAsks(folder)]),
      // What it stores is in a file that it shares with others; nothing is left for this.
      storage: PluginStorage.inMemory(),
      log: logger,
    }).catch((cause: unknown) => {
      if (!(cause instanceof PluginStoppedError)) throw cause;
      const message = `${name} ended when it was started: ${cause.end}`;
      throw new CallError(cause.code, message, { cause });
    });
    this.#running.set(name, { runner, told: new ToldPlugin(runner, logger) });
  }
}
