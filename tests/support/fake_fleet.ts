/** Agents in memory behind a dial function: honest ones, and whatever else a test makes of them. */
import { type AgentAddress, formatAgentAddress } from "../../keeper/agent_address.ts";
import type { AgentConnection } from "../../keeper/sync_agent.ts";
import type { VaultView } from "../../keeper/vault/vault.ts";
import {
  type AgentIdentity,
  type Bytes,
  ConnectionError,
  type Duplex,
  duplexPair,
  generateIdentitySeed,
  handshakeAsAgent,
  importIdentity,
  MemorySecretSource,
  MemorySecretStore,
  randomBytes,
  receiveAsAgent,
} from "../../protocol/mod.ts";
import { agentOptions } from "./session_pair.ts";

/** What an agent does with its end of a connection. */
export type Behaviour = (duplex: Duplex) => Promise<unknown>;

/** What makes an honest agent. */
export interface FakeAgentOptions {
  /** The app that it says it belongs to. @default {null} */
  readonly app?: string | null;
  /** The component that it says it is. @default {null} */
  readonly component?: string | null;
  /** Files that it asks for besides. @default {[]} */
  readonly files?: readonly string[];
  /** Who it is; a new identity by default. */
  readonly identity?: AgentIdentity;
  /** Names its process; new by default. */
  readonly instance?: Bytes;
}

/** An agent that keeps to the protocol. */
export class FakeAgent {
  /** What it holds. */
  readonly store = new MemorySecretStore();
  /** Who it is. */
  readonly identity: AgentIdentity;
  /** Names its process. */
  readonly instance: Bytes;
  /** How many connections it had. */
  contacts = 0;
  readonly #options: FakeAgentOptions;

  private constructor(identity: AgentIdentity, options: FakeAgentOptions) {
    this.identity = identity;
    this.instance = options.instance ?? randomBytes(16);
    this.#options = options;
  }

  /** Makes an agent. */
  static async make(options: FakeAgentOptions = {}): Promise<FakeAgent> {
    const identity = options.identity ?? await importIdentity(await generateIdentitySeed());
    return new FakeAgent(identity, options);
  }

  /** Serves one connection. */
  readonly serve: Behaviour = async (duplex) => {
    this.contacts++;
    const { app = null, component = null, files = [] } = this.#options;
    const { identity, instance } = this;
    const session = await handshakeAsAgent(
      duplex,
      await agentOptions({ identity, instance, app, component }),
    );
    await receiveAsAgent(session, this.store, { files });
  };
}

/** A network of agents by address, `host:port`; nobody listens anywhere else. */
export class FakeNetwork {
  /** Who listens where. */
  readonly behaviours = new Map<string, Behaviour>();
  /** The addresses that were dialled, in order. */
  readonly dialled: string[] = [];
  readonly #serving = new Set<Promise<unknown>>();

  /** Lets somebody listen at an address. */
  set(address: string, behaviour: Behaviour): void {
    this.behaviours.set(address, behaviour);
  }

  /** Returns the addresses at which somebody listens. */
  get addresses(): AgentAddress[] {
    return [...this.behaviours.keys()].map((name) => {
      const [host = "", port = ""] = name.split(":");
      return { host, port: Number(port) };
    });
  }

  /** Dials an address. */
  readonly dial = (address: AgentAddress): Promise<AgentConnection> => {
    const name = formatAgentAddress(address);
    this.dialled.push(name);
    const behaviour = this.behaviours.get(name);
    if (behaviour === undefined) {
      return Promise.reject(new ConnectionError("connection-refused", "nobody listens"));
    }
    const [agentEnd, keeperEnd] = duplexPair();
    const serving = behaviour(agentEnd).catch(() => {}).finally(() => {
      this.#serving.delete(serving);
    });
    this.#serving.add(serving);
    return Promise.resolve({ duplex: keeperEnd, close() {} });
  };

  /** Waits until no agent is busy. */
  async idle(): Promise<void> {
    await Promise.all(this.#serving);
  }
}

/** Makes a vault's view of files in memory. */
export async function memoryView(
  files: Readonly<Record<string, string>>,
  missing: readonly string[] = [],
): Promise<VaultView> {
  const bytes = Object.entries(files).map(([path, text]) => [path, new TextEncoder().encode(text)]);
  const source = await MemorySecretSource.from(Object.fromEntries(bytes));
  return {
    entries: source.entries,
    missing: new Set(missing),
    faults: missing.map((remote) => ({ file: { local: remote, remote }, code: "file-missing" })),
    open: (entry, from) => source.open(entry, from),
  };
}
