/** Vaults and nodes of the original that a test plays over TCP, honestly or not. */
import { CLASSES, type Dialect, PROOF_OF_CONCEPT } from "../../protocol/original/dialect.ts";
import { deliverOriginalAsKeeper } from "../../protocol/original/deliver_as_keeper.ts";
import {
  openOriginalAsAgent,
  openOriginalAsKeeper,
  type OriginalSession,
} from "../../protocol/original/handshake.ts";
import { receiveOriginalAsAgent } from "../../protocol/original/receive_as_agent.ts";
import type { DeliveryReport } from "../../protocol/exchange.ts";
import { tcpConnection } from "../../protocol/host/mod.ts";
import { MemorySecretSource } from "../../protocol/memory_secret_source.ts";
import type { MemorySecretStore } from "../../protocol/memory_secret_store.ts";
import { generateSharedRsaKeyPair } from "../../protocol/rsa_key.ts";
import { RsaKeyStock } from "../../protocol/rsa_key_stock.ts";
import { TcpPeer } from "./tcp_peer.ts";

/** The members of a message. */
export type Message = Readonly<Record<string, unknown>>;

/** Where an agent listens. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** A vault whose handshake is done; the test says the rest. */
export class HandVault implements Disposable {
  readonly session: OriginalSession;
  readonly #close: () => void;

  private constructor(session: OriginalSession, close: () => void) {
    this.session = session;
    this.#close = close;
  }

  /** Dials an agent and agrees on a key. */
  static async dial({ host, port }: Target): Promise<HandVault> {
    const connection = tcpConnection(await Deno.connect({ hostname: host, port }));
    const session = await openOriginalAsKeeper(connection.duplex, { dialect: PROOF_OF_CONCEPT });
    return new HandVault(session, () => connection.close());
  }

  /** Reads what the node says. */
  async read(): Promise<Message> {
    const options = { what: "the node's word", maxBytes: 65_536, timeoutMs: 30_000 };
    return Object.fromEntries(await this.session.channel.readSealed(options));
  }

  /** Says something. */
  async say(message: Message): Promise<void> {
    await this.session.channel.writeSealed(new Map(Object.entries(message)), { newline: true });
  }

  /** Answers a request with contents; `more` bends the answer. */
  async answer(request: Message, body: unknown, more: Message = {}): Promise<void> {
    await this.say({ ...request, State: "DATA", Body: body, Status: "Success", ...more });
  }

  /** Waits until the node has hung up; returns what it still said. */
  async untilClosed(): Promise<Message[]> {
    const said: Message[] = [];
    try {
      for (;;) said.push(await this.read());
    } catch {
      return said;
    }
  }

  [Symbol.dispose](): void {
    this.#close();
  }
}

/** Plays the original's vault against an agent, as it was: by checksums. */
export async function runVault(
  { host, port }: Target,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<DeliveryReport> {
  const connection = tcpConnection(await Deno.connect({ hostname: host, port }));
  try {
    const session = await openOriginalAsKeeper(connection.duplex, { dialect: PROOF_OF_CONCEPT });
    return await deliverOriginalAsKeeper(session, await sourceOf(files), { expectsAll: false });
  } finally {
    connection.close();
  }
}

async function sourceOf(
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<MemorySecretSource> {
  const encoder = new TextEncoder();
  return await MemorySecretSource.from(Object.fromEntries(
    Object.entries(files).map(([name, contents]) => [
      name,
      typeof contents === "string" ? encoder.encode(contents) : contents,
    ]),
  ));
}

/** Takes over a session of a node that a test plays. */
export type NodePlay = (session: OriginalSession) => Promise<void>;

const KEYS = { generate: generateSharedRsaKeyPair };

/** Listens as a node; each session is played by the test. */
export function playNode(
  play: NodePlay,
  options: { readonly hostname?: string; readonly port?: number; readonly dialect?: Dialect } = {},
): TcpPeer {
  const { dialect = CLASSES, ...address } = options;
  return TcpPeer.listen(async (conn) => {
    using keys = new RsaKeyStock({ ...KEYS, restockDelayMs: 3_600_000 });
    const { duplex } = tcpConnection(conn);
    const session = await openOriginalAsAgent(duplex, { lease: await keys.lease(), dialect });
    await play(session);
  }, address);
}

/** Listens as an honest node of the original, which goes by checksums. */
export function honestNode(
  store: MemorySecretStore,
  files: readonly string[],
  options: { readonly hostname?: string; readonly port?: number; readonly dialect?: Dialect } = {},
): TcpPeer {
  return playNode(async (session) => {
    await receiveOriginalAsAgent(session, store, { files });
  }, options);
}

/** Two texts of 20 letters with one CRC-32, found by trying. */
export const COLLISION: readonly [string, string] = [
  "A76ERGYQGxkMsePfzPvH",
  "qPZwjJEreMjYd6Ka2gQu",
];
