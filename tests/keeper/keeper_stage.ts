/** Keepers over a network in memory, for the tests of what they do with it. */
import type { AgentAddress } from "../../keeper/fleet/agent_address.ts";
import type { Fleet } from "../../keeper/fleet/fleet.ts";
import { Keeper } from "../../keeper/keeper.ts";
import type { KeeperOptions } from "../../keeper/keeper_options.ts";
import type { AgentReport, PassReport } from "../../keeper/report/report.ts";
import { approveAgents, MemoryKnownAgentsStore } from "../../keeper/trust/mod.ts";
import type { VaultView } from "../../keeper/vault/vault.ts";
import { identityFingerprint } from "../../protocol/mod.ts";
import { assert } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { declared, FakeAgent, FakeNetwork, memoryView } from "../support/fake_fleet.ts";

/** What the vault holds. */
export const FILES = { "a": "alpha", "b": "beta" };

/** A keeper over a network in memory. */
export class Stage implements AsyncDisposable {
  /** Who listens where. */
  readonly network = new FakeNetwork();
  /** Where the known agents are kept. */
  readonly store = new MemoryKnownAgentsStore();
  /** What time it is. */
  readonly clock = new FakeClock();
  /** The list of agents, or why there is none; by default all that listen. */
  listing: (() => readonly AgentAddress[] | Error) | null = null;
  /** What the vault holds; consulted at each look. */
  view: () => Promise<VaultView> = () => memoryView(FILES);

  /** Returns the fleet of all that are listed; `members` are looked at each time. */
  fleet(members: { readonly instances?: number | null; readonly isOpen?: boolean } = {}): Fleet {
    const list = (): Promise<readonly AgentAddress[]> => {
      const answer = this.listing?.() ?? this.network.addresses;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    };
    const { isOpen = false } = members;
    if (members.instances === undefined) return { app: null, isOpen, list };
    return {
      app: null,
      isOpen,
      list,
      get instances(): number | null {
        return members.instances ?? null;
      },
    };
  }

  /** Makes a keeper; an option that is `undefined` is left out. */
  keeper(
    options: { readonly [K in keyof KeeperOptions]?: KeeperOptions[K] | undefined } = {},
  ): Keeper {
    const all = {
      fleet: this.fleet(),
      vault: { inspect: () => this.view() },
      declarations: declared("a", "b"),
      knownAgents: this.store,
      dial: this.network.dial,
      trust: "first-use",
      firstUseLimit: 10,
      now: this.clock.now,
      delay: this.clock.delay,
      random: () => 0,
      ...options,
    };
    const given = Object.entries(all).filter(([, value]) => value !== undefined);
    return new Keeper(Object.fromEntries(given) as unknown as KeeperOptions);
  }

  /** Lets an agent listen at an address; a new one where none is given. */
  async add(address: string, agent?: FakeAgent): Promise<FakeAgent> {
    const added = agent ?? await FakeAgent.make();
    this.network.set(address, added.serve);
    return added;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.network.idle();
  }

  /** Approves one agent, as the operator would. */
  async approve({ identity }: FakeAgent): Promise<void> {
    const selectors = [await identityFingerprint(identity.publicKey)];
    await this.store.update((state) => {
      return approveAgents(state, { selectors }, this.clock.now()).state;
    });
  }

  /** Approves all that wait. */
  async approveAll(): Promise<void> {
    await this.store.update((state) => {
      const selectors = state.pending.map(({ fingerprint }) => fingerprint);
      return approveAgents(state, { selectors }, this.clock.now()).state;
    });
  }
}

/** Returns how the contacts ended, by address. */
export function kindsOf(report: PassReport): Record<string, string> {
  return Object.fromEntries(report.agents.map((agent) => [agent.address, kindOf(agent)]));
}

/** Returns how a contact ended: the code of a refusal, else the kind. */
export function kindOf({ outcome }: AgentReport): string {
  return outcome.kind === "rejected" ? outcome.code : outcome.kind;
}

/** A keeper that runs, and its reports one by one. */
export class RunningKeeper {
  readonly #controller = new AbortController();
  readonly #reports: PassReport[] = [];
  readonly #run: Promise<unknown>;
  #wake: () => void = () => {};

  /** Starts it. */
  constructor(keeper: Keeper) {
    const { signal } = this.#controller;
    this.#run = keeper.run({
      signal,
      onReport: (report) => {
        this.#reports.push(report);
        this.#wake();
      },
    }).catch((error) => error);
  }

  /** Returns the next report. */
  async next(): Promise<PassReport> {
    while (this.#reports.length === 0) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const report = this.#reports.shift();
    assert(report !== undefined);
    return report;
  }

  /** Returns what the run ended with. */
  async stop(): Promise<unknown> {
    this.#controller.abort(new DOMException("stop", "AbortError"));
    return await this.#run;
  }
}
