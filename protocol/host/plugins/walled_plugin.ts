/**
 * A plugin that runs behind walls, and the one way to have it do something.
 *
 * @module
 */
import { CallError } from "../../calls/call_error.ts";
import { createDeferred, type Deferred } from "../../deferred.ts";
import { findExcessGrants, type PluginPackage, type PluginPermissions } from "../../plugins/mod.ts";
import { AskDesk, type AskMessage } from "./ask_desk.ts";
import { type MemoryUser, type MemoryWatch, SHARED_MEMORY_WATCH } from "./limits/memory_watch.ts";
import type { PluginAsks } from "./plugin_asks.ts";
import { PluginCall, type PluginCallOptions } from "./plugin_call.ts";
import { type PluginEnd, PluginStoppedError } from "./plugin_end.ts";
import {
  MAX_PLUGIN_MESSAGE_LENGTH,
  parsePluginMessage,
  type PluginMessage,
} from "./plugin_messages.ts";
import { PluginWorker } from "./walls/plugin_worker.ts";
import { RateLimit } from "./limits/rate_limit.ts";

/** What a {@linkcode WalledPlugin} needs. */
export interface WalledPluginOptions {
  /** What it may do; never more than its manifest asks for. */
  readonly granted: PluginPermissions;
  /** What it may ask. */
  readonly asks: PluginAsks;
  /** Is told what it logs: at most 1,024 characters of any kind, and not more often than 200 times a second. */
  readonly onLog: (text: string) => void;
  /** Stops it while it is not ready. @default {never} */
  readonly signal?: AbortSignal | undefined;
  /** How long it may take to be ready, in milliseconds. @default {15_000} */
  readonly startTimeoutMs?: number | undefined;
  /** How long a call may take, in milliseconds. @default {what its manifest says} */
  readonly callTimeoutMs?: number | undefined;
  /** How long its code may run without giving way, in milliseconds. @default {10_000} */
  readonly runTimeoutMs?: number | undefined;
  /** Watches how much memory it takes. @default {SHARED_MEMORY_WATCH} */
  readonly memory?: MemoryWatch | undefined;
}

const START_TIMEOUT_MS = 15_000;
const RUN_TIMEOUT_MS = 10_000;
/** How long a thread that is not busy is given to end. */
const STOP_TIMEOUT_MS = 1_000;
const MAX_OPEN_CALLS = 64;
const MAX_OPEN_EVENTS = 8;
const MESSAGES_AT_ONCE = 2_000;
const MESSAGES_PER_SECOND = 200;

/**
 * A running plugin; needs `--unstable-worker-options`.
 *
 * The first plugin of a process takes about 32 MB of memory, each more 20 MB, beside what it uses itself,
 * and starts within a second. Its code runs for 10 s at most without giving way: so long one that was
 * stopped in a loop goes on, since Deno cannot end a busy thread. Under `--max-old-space-size` that is the
 * cap of its heap as well, whatever its manifest says; the size of the process is watched for that.
 */
export class WalledPlugin {
  readonly #options: WalledPluginOptions;
  readonly #callTimeoutMs: number;
  readonly #runTimeoutMs: number;
  readonly #manifest: PluginPackage["manifest"];
  readonly #worker: PluginWorker;
  readonly #memory: MemoryWatch;
  readonly #user: MemoryUser;
  readonly #rate = new RateLimit({ burst: MESSAGES_AT_ONCE, perSecond: MESSAGES_PER_SECOND });
  readonly #ready: Deferred<void> = createDeferred<void>();
  readonly #ended: Deferred<PluginEnd> = createDeferred<PluginEnd>();
  readonly #gone: Deferred<void> = createDeferred<void>();
  readonly #calls = new Map<number, PluginCall>();
  readonly #events = new Set<number>();
  readonly #desk: AskDesk;
  #lastId = 0;
  #isRetiring = false;
  #isGone = false;
  #end: PluginEnd | null = null;
  #removal: ReturnType<typeof setTimeout> | undefined;

