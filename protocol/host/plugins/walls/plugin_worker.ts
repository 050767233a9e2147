/**
 * The worker that holds a plugin, as its host sees it: texts go in and come out, and at last an end.
 *
 * @module
 */
import type { PluginPackage, PluginPermissions } from "../../../plugins/mod.ts";
import type { PluginEnd } from "../plugin_end.ts";
import { MAX_PLUGIN_MESSAGE_LENGTH } from "../plugin_messages.ts";
import { REALM_SCRIPT } from "./realm_script.ts";
import { THREAD_SCRIPT } from "./thread_script.ts";
import { WORKER_ASKS, WORKER_SCRIPT } from "./worker_script.ts";

/** What a {@linkcode PluginWorker} needs. */
export interface PluginWorkerOptions {
  /** What the plugin may do. */
  readonly granted: PluginPermissions;
  /** What it may ask of the host. */
  readonly askNames: readonly string[];
  /** How long its script may run at first, in milliseconds. */
  readonly startMs: number;
  /** How long its code may run without giving way, in milliseconds. */
  readonly runMs: number;
  /** Is told what it says; never trusted. */
  readonly onMessage: (data: unknown) => void;
  /** Is told how it ended, perhaps more than once. */
  readonly onEnd: (end: PluginEnd) => void;
  /** Is told that its thread is gone. */
  readonly onGone: () => void;
}

/** How many messages of a plugin may wait for its host. */
const MAX_UNREAD = 512;
/** How much a plugin may say in one go, in UTF-16 units; a text that it writes to a file is in this. */
const MAX_OUTGOING_LENGTH = 4 * 1_048_576;

const ENDS: readonly string[] = [
  "exited",
  "flooded",
  "malformed",
  "memory",
  "stopped",
  "threw",
  "timed-out",
];

/** Starts walls around a plugin, and talks through them. */
export class PluginWorker {
  readonly #worker: Worker;

  /**
   * Starts the worker; the plugin comes later.
   *
   * @throws {Deno.errors.NotCapable} if more is granted than the program itself may do.
   */
  constructor({ manifest, code }: PluginPackage, options: PluginWorkerOptions) {
    const { granted: { net, read, write, env }, onMessage, onEnd, onGone } = options;
    const permissions = {
      env: [...env],
      ffi: false,
      import: false,
      net: [...net],
      read: [...read],
      run: false,
      sys: false,
      write: [...write],
    };
    this.#worker = new Worker(`data:text/javascript,${encodeURIComponent(WORKER_SCRIPT)}`, {
      type: "module",
      deno: { permissions },
    });
    this.#worker.onmessage = ({ data }) => {
      if (typeof data !== "object" || data === null || !("end" in data)) return onMessage(data);
      onEnd(ENDS.includes(data.end) ? data.end : "exited");
      if (data.gone === true) onGone();
    };
    this.#worker.onerror = (event) => {
      // The program would print it, and end.
      event.preventDefault();
      onEnd("exited");
      onGone();
    };
    this.#worker.postMessage({
      script: THREAD_SCRIPT,
      memoryMb: manifest.limits.memoryMb,
      workerData: {
        realm: REALM_SCRIPT,
        code: `"use strict";${code}`,
        askNames: JSON.stringify(listAsks(options.askNames)),
        startMs: options.startMs,
        runMs: options.runMs,
        // The name of the message and its numbers are in it as well.
        maxMessage: MAX_PLUGIN_MESSAGE_LENGTH - 256,
        maxOutgoing: MAX_OUTGOING_LENGTH,
        maxUnread: MAX_UNREAD,
      },
    });
  }

  /** Tells the plugin something, as JSON. */
  tell(message: Readonly<Record<string, unknown>>): void {
    this.#worker.postMessage(JSON.stringify(message));
  }

  /** Says that so many of its messages were read. */
  confirm(count: number): void {
    this.#worker.postMessage(count);
  }

  /** Has the thread end as soon as no code of the plugin runs in it. */
  stop(): void {
    this.#worker.postMessage(null);
  }

  /** Takes the worker away; a thread that is busy goes on for what its code may still run. */
  remove(): void {
    this.#worker.terminate();
  }
}

interface ListedAsk {
  readonly channel: "h" | "w";
  readonly name: string;
  readonly group?: string;
}

function listAsks(names: readonly string[]): ListedAsk[] {
  const ofHost = names.map((whole): ListedAsk => {
    const [first = "", second] = whole.split(".");
    return second === undefined
      ? { channel: "h", name: first }
      : { channel: "h", name: second, group: first };
  });
  return [...WORKER_ASKS.map((name): ListedAsk => ({ channel: "w", name })), ...ofHost];
}
