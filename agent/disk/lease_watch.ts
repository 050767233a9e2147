/**
 * The look at what expires, again and again while an agent runs.
 *
 * @module
 */
import { delay, FluxVaultError, type Logger } from "../../protocol/mod.ts";
import type { Agent } from "../agent.ts";
import type { AgentHooks } from "../hooks/agent_hooks.ts";
import { LEASE_RETRY_MS, MAX_LEASE_PAUSE_MS } from "../limits.ts";
import type { DiskSecretStore } from "./disk_secret_store.ts";

/** What a {@linkcode LeaseWatch} works with. */
export interface LeaseWatchParts {
  /** Where the files are. */
  readonly store: Pick<DiskSecretStore, "expireLeases">;
  /** Has it done between two deliveries. */
  readonly agent: Pick<Agent, "doInTurn">;
  /** Runs the hooks that tell of what expires; `null` where none may be run. */
  readonly hooks: Pick<AgentHooks, "expire"> | null;
  /** Is told what expired, once the hooks were. */
  readonly onExpired: (paths: readonly string[]) => void;
  /** Is told what expired. */
  readonly logger: Logger;
  /** Waits. @default {delay} */
  readonly delay?: (durationMs: number, signal: AbortSignal) => Promise<void>;
}

/** Has files removed when their lease is over, and that told like any other change. */
export class LeaseWatch {
  readonly #parts: LeaseWatchParts;
  #woken: AbortController = new AbortController();
  readonly #looked: PromiseWithResolvers<void> = Promise.withResolvers<void>();
  #telling: Promise<unknown> = Promise.resolve();

  /** Looks at nothing yet. */
  constructor(parts: LeaseWatchParts) {
    this.#parts = parts;
  }

  /** Resolves once what expired before the agent started is gone, as far as it can be removed. */
  get looked(): Promise<void> {
    return this.#looked.promise;
  }

  /** Has it look again: a delivery may have brought a lease that is over soon. */
  wake(): void {
    this.#woken.abort();
  }

  /** Looks whenever something may be due, until the signal is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { delay: wait = delay } = this.#parts;
    while (!signal.aborted) {
      this.#woken = new AbortController();
      const pauseMs = await this.#look(signal);
      this.#looked.resolve();
      await wait(pauseMs, AbortSignal.any([signal, this.#woken.signal])).catch(() => {});
    }
    this.#looked.resolve();
    await this.#telling;
  }

  /** Looks once; returns after how long it has to look again, in milliseconds. */
  async #look(signal: AbortSignal): Promise<number> {
    const { store, agent, hooks, logger } = this.#parts;
    let told = Promise.resolve();
    const expire = () =>
      store.expireLeases(async (due, remove) => {
        if (hooks === null) await remove();
        else ({ told } = await hooks.expire(due, remove));
      });
    try {
      const { expired, nextInMs } = await agent.doInTurn(expire, { signal });
      for (const path of expired) {
        logger.warn("removed a file that no keeper has renewed in time", { path });
      }
      if (expired.length > 0) this.#tell(expired, told);
      return Math.min(nextInMs ?? Infinity, MAX_LEASE_PAUSE_MS);
    } catch (error) {
      // A delivery takes long, or the agent ends.
      if (!(error instanceof FluxVaultError) && !signal.aborted) {
        logger.error("the leases of files could not be looked at", { error });
      }
      return LEASE_RETRY_MS;
    }
  }

  /** What takes long to be told holds up no other file that expires. */
  #tell(expired: readonly string[], told: Promise<void>): void {
    const telling = told.then(() => this.#parts.onExpired(expired));
    this.#telling = Promise.all([this.#telling, telling]);
  }
}
