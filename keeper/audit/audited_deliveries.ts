/**
 * What nodes of the original hold, put on record when it is kept: that wire tells it afterwards alone.
 *
 * @module
 */
import { decodeHex, DIGEST_BYTES } from "../../protocol/mod.ts";
import type { DeliveriesState, DeliveriesStore } from "../original/mod.ts";
import type { AuditEvent } from "./log/mod.ts";
import type { AuditRecorder } from "./audit_recorder.ts";

/**
 * Keeps deliveries in a store, and records what is new in them, of an app or `null`.
 *
 * @example
 * ```ts
 * import {
 *   AuditedDeliveries,
 *   AuditRecorder,
 *   createContentsFingerprint,
 *   type DeliveriesState,
 *   type DeliveriesStore,
 *   MemoryAuditLog,
 * } from "@fluxvault/fluxvault/keeper";
 *
 * const log = new MemoryAuditLog();
 * const fingerprint = await createContentsFingerprint(crypto.getRandomValues(new Uint8Array(32)));
 * const memory: DeliveriesStore = {
 *   load: () => Promise.resolve(new Map()),
 *   merge: () => Promise.resolve(),
 * };
 * const deliveries = new AuditedDeliveries(memory, new AuditRecorder(log, { fingerprint }), {
 *   app: "shop",
 * }); // For `new Keeper({ deliveries, ... })`.
 * const files = new Map([["motd", "ab".repeat(32)]]);
 * const held: DeliveriesState = new Map([["192.0.2.7:39898", files]]);
 * await deliveries.merge(held);
 * await deliveries.merge(held); // No news.
 * console.assert(log.lines.length === 1 && JSON.parse(log.lines[0] ?? "").path === "motd");
 * ```
 */
export class AuditedDeliveries implements DeliveriesStore {
  readonly #store: DeliveriesStore;
  readonly #recorder: AuditRecorder;
  readonly #app: string | null;
  readonly #known = new Map<string, Map<string, string>>();

  /** Keeps in this store, and writes to this log. */
  constructor(
    store: DeliveriesStore,
    recorder: AuditRecorder,
    options: { readonly app: string | null },
  ) {
    this.#store = store;
    this.#recorder = recorder;
    this.#app = options.app;
  }

  /** Reads what is kept. */
  async load(): Promise<DeliveriesState> {
    const state = await this.#store.load();
    this.#remember(state);
    return state;
  }

  /**
   * Adds to what is kept.
   *
   * @throws {AuditError} if it cannot be put on record; it is not kept then, and comes again.
   */
  async merge(news: DeliveriesState): Promise<void> {
    const events: AuditEvent[] = [];
    for (const [node, files] of news) {
      for (const [path, digest] of files) {
        if (this.#known.get(node)?.get(path) === digest) continue;
        events.push(await this.#describe(node, { path, digest }));
      }
    }
    if (events.length > 0) await this.#recorder.append(events);
    this.#remember(news);
    await this.#store.merge(news);
  }

  async #describe(
    node: string,
    { path, digest }: { readonly path: string; readonly digest: string },
  ): Promise<AuditEvent> {
    const bytes = decodeHex(digest, DIGEST_BYTES) ?? new Uint8Array(0);
    const contents = await this.#recorder.fingerprint(bytes);
    const agent = { app: this.#app, component: null, address: node, fingerprint: null };
    return { event: "held", ...agent, trust: "address", wire: "original", path, contents };
  }

  #remember(state: DeliveriesState): void {
    for (const [node, files] of state) {
      const known = this.#known.get(node) ?? new Map<string, string>();
      for (const [path, digest] of files) known.set(path, digest);
      this.#known.set(node, known);
    }
  }
}