  private constructor(plugin: PluginPackage, options: WalledPluginOptions) {
    const { limits } = plugin.manifest;
    this.#options = options;
    this.#manifest = plugin.manifest;
    this.#callTimeoutMs = options.callTimeoutMs ?? limits.callTimeoutS * 1_000;
    this.#runTimeoutMs = Math.min(options.runTimeoutMs ?? RUN_TIMEOUT_MS, this.#callTimeoutMs);
    this.#memory = options.memory ?? SHARED_MEMORY_WATCH;
    this.#user = {
      maxBytes: limits.memoryMb * 1_048_576,
      stop: () => this.#finish("memory"),
    };
    this.#desk = new AskDesk(options.asks);
    this.#ready.promise.catch(() => {});
    this.#worker = new PluginWorker(plugin, {
      granted: options.granted,
      askNames: [...options.asks.keys()],
      startMs: options.startTimeoutMs ?? START_TIMEOUT_MS,
      runMs: this.#runTimeoutMs,
      onMessage: (data) => this.#take(data),
      onEnd: (end) => this.#finish(end),
      onGone: () => this.#remove(),
    });
    this.#memory.begin(this.#user);
  }

  /**
   * Starts a plugin.
   *
   * @throws {RangeError} if more is granted than its manifest asks for.
   * @throws {PluginStoppedError} if it ends, is not ready in time, or has not the actions of its manifest.
   * @throws {CallError} `permission-exceeds` where more is granted than the program itself may do.
   */
  static async start(plugin: PluginPackage, options: WalledPluginOptions): Promise<WalledPlugin> {
    const { signal } = options;
    if (signal?.aborted === true) throw new PluginStoppedError("stopped");
    const exceeding = findExcessGrants(options.granted, plugin.manifest.permissions);
    if (exceeding.length > 0) throw new RangeError("a plugin is granted what it does not ask for");
    let walled: WalledPlugin;
    try {
      walled = new WalledPlugin(plugin, options);
    } catch (error) {
      // A name that no host can have, or a port over 65,535, is one that nobody may.
      const isRefused = error instanceof Deno.errors.NotCapable || error instanceof URIError;
      if (!isRefused) throw error;
      const text = "the program itself may not do what the plugin asks for";
      throw new CallError("permission-exceeds", text, { cause: error });
    }
    const timer = setTimeout(
      () => walled.#finish("timed-out"),
      options.startTimeoutMs ?? START_TIMEOUT_MS,
    );
    const onAbort = () => walled.#finish("stopped");
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      await walled.#ready.promise;
      return walled;
    } catch (error) {
      await walled[Symbol.asyncDispose]();
      throw error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      walled.#memory.end(walled.#user);
    }
  }

  /** Resolves when it runs no more, and says why; never rejects. */
  get ended(): Promise<PluginEnd> {
    return this.#ended.promise;
  }

  /** Resolves when its thread is gone as well, or was given up; never rejects. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** How many calls are open. */
  get openCalls(): number {
    return this.#calls.size - this.#events.size;
  }

  /**
   * Has the plugin do something.
   *
   * @throws {CallError} `busy` where 64 calls are open; `timed-out`; `plugin-stopped` where the plugin ends
   * before the call does; else the word that the plugin gives, or `failed`.
   * @throws {RangeError} if the input has more than 262,144 characters of JSON.
   * @throws The reason of the signal.
   */
  async call(action: string, input: unknown, options: PluginCallOptions = {}): Promise<unknown> {
    options.signal?.throwIfAborted();
    if (this.#end !== null) throw new PluginStoppedError(this.#end);
    if (this.openCalls >= MAX_OPEN_CALLS) throw new CallError("busy", "the plugin is busy");
    const what = { kind: "call", name: action, input: copyInput(input) };
    return await this.#begin(++this.#lastId, what, options).result;
  }

  /**
   * Tells the plugin of an event; it is lost where the plugin is busy with eight others.
   *
   * @returns Whether the plugin came to the end of it; never rejects.
   * @throws {RangeError} if the data has more than 262,144 characters of JSON.
   */
  tell(event: "delivery", data: unknown): Promise<boolean> {
    const what = { kind: "event", name: event, input: copyInput(data) };
    if (this.#end !== null || this.#events.size >= MAX_OPEN_EVENTS) return Promise.resolve(false);
    const id = ++this.#lastId;
    this.#events.add(id);
    return this.#begin(id, what, {}).result.then(() => true, () => false);
  }

  /** Lets it come to the end of what it is at, and stops it then; resolves when its worker is gone. */
  async retire(): Promise<void> {
    this.#isRetiring = true;
    if (this.#calls.size === 0) this.#finish("stopped");
    await this.#gone.promise;
  }

  /** Stops the plugin, and with it every call; resolves when its worker is gone, 1 s later at most. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#finish("stopped");
    if (!this.#isGone) this.#removeIn(STOP_TIMEOUT_MS);
    await this.#gone.promise;
  }

  #begin(
    id: number,
    what: { readonly kind: string; readonly name: string; readonly input: unknown },
    options: PluginCallOptions,
  ): PluginCall {
    const call = new PluginCall({
      ...options,
      timeoutMs: this.#callTimeoutMs,
      onCancel: () => this.#worker.tell({ Kind: "cancel", Id: id }),
      onOverrun: () => this.#finish("timed-out"),
      onClose: () => {
        this.#calls.delete(id);
        this.#events.delete(id);
        this.#memory.end(this.#user);
        if (this.#isRetiring && this.#calls.size === 0) this.#finish("stopped");
      },
    });
    this.#calls.set(id, call);
    this.#memory.begin(this.#user);
    this.#worker.tell({ Kind: what.kind, Id: id, Name: what.name, Input: what.input });
    return call;
  }

  #take(data: unknown): void {
    if (this.#end !== null) return;
    const message = parsePluginMessage(data);
    if (message === null) return this.#finish("malformed");
    if (!this.#isPaced(message) && !this.#rate.take()) return this.#finish("flooded");
    this.#worker.confirm(1);
    if (message.kind === "ready") return this.#getReady(message.actions, message.events);
    if (message.kind === "ask") return void this.#answer(message);
    const call = this.#calls.get(message.id);
    if (call === undefined) return;
    switch (message.kind) {
      case "log":
        return this.#options.onLog(message.text);
      case "progress":
        return call.progress(message.output);
      case "result":
        return call.resolve(message.output);
      case "failed":
        return call.reject(new CallError(message.code, "the plugin's action failed"));
    }
  }

  /** Tells whether something else holds back how often it says this. */
  #isPaced(message: PluginMessage): boolean {
    // For as long as a call is open the desk lets it wait for the answers.
    if (message.kind === "ask") return this.#calls.has(message.call) && !this.#desk.isFull;
    // How often it comes to the end of a call is up to whoever calls it.
    const isEnd = message.kind === "result" || message.kind === "failed";
    return isEnd && this.#calls.has(message.id);
  }

  #getReady(actions: readonly string[], events: readonly string[]): void {
    const isComplete = this.#manifest.actions.every(({ name }) => actions.includes(name)) &&
      this.#manifest.events.every((name) => events.includes(name));
    if (isComplete) this.#ready.resolve();
    else this.#finish("malformed");
  }

  async #answer(message: AskMessage): Promise<void> {
    const signal = this.#calls.get(message.call)?.signal ?? null;
    const reply = await this.#desk.answer(message, signal);
    if (this.#end === null) this.#worker.tell(reply);
  }

  #finish(end: PluginEnd): void {
    if (this.#end !== null) return;
    this.#end = end;
    const error = new PluginStoppedError(end);
    this.#ready.reject(error);
    for (const call of this.#calls.values()) call.reject(error);
    this.#worker.stop();
    // A thread that is busy ends by itself when its code has run for as long as it may.
    this.#removeIn(this.#runTimeoutMs + STOP_TIMEOUT_MS);
    this.#ended.resolve(end);
  }

  #removeIn(durationMs: number): void {
    clearTimeout(this.#removal);
    this.#removal = setTimeout(() => this.#remove(), durationMs);
  }

  #remove(): void {
    clearTimeout(this.#removal);
    this.#isGone = true;
    this.#worker.remove();
    this.#gone.resolve();
  }
}

/** Returns a value as the plugin will read it: as JSON. */
function copyInput(value: unknown): unknown {
  const text = JSON.stringify(value ?? null) ?? "null";
  if (text.length > MAX_PLUGIN_MESSAGE_LENGTH) {
    throw new RangeError("what a plugin is told has over 262,144 characters of JSON");
  }
  return JSON.parse(text);
}
