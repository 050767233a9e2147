/**
 * An application with a keeper inside: it holds the secrets itself, lets in the agents whose fingerprints
 * it was told, and hears of all that happens. It needs no operating system.
 *
 * @module
 */
import {
  approveAgents,
  declareForAll,
  type Dial,
  type Events,
  Keeper,
  type KeeperEvent,
  MemoryKnownAgentsStore,
  MemoryVault,
  parseAgentAddresses,
  parseManagedFiles,
  type PassReport,
  StaticFleet,
} from "@fluxvault/fluxvault";

/** What an {@linkcode Office} works with. */
export interface OfficeOptions {
  /** Where the agents are, as `host:port`. */
  readonly agents: readonly string[];
  /** Connects to an agent. */
  readonly dial: Dial;
  /** Tells whether an agent may have the password, by the fingerprint of its key. */
  readonly isOurs: (fingerprint: string) => Promise<boolean>;
}

/** An application that gives agents a password, and another one when it is changed. */
export class Office {
  /** What has happened, in words. */
  readonly history: string[] = [];
  readonly #keeper: Keeper;
  readonly #knownAgents = new MemoryKnownAgentsStore();
  readonly #options: OfficeOptions;
  readonly #listening: Promise<void>;
  #password = "correct horse";

  constructor(options: OfficeOptions) {
    this.#options = options;
    this.#keeper = new Keeper({
      fleet: new StaticFleet(parseAgentAddresses(options.agents)),
      // Asked for at each pass: what it holds may come from wherever the application has it.
      vault: { inspect: () => MemoryVault.from({ "db.password": encode(this.#password) }) },
      declarations: declareForAll(parseManagedFiles(["db.password"])),
      knownAgents: this.#knownAgents,
      dial: options.dial,
    });
    this.#listening = this.#listen(this.#keeper.events());
  }

  /** Brings every agent to hold the password of now. */
  async deliver(password: string): Promise<PassReport> {
    this.#password = password;
    const report = await this.#keeper.pass();
    return await this.#letIn(report) ? await this.#keeper.pass() : report;
  }

  /** Calls an action of one agent. */
  async ask(agent: string, action: string): Promise<unknown> {
    return await this.#keeper.converse(agent, (desk) => desk.call(action));
  }

  /** Ends all that is under way. */
  async close(): Promise<void> {
    await this.#keeper[Symbol.asyncDispose]();
    await this.#listening;
  }

  /** Approves those that wait and are ours; returns whether there were any. */
  async #letIn({ agents }: PassReport): Promise<boolean> {
    const selectors: string[] = [];
    for (const { outcome, fingerprint } of agents) {
      if (outcome.kind !== "pending" || fingerprint === null) continue;
      if (await this.#options.isOurs(fingerprint)) selectors.push(fingerprint);
    }
    if (selectors.length === 0) return false;
    await this.#knownAgents.update((state) => {
      return approveAgents(state, { selectors }, Date.now()).state;
    });
    await this.#keeper.noticeDecisions();
    return true;
  }

  async #listen(events: Events<KeeperEvent>): Promise<void> {
    for await (const event of events) {
      if (event.kind === "agent-served") {
        this.history.push(`${event.report.address} ${event.report.outcome.kind}`);
      } else if (event.kind === "problem") {
        this.history.push(event.code);
      }
    }
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
