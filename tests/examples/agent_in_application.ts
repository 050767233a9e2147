/**
 * An application with an agent inside: it starts with the first delivery, takes up a new password while
 * it runs, and offers its keeper an action. It needs no operating system.
 *
 * @module
 */
import {
  Agent,
  type AgentEvent,
  type Events,
  generateIdentitySeed,
  importIdentity,
  type IncomingConnection,
  MemorySecretStore,
  parsePeerRule,
  PeerPolicy,
} from "@fluxvault/fluxvault";

/** An application that cannot work without its password. */
export class Shop {
  /** The passwords that it has worked with, the one that it uses now last. */
  readonly passwords: string[] = [];
  readonly #agent: Agent;
  readonly #store = new MemorySecretStore();

  private constructor(makeAgent: (store: MemorySecretStore) => Agent) {
    this.#agent = makeAgent(this.#store);
    this.#agent.action("passwords", { run: () => this.passwords.length });
  }

  /** Opens the application for a keeper that dials from an address. */
  static async open(keeperAddress: string): Promise<Shop> {
    const identity = await importIdentity(await generateIdentitySeed());
    const policy = new PeerPolicy([parsePeerRule(keeperAddress)]);
    return new Shop((store) => new Agent({ identity, store, policy, component: "shop" }));
  }

  /** Runs until there are no more connections, or the signal fires. */
  async run(
    connections: AsyncIterable<IncomingConnection>,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    const working = this.#work(this.#agent.events());
    await this.#agent.serve(connections, options);
    await working;
  }

  async #work(events: Events<AgentEvent>): Promise<void> {
    for await (const event of events) {
      if (event.kind !== "delivery") continue;
      const changed = event.report.files.filter(({ outcome }) => outcome !== "unchanged");
      if (!changed.some(({ path }) => path === "db.password")) continue;
      this.passwords.push(new TextDecoder().decode(this.#store.read("db.password")));
    }
  }
}
