/**
 * What one end of a session lets be called, and what it calls itself.
 *
 * @module
 */
import type { Action } from "./action.ts";
import type { ActionSource } from "./action_source.ts";
import type { CallDesk } from "./call_desk.ts";

/**
 * What one end of a session lets be called, and what it calls itself.
 *
 * @example
 * ```ts
 * import {
 *   defineAction,
 *   deliverAsKeeper,
 *   duplexPair,
 *   generateIdentitySeed,
 *   handshakeAsAgent,
 *   handshakeAsKeeper,
 *   importIdentity,
 *   MemorySecretSource,
 *   MemorySecretStore,
 *   randomBytes,
 *   receiveAsAgent,
 *   RsaKeyStock,
 *   type SessionCalls,
 * } from "@fluxvault/fluxvault/protocol";
 *
 * using keys = new RsaKeyStock();
 * const identity = await importIdentity(await generateIdentitySeed());
 * const [agentEnd, keeperEnd] = duplexPair();
 * const [agent, keeper] = await Promise.all([
 *   handshakeAsAgent(agentEnd, { keys, identity, instance: randomBytes(16), software: "shop/1" }),
 *   handshakeAsKeeper(keeperEnd, { policy: () => null }),
 * ]);
 * let token: unknown;
 * const ofAgent: SessionCalls = {
 *   work: async (desk) => void (token = await desk.call("join-token", { signal: desk.signal })),
 * };
 * const ofKeeper: SessionCalls = {
 *   actions: [defineAction("join-token", { run: () => crypto.randomUUID() })],
 * };
 * await Promise.all([
 *   receiveAsAgent(agent, new MemorySecretStore(), { calls: ofAgent }),
 *   deliverAsKeeper(keeper, await MemorySecretSource.from({}), { revision: 1, calls: ofKeeper }),
 * ]);
 * console.assert(typeof token === "string");
 * ```
 */
export interface SessionCalls {
  /** What the peer may call; no name twice. @default {[]} */
  readonly actions?: readonly Action[];
  /** What else the peer may call, as it is at each call. @default {nothing} */
  readonly source?: ActionSource;
  /**
   * Calls the peer: starts with the session, runs beside the delivery, and holds back its end (DONE of an
   * agent, DONE-REPLY of a keeper) until it has resolved.
   *
   * Obligations: it ends once the signal of the desk fires, and is waited for then for 2 s. What it
   * throws ends the session, and is thrown: what shall cost the delivery nothing it has to catch
   * itself.
   *
   * @default {nothing}
   */
  readonly work?: (desk: CallDesk) => Promise<void>;
  /** Is told what an action threw of which the caller learns the code alone. @default {nothing} */
  readonly onFailure?: (failure: ActionFailure) => void;
  /** Is told how many calls are open in both directions, whenever that changes. @default {nothing} */
  readonly onOpen?: (open: number) => void;
}

/** An action that failed. */
export interface ActionFailure {
  /** The name of the action. */
  readonly action: string;
  /** The code that the caller is told. */
  readonly code: string;
  /** What was thrown. */
  readonly error: unknown;
}
