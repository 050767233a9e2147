/**
 * Runs the plugins of an agent behind walls, with what each keeps in a folder of its own.
 *
 * @module
 */
import type { Logger, PluginPackage } from "../../protocol/mod.ts";
import { join } from "../../protocol/host/mod.ts";
import {
  type PluginAsk,
  type PluginAsks,
  PluginRunner,
  type PluginRunnerOptions,
  PluginStorage,
} from "../../protocol/host/plugins/mod.ts";
import { PLUGINS_FOLDER_NAME } from "./disk_plugin_store.ts";
import { PluginFiles, type PluginFilesParts } from "./plugin_files.ts";
import type { PluginHost, PluginStartOptions, RunningPlugin } from "./running_plugin.ts";

/** What a {@linkcode WalledPluginHost} works with. */
export interface WalledPluginHostParts extends PluginFilesParts {
  /** The real path of the state folder. */
  readonly stateFolder: string;
  /** Is told how plugins are, and what they log. */
  readonly logger: Logger;
}

/** The name of the folder with what plugins keep, in that of the plugins. */
const STORAGE_FOLDER_NAME = "storage";

/** Runs plugins behind walls. */
export class WalledPluginHost implements PluginHost {
  readonly #parts: WalledPluginHostParts;
  readonly #storages = new Map<string, PluginStorage>();

  /** Runs nothing yet. */
  constructor(parts: WalledPluginHostParts) {
    this.#parts = parts;
  }

  /** See {@linkcode PluginHost.start}. */
  async start(
    plugin: PluginPackage,
    { isPatient, signal }: PluginStartOptions,
  ): Promise<RunningPlugin> {
    const storage = await this.#openStorage(plugin.manifest.name);
    let files = this.#filesOf(plugin);
    const optionsOf = (plugin: PluginPackage, files: PluginFiles): PluginRunnerOptions => ({
      granted: plugin.manifest.permissions,
      asks: asksOf(files),
      storage,
      log: this.#parts.logger,
      signal,
    });
    const runner = await PluginRunner.start(plugin, { ...optionsOf(plugin, files), isPatient });
    return {
      status: () => runner.status(),
      call: (action, input, options) => runner.call(action, input, options),
      noteDelivery: (report) => {
        if (!runner.plugin.manifest.events.includes("delivery")) return;
        runner.tell("delivery", files.tellOf(report));
      },
      replace: async (next) => {
        const nextFiles = this.#filesOf(next);
        await runner.replace(next, optionsOf(next, nextFiles));
        files = nextFiles;
      },
      [Symbol.asyncDispose]: () => runner[Symbol.asyncDispose](),
    };
  }

  /** See {@linkcode PluginHost.forget}. */
  async forget(name: string): Promise<void> {
    await this.#settleStorage(name);
    try {
      await Deno.remove(this.#folderOf(name), { recursive: true });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      const reason = error instanceof Error ? error.message : String(error);
      this.#parts.logger.warn("what a plugin kept cannot be removed", { name, reason });
    }
  }

  async #openStorage(name: string): Promise<PluginStorage> {
    const storage = this.#storages.get(name) ?? await PluginStorage.open(this.#folderOf(name));
    this.#storages.set(name, storage);
    return storage;
  }

  /** Waits for what is being written, which would make the folder anew: whoever writes last ends last. */
  async #settleStorage(name: string): Promise<void> {
    const storage = this.#storages.get(name);
    if (storage === undefined) return;
    this.#storages.delete(name);
    const [key] = storage.list();
    await (key === undefined ? storage.set(name, null) : storage.delete(key)).catch(() => {});
  }

  #folderOf(name: string): string {
    return join(this.#parts.stateFolder, PLUGINS_FOLDER_NAME, STORAGE_FOLDER_NAME, name);
  }

  #filesOf({ manifest: { permissions } }: PluginPackage): PluginFiles {
    return new PluginFiles(this.#parts, permissions);
  }
}

function asksOf(files: PluginFiles): PluginAsks {
  return new Map<string, PluginAsk>([
    ["files.list", () => Promise.resolve(files.list())],
    ["files.readText", ([path]) => files.readText(path)],
  ]);
}
