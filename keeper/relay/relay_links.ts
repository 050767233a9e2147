/**
 * Sessions with primaries that only call: the way to agents behind them that are served alone.
 *
 * @module
 */
import { ConnectionError, createDeferred, type Deferred } from "../../protocol/mod.ts";
import { type AgentAddress, formatAgentAddress } from "../fleet/agent_address.ts";
import type { RelayLink, RelayUse } from "./relay_link.ts";

/**
 * Opens a session with a primary, and ends it in order once the work is done.
 *
 * Rejects where it cannot be opened, or the primary may not relay; with the signal's reason once it is
 * aborted.
 */
export type OpenPrimary = (
  primary: AgentAddress,
  options: {
    readonly signal: AbortSignal;
    readonly work: (link: RelayLink) => Promise<void>;
  },
) => Promise<void>;

/** A session with a primary that is there, or comes about. */
interface Opening {
  /** Who waits for it. */
  readonly waiting: Set<Deferred<RelayUse>>;
  /** Ends it at once. */
  readonly control: AbortController;
  /** The way over it, as soon as there is one. */
  link: RelayLink | null;
}

/** Shares one session with each primary among all who want to reach agents behind it. */
export class RelayLinks {
  readonly #open: OpenPrimary;
  readonly #openings = new Map<string, Opening>();
  /** All that have not ended, also those that nobody can join any more. */
  readonly #ending = new Map<Opening, Promise<void>>();

  /** Opens nothing yet. */
  constructor(open: OpenPrimary) {
    this.#open = open;
  }

  /**
   * Takes part in a session with a primary, which is opened if there is none.
   *
   * @throws What opening it throws; the signal's reason.
   */
  async join(
    primary: AgentAddress,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<RelayUse> {
    signal.throwIfAborted();
    const known = this.#openings.get(formatAgentAddress(primary));
    const use = known?.link?.join() ?? null;
    if (use !== null) return use;
    const opening = known === undefined || known.link !== null ? this.#start(primary) : known;
    const waiter = createDeferred<RelayUse>();
    opening.waiting.add(waiter);
    const onAbort = () => {
      opening.waiting.delete(waiter);
      waiter.reject(signal.reason);
      if (opening.waiting.size > 0 || opening.link !== null) return;
      opening.control.abort(new ConnectionError("connection-lost", "nobody waits for it any more"));
      this.#forget(primary, opening);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await waiter.promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /**
   * Waits until the sessions that nobody uses any more have ended.
   *
   * @param signal Ends them at once.
   */
  async settle(signal?: AbortSignal): Promise<void> {
    const open = new Set(this.#openings.values());
    const ending = [...this.#ending].filter(([opening]) => {
      return !open.has(opening) || opening.link?.isOver === true;
    });
    const cut = () => {
      for (const [{ control }] of ending) control.abort(signal?.reason);
    };
    if (signal?.aborted) cut();
    signal?.addEventListener("abort", cut, { once: true });
    await Promise.all(ending.map(([, ended]) => ended));
    signal?.removeEventListener("abort", cut);
  }

  #start(primary: AgentAddress): Opening {
    const opening: Opening = {
      waiting: new Set<Deferred<RelayUse>>(),
      control: new AbortController(),
      link: null,
    };
    this.#openings.set(formatAgentAddress(primary), opening);
    const work = async (link: RelayLink): Promise<void> => {
      opening.link = link;
      for (const waiter of opening.waiting) {
        const use = link.join();
        if (use === null) break;
        opening.waiting.delete(waiter);
        waiter.resolve(use);
      }
      await link.whenUnused();
      this.#forget(primary, opening);
    };
    const lost = new ConnectionError("connection-lost", "the session with the primary has ended");
    const ended = this.#open(primary, { signal: opening.control.signal, work })
      .then(() => lost, (error) => error)
      .then((error) => {
        this.#forget(primary, opening);
        this.#ending.delete(opening);
        for (const waiter of opening.waiting) waiter.reject(error);
      });
    this.#ending.set(opening, ended);
    return opening;
  }

  #forget(primary: AgentAddress, opening: Opening): void {
    const name = formatAgentAddress(primary);
    if (this.#openings.get(name) === opening) this.#openings.delete(name);
  }
}
