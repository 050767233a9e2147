/**
 * A plugin that runs behind walls, and the one way to have it do something.
 *
 * @module
 */
import { CallError, createDeferred, type Deferred, type PluginPackage } from "../../mod.ts";
import { MAX_PLUGIN_MESSAGE_LENGTH, parsePluginMessage } from "./plugin_messages.ts";
import type { PluginEnd } from "./plugin_end.ts";
import { OUTER_SCRIPT, REALM_SCRIPT, THREAD_SCRIPT } from "./plugin_walls.ts";

/** The options of {@linkcode WalledPlugin.start}. */
export interface WalledPluginOptions {
  /** Is told what the plugin logs; never trusted text. @default {nothing is kept} */
  readonly onLog?: (text: string) => void;
  /** How long it may take to be ready, in milliseconds. @default {15_000} */
  readonly startTimeoutMs?: number;
  /** How long a call may take, in milliseconds. @default {what its manifest says} */
  readonly callTimeoutMs?: number;
}

/** The options of {@linkcode WalledPlugin.call}. */
export interface PluginCallOptions {
  /** Is told how far the call is. */
  readonly onProgress?: (output: unknown) => void;
}

interface OpenCall {
  readonly deferred: Deferred<unknown>;
  readonly onProgress: ((output: unknown) => void) | undefined;
  readonly timer: ReturnType<typeof setTimeout>;
}

const MAX_UNREAD = 256;
const MAX_OPEN_CALLS = 64;
/** How long the thread is given to end before its worker is taken away as well. */
const STOP_TIMEOUT_MS = 1_000;

/**
 * A running plugin, which has no permission at all; needs `--unstable-worker-options`.
 *
 * Deno lets a thread that is in an endless loop go on for up to two seconds after it was stopped. The
 * cap of the heap is that of the process where `--max-old-space-size` is given to V8.
 */
export class WalledPlugin {
  readonly #worker: Worker;
  readonly #options: WalledPluginOptions;
  readonly #callTimeoutMs: number;
  readonly #ready: Deferred<readonly string[]> = createDeferred();
  readonly #ended: Deferred<PluginEnd> = createDeferred();
  readonly #removed: Deferred<void> = createDeferred();
  readonly #calls = new Map<number, OpenCall>();
  #lastId = 0;
  #end: PluginEnd | null = null;
  #removal: ReturnType<typeof setTimeout> | undefined;

  private constructor({ manifest, code }: PluginPackage, options: WalledPluginOptions) {
    this.#options = options;
    this.#callTimeoutMs = options.callTimeoutMs ?? manifest.limits.callTimeoutS * 1_000;
    const walls = { type: "module", deno: { permissions: "none" } } as const;
    this.#worker = new Worker(`data:text/javascript,${encodeURIComponent(OUTER_SCRIPT)}`, walls);
    this.#worker.onmessage = ({ data }) => this.#take(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#finish("threw");
      this.#remove();
    };
    this.#worker.postMessage({
      script: THREAD_SCRIPT,
      memoryMb: manifest.limits.memoryMb,
      workerData: {
        realm: REALM_SCRIPT,
        code,
        maxUnread: MAX_UNREAD,
        maxLength: MAX_PLUGIN_MESSAGE_LENGTH,
      },
    });
  }

  /**
   * Starts a plugin.
   *
   * @throws {CallError} `plugin-stopped` where it ends, or is not ready in time.
   * @throws {CallError} `permissions-unsupported` where it asks for any: none can be given yet.
   */
  static async start(
    plugin: PluginPackage,
    options: WalledPluginOptions = {},
  ): Promise<WalledPlugin> {
    if (Object.values(plugin.manifest.permissions).some((grants) => grants.length > 0)) {
      throw new CallError("permissions-unsupported", "no plugin can be given permissions yet");
    }
    const walled = new WalledPlugin(plugin, options);
    const timer = setTimeout(() => walled.#finish("timed-out"), options.startTimeoutMs ?? 15_000);
    try {
      await walled.#ready.promise;
      return walled;
    } catch (error) {
      await walled.#removed.promise;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Resolves when it runs no more, and says why; never rejects. */
  get ended(): Promise<PluginEnd> {
    return this.#ended.promise;
  }

  /**
   * Has the plugin do something.
   *
   * @throws {CallError} `busy` where 64 calls are open; `plugin-stopped` where the plugin ends before the
   * call does; else the word that the plugin gives, or `failed`.
   */
  async call(action: string, input: unknown, options: PluginCallOptions = {}): Promise<unknown> {
    if (this.#end !== null) throw stoppedError(this.#end);
    if (this.#calls.size >= MAX_OPEN_CALLS) throw new CallError("busy", "the plugin is busy");
    const id = ++this.#lastId;
    const deferred = createDeferred<unknown>();
    // Nothing else stops a loop: who does not answer in time is stopped as a whole.
    const timer = setTimeout(() => this.#finish("timed-out"), this.#callTimeoutMs);
    this.#calls.set(id, { deferred, onProgress: options.onProgress, timer });
    this.#worker.postMessage(JSON.stringify({ Id: id, Action: action, Input: input }));
    return await deferred.promise;
  }

  /** Stops the plugin, and with it every call; resolves when its worker was taken away, 1 s at most. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#finish("stopped");
    await this.#removed.promise;
  }

  #take(data: unknown): void {
    if (typeof data === "object" && data !== null && "end" in data) {
      this.#finish(data.end as PluginEnd);
      return this.#remove();
    }
    if (this.#end !== null) return;
    const message = parsePluginMessage(data);
    if (message === null) return this.#finish("malformed");
    this.#worker.postMessage(1);
    if (message.kind === "ready") return this.#ready.resolve(message.actions);
    if (message.kind === "log") return this.#options.onLog?.(message.text);
    const call = this.#calls.get(message.id);
    if (call === undefined) return;
    if (message.kind === "progress") return call.onProgress?.(message.output);
    clearTimeout(call.timer);
    this.#calls.delete(message.id);
    if (message.kind === "failed") {
      call.deferred.reject(new CallError(message.code, "the plugin's action failed"));
    } else call.deferred.resolve(message.output);
  }

  #finish(end: PluginEnd): void {
    if (this.#end !== null) return;
    this.#end = end;
    const error = stoppedError(end);
    this.#ready.promise.catch(() => {});
    this.#ready.reject(error);
    for (const { deferred, timer } of this.#calls.values()) {
      clearTimeout(timer);
      deferred.reject(error);
    }
    this.#calls.clear();
    this.#worker.postMessage(null);
    this.#removal = setTimeout(() => this.#remove(), STOP_TIMEOUT_MS);
    this.#ended.resolve(end);
  }

  #remove(): void {
    clearTimeout(this.#removal);
    this.#worker.terminate();
    this.#removed.resolve();
  }
}

function stoppedError(end: PluginEnd): CallError {
  return new CallError("plugin-stopped", `the plugin was stopped: ${end}`);
}
