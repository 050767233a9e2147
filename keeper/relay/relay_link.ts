/**
 * A way to the agents behind a primary, over one session with it, shared by all who use it.
 *
 * @module
 */
import {
  type CallDesk,
  type CallDuplex,
  CallError,
  createDeferred,
  FluxVaultError,
  UNKNOWN_ACTION,
} from "../../protocol/mod.ts";
import type { AuditRecorder } from "../audit/mod.ts";
import type { AgentConnection } from "../contact/contact.ts";
import { RELAY_CALL_TIMEOUT_MS } from "../limits.ts";
import { readRelayedAgents, RELAY, RELAY_LIST, type RelayedAgents } from "./relayed_agents.ts";

/** Why nobody is reached, by what a primary says. */
const RELAY_CODES: ReadonlyMap<string, string> = new Map([
  ["component-unknown", "relay-unlisted"],
  ["component-unreachable", "relay-unreachable"],
  ["relay-busy", "relay-busy"],
  ["busy", "relay-busy"],
  [UNKNOWN_ACTION, "relay-unknown"],
]);

/** The options of a {@linkcode RelayLink}. */
export interface RelayLinkOptions {
  /** The component that the primary says it is, or `null`. */
  readonly component: string | null;
  /** Puts on record what is given over it; nothing is where this is not given. */
  readonly audit?: AuditRecorder | null;
}

/** Reaches agents behind a primary for as long as somebody uses it and the session lasts. */
export class RelayLink {
  readonly #desk: CallDesk;
  readonly #options: RelayLinkOptions;
  readonly #uses = new Set<RelayUse>();
  readonly #unused = createDeferred<void>();
  #isClosing = false;
  #isOver = false;

  /** Makes a way of a session. */
  constructor(desk: CallDesk, options: RelayLinkOptions) {
    this.#desk = desk;
    this.#options = options;
    if (desk.signal.aborted) this.#end();
    desk.signal.addEventListener("abort", () => this.#end(), { once: true });
  }

  /** Whether the session is over. */
  get isBroken(): boolean {
    return this.#desk.signal.aborted;
  }

  /** Whether nobody can join any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Asks the primary whom it relays to.
   *
   * @throws {CallError} if it does not say; what ended the session.
   */
  async list(): Promise<RelayedAgents> {
    const list = await this.#desk.call(RELAY_LIST, { timeoutMs: RELAY_CALL_TIMEOUT_MS });
    return readRelayedAgents(list, this.#options.component);
  }

  /** Takes part in it; `null` where it is over. */
  join(): RelayUse | null {
    if (this.#isOver) return null;
    const { audit } = this.#options;
    const use: RelayUse = new RelayUse(this.#desk, {
      audit: audit ?? null,
      onLeave: () => this.#leave(use),
    });
    this.#uses.add(use);
    return use;
  }

  /**
   * Waits until nobody uses it any more, or the session is over; nobody can join then.
   *
   * @param patienceMs After what time those who have not connected yet are left out; never by default.
   */
  async whenUnused(patienceMs: number = Infinity): Promise<void> {
    this.#isClosing = true;
    if (this.#uses.size === 0) this.#end();
    const timer = patienceMs === Infinity ? undefined : setTimeout(() => {
      for (const use of [...this.#uses]) {
        if (!use.isConnected) use.leave();
      }
    }, patienceMs);
    await this.#unused.promise;
    clearTimeout(timer);
  }

  #leave(use: RelayUse): void {
    this.#uses.delete(use);
    if (this.#isClosing && this.#uses.size === 0) this.#end();
  }

  #end(): void {
    this.#isOver = true;
    this.#unused.resolve();
  }
}

/** A part in a {@linkcode RelayLink}: it stays open until each is left. */
export class RelayUse {
  readonly #desk: CallDesk;
  readonly #parts: { readonly audit: AuditRecorder | null; readonly onLeave: () => void };
  #isLeft = false;
  #isConnected = false;

  /** Takes part; use {@linkcode RelayLink.join}. */
  constructor(
    desk: CallDesk,
    parts: { readonly audit: AuditRecorder | null; readonly onLeave: () => void },
  ) {
    this.#desk = desk;
    this.#parts = parts;
  }

  /** Whether it may be connected over. */
  get isUsable(): boolean {
    return !this.#isLeft && !this.isBroken;
  }

  /** Whether the session is over. */
  get isBroken(): boolean {
    return this.#desk.signal.aborted;
  }

  /** Whether it was connected over. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /**
   * Connects to an agent behind the primary.
   *
   * @throws {FluxVaultError} if the primary does not relay to it; what ended the session; the signal's reason.
   */
  async dial(
    component: string,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<AgentConnection> {
    this.#isConnected = true;
    const duplex = await this.#open(component, signal);
    // Whoever reads the bytes to their end knows more than what the primary says of them.
    duplex.result.catch(() => {});
    const { audit } = this.#parts;
    return {
      duplex,
      close: (reason) => duplex.close(reason),
      ...(audit === null ? {} : { audit }),
    };
  }

  async #open(component: string, signal: AbortSignal): Promise<CallDuplex> {
    const input = { Component: component };
    const timeoutMs = RELAY_CALL_TIMEOUT_MS;
    try {
      return await this.#desk.openDuplex(RELAY, { input, signal, timeoutMs });
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      // What a call fails with is a word of a peer: here it says which of the two has failed.
      const code = RELAY_CODES.get(error.code) ?? "relay-failed";
      const message = `the primary does not relay to ${component} (${error.code})`;
      throw new FluxVaultError(code, message, { cause: error });
    }
  }

  /** Takes part no more; further calls do nothing. */
  leave(): void {
    if (this.#isLeft) return;
    this.#isLeft = true;
    this.#parts.onLeave();
  }
}
