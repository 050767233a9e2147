/** Agents in memory behind a dial function: honest ones, and whatever else a test makes of them. */
import { type AgentAddress, formatAgentAddress } from "../../keeper/fleet/agent_address.ts";
import type { AgentConnection } from "../../keeper/contact/contact.ts";
import type { Declaration } from "../../keeper/vault/declaration.ts";
import { type Declarations, declareForAll } from "../../keeper/vault/declarations.ts";
import { MemoryVault } from "../../keeper/vault/memory_vault.ts";
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
  MemorySecretStore,
  type NodeEvidence,
  openAsAgent,
  type OriginalGreeting,
  PeerRejectedError,
  randomBytes,
  receiveAsAgent,
  type RejectionCode,
  type RsaKeyLease,
  type RsaKeyPair,
  RsaKeyStock,
  type SessionCalls,
} from "../../protocol/mod.ts";
import {
  acceptOriginal,
  CLASSES,
  type Dialect,
  generateSharedRsaKeyPair,
  openOriginalAsAgent,
  type OriginalSession,
  receiveOriginalAsAgent,
} from "../../protocol/original/mod.ts";
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
  /** Files that it asks for on the original's wire; by default it does not take that wire. */
  readonly originalFiles?: readonly string[];
  /** Who it is; a new identity by default. */
  readonly identity?: AgentIdentity;
  /** Names its process; new by default. */
  readonly instance?: Bytes;
  /** The enrolment secret that it proves to know. @default {null} */
  readonly enrolmentSecret?: Bytes | null;
  /** On which node it says that it runs. @default {null} */
  readonly node?: NodeEvidence | null;
  /** Why it refuses each manifest; by default it refuses none. */
  readonly refusal?: RejectionCode;
  /** What keepers may call, and what it asks of them. @default {nothing} */
  readonly calls?: SessionCalls;
  /** What it says besides that keepers may do. @default {[]} */
  readonly wants?: readonly string[];
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
  /** The revisions of the manifests that it was offered, in order. */
  readonly revisions: number[] = [];
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
    const { app = null, component = null, files = [], originalFiles } = this.#options;
    const { enrolmentSecret = null, node = null, calls, wants = [] } = this.#options;
    const { identity, instance } = this;
    const said = calls === undefined ? wants : ["calls", ...wants];
    const who = { identity, instance, app, component, enrolmentSecret, node, wants: said };
    const options = await agentOptions(who);
    const checkManifest = ({ revision }: { readonly revision: number }) => {
      this.revisions.push(revision);
      const { refusal } = this.#options;
      if (refusal !== undefined) throw new PeerRejectedError(refusal, "refused", { by: "us" });
      return null;
    };
    const work = { files, checkManifest, ...(calls === undefined ? {} : { calls }) };
    if (originalFiles === undefined) {
      return await receiveAsAgent(await handshakeAsAgent(duplex, options), this.store, work);
    }
    const opened = await openAsAgent(duplex, {
      ...options,
      keys: { lease: leaseSharedKey },
      onOriginal: (greeting: OriginalGreeting) => greeting,
    });
    if (!("line" in opened)) return await receiveAsAgent(opened, this.store, work);
    const session = await acceptOriginal(opened);
    return await receiveOriginalAsAgent(session, this.store, { files: originalFiles });
  };
}

let sharedPair: Promise<RsaKeyPair> | null = null;

/** Leases the RSA key of this test process that either wire may offer; leaves no timer behind. */
export async function leaseSharedKey(): Promise<RsaKeyLease> {
  const pair = await (sharedPair ??= generateSharedRsaKeyPair());
  using stock = new RsaKeyStock({ generate: () => Promise.resolve(pair) });
  return await stock.lease();
}

/** A node of the original FluxVault, which knows its own wire alone and goes by checksums. */
export class FakeNode {
  /** What it holds. */
  readonly store = new MemorySecretStore();
  /** How many connections it had. */
  contacts = 0;
  readonly #files: readonly string[];
  readonly #dialect: Dialect;

  /** Makes a node that asks for these files. */
  constructor(files: readonly string[], dialect: Dialect = CLASSES) {
    this.#files = files;
    this.#dialect = dialect;
  }

  /** Serves one connection. */
  readonly serve: Behaviour = async (duplex) => {
    this.contacts++;
    const lease = await leaseSharedKey();
    const session = await openOriginalAsAgent(duplex, { lease, dialect: this.#dialect });
    await receiveOriginalAsAgent(session, this.store, { files: this.#files });
  };
}

/** A node of the original that opens a session like any other and goes on as told. */
export function playedNode(play: (session: OriginalSession) => Promise<unknown>): Behaviour {
  return async (duplex) => {
    await play(await openOriginalAsAgent(duplex, { lease: await leaseSharedKey() }));
  };
}

/** Asks for a file as a node that holds none; returns the status of the answer. */
export async function askAsNode({ channel }: OriginalSession, file: string): Promise<unknown> {
  const request = new Map<string, unknown>([["State", "REQUEST"], ["FILE", file], ["crc32", 0]]);
  await channel.writeSealed(request, { newline: true });
  const options = { what: "the answer", maxBytes: 65_536, timeoutMs: 60_000 };
  return (await channel.readSealed(options)).get("Status");
}

/** A node of the original that opens a session and then says nothing. */
export const silentNode: Behaviour = playedNode(({ channel }) => channel.drain(3_600_000));

/** A node of the original that asks without end. */
export const greedyNode: Behaviour = playedNode(async (session) => {
  for (;;) await askAsNode(session, "a");
});

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
    // What a contact that was cut off had under way in the platform's threads ends by itself.
    for (let i = 0; i < 3; i++) await crypto.subtle.digest("SHA-256", new Uint8Array(65_536));
  }
}

/** Makes a vault's view of files in memory. */
export async function memoryView(files: Readonly<Record<string, string>>): Promise<VaultView> {
  const bytes = Object.entries(files).map(([path, text]) => [path, new TextEncoder().encode(text)]);
  return await (await MemoryVault.from(Object.fromEntries(bytes))).inspect();
}

/** Declares files under their own names, with the levels that some ask for. */
export function declared(
  ...items: readonly (string | readonly [string, Declaration["requires"]])[]
): Declarations {
  return declareForAll(items.map((item): Declaration => {
    const [source, requires] = typeof item === "string" ? [item] : item;
    const plain = { source, target: source, strategy: "STRICT", symlinks: "refuse" } as const;
    return requires === undefined ? plain : { ...plain, requires };
  }));
}
