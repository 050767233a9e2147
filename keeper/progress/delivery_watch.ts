/**
 * What is told of deliveries while they are under way.
 *
 * @module
 */
import type { ManifestEntry } from "../../protocol/mod.ts";

/** An agent that contents go to. */
export interface WatchedAgent {
  /** Where it is, as `host:port`; behind a primary, `host:port/component`. */
  readonly address: string;
  /** The app, or `null`. */
  readonly app: string | null;
  /** The component that it says it is, or `null`. */
  readonly component: string | null;
}

/**
 * Is told of deliveries while they are under way.
 *
 * @example
 * ```ts
 * import type { DeliveryWatch } from "@fluxvault/fluxvault/keeper";
 *
 * const sent = new Map<string, number>(); // Bytes on the wire, by agent.
 * const watch: DeliveryWatch = {
 *   begin: ({ address }) => ({
 *     start() {},
 *     send: (bytes) => sent.set(address, (sent.get(address) ?? 0) + bytes),
 *     end: () => sent.delete(address),
 *   }),
 * }; // For `new Keeper({ task: { watch }, ... })`.
 * const delivery = watch.begin({ address: "192.0.2.7:8888", app: null, component: null }, []);
 * delivery.start("db.password", 13);
 * delivery.send(13);
 * console.assert(sent.get("192.0.2.7:8888") === 13);
 * ```
 */
export interface DeliveryWatch {
  /** A delivery begins; what is returned is told how it goes on, and that it has ended. */
  begin(agent: WatchedAgent, entries: readonly ManifestEntry[]): WatchedDelivery;
}

/** Is told how one delivery goes on. */
export interface WatchedDelivery {
  /** Contents of a file are about to leave, so many bytes. */
  start(path: string, bytes: number): void;
  /** Bytes have left. */
  send(bytes: number): void;
  /** The delivery has ended, however it did. */
  end(): void;
}
