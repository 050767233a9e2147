/** The second implementation as a keeper or an agent of its own on this machine, honest or not. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { type AgentOptions, openAsAgent } from "../interop/second_implementation/agent.ts";
import { type KeeperOptions, openAsKeeper } from "../interop/second_implementation/keeper.ts";
import type { Opened } from "../interop/second_implementation/keeper.ts";
import type { Session } from "../interop/second_implementation/session.ts";
import type { Transport } from "../interop/second_implementation/transport.ts";
import { close, TcpPeer, writeAll } from "./tcp_peer.ts";

let rsa: ReturnType<typeof generateRsa> | null = null;

function generateRsa(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync("rsa", { modulusLength: 2_048 });
}

/** Makes an Ed25519 key. */
export function newIdentity(): KeyObject {
  return generateKeyPairSync("ed25519").privateKey;
}

/** Makes a transport of a connection. */
export function transportOf(connection: Deno.TcpConn): Transport {
  const buffer = new Uint8Array(65_536);
  return {
    async read() {
      const length = await connection.read(buffer).catch(() => null);
      return length === null ? null : buffer.slice(0, length);
    },
    write: (bytes) => writeAll(connection, bytes),
    end: () => connection.closeWrite().catch(() => {}),
  };
}

/** A keeper of the second implementation in a session with an agent. */
export interface SecondKeeper extends Opened, Disposable {
  /** The connection. */
  readonly connection: Deno.TcpConn;
}

/** Dials an agent as a keeper. */
export async function dialAsKeeper(
  agent: { readonly host: string; readonly port: number },
  options: KeeperOptions = {},
): Promise<SecondKeeper> {
  const connection = await Deno.connect({ hostname: agent.host, port: agent.port });
  try {
    const opened = await openAsKeeper(transportOf(connection), options);
    return { ...opened, connection, [Symbol.dispose]: () => close(connection) };
  } catch (error) {
    close(connection);
    throw error;
  }
}

/** Listens as an agent and plays what is left of each session once it is open. */
export function listenAsAgent(
  play: (session: Session, connection: Deno.TcpConn) => Promise<void>,
  options: Partial<AgentOptions> & { readonly hostname?: string; readonly port?: number } = {},
): TcpPeer {
  const { hostname, port, ...agent } = options;
  const identity = agent.identity ?? newIdentity();
  const address = {
    ...(hostname === undefined ? {} : { hostname }),
    ...(port === undefined ? {} : { port }),
  };
  return TcpPeer.listen(async (connection) => {
    const session = await openAsAgent(transportOf(connection), {
      rsa: rsa ??= generateRsa(),
      ...agent,
      identity,
    });
    await play(session, connection);
  }, address);
}
