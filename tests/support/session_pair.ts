/** Both ends of a session in memory, with one RSA key for the whole test process. */
import { randomBytes } from "../../protocol/bytes.ts";
import { type Duplex, duplexPair } from "../../protocol/duplex.ts";
import { handshakeAsAgent, handshakeAsKeeper } from "../../protocol/handshake.ts";
import type {
  AgentHandshakeOptions,
  KeeperHandshakeOptions,
} from "../../protocol/handshake_options.ts";
import {
  type AgentIdentity,
  generateIdentitySeed,
  importIdentity,
} from "../../protocol/identity.ts";
import { generateRsaKeyPair, type RsaKeyPair } from "../../protocol/rsa_key.ts";
import { RsaKeyStock } from "../../protocol/rsa_key_stock.ts";
import type { Session } from "../../protocol/session.ts";

let pair: Promise<RsaKeyPair> | null = null;
let identity: Promise<AgentIdentity> | null = null;

/** Returns the RSA key pair of this test process. */
export function fixedRsaKeyPair(): Promise<RsaKeyPair> {
  return pair ??= generateRsaKeyPair();
}

/** Returns a stock of that key alone, which makes none of its own behind a test's back. */
export async function fixedKeyStock(): Promise<RsaKeyStock> {
  const rsa = await fixedRsaKeyPair();
  return new RsaKeyStock({ generate: () => Promise.resolve(rsa) });
}

/** Returns the agent's identity of this test process. */
export function fixedIdentity(): Promise<AgentIdentity> {
  return identity ??= generateIdentitySeed().then(importIdentity);
}

/** Returns what an agent brings to a handshake, around fixed keys; leases leave no timer behind. */
export async function agentOptions(
  options: Partial<AgentHandshakeOptions> = {},
): Promise<AgentHandshakeOptions> {
  const rsa = await fixedRsaKeyPair();
  return {
    // A stock for each handshake, closed at once behind its one lease: no restocking, no timers.
    keys: {
      async lease() {
        using stock = new RsaKeyStock({ generate: () => Promise.resolve(rsa) });
        return await stock.lease();
      },
    },
    identity: await fixedIdentity(),
    instance: randomBytes(16),
    software: "test/1",
    ...options,
  };
}

/** Returns what a keeper brings to a handshake; it accepts every agent. */
export function keeperOptions(
  options: Partial<KeeperHandshakeOptions> = {},
): KeeperHandshakeOptions {
  return { policy: () => null, ...options };
}

/** How a pair of sessions is opened. */
export interface SessionPairOptions {
  /** What the agent brings. */
  readonly agent?: Partial<AgentHandshakeOptions>;
  /** What the keeper brings. */
  readonly keeper?: Partial<KeeperHandshakeOptions>;
  /** Wraps the two ends of the transport, the agent's first. @default {unchanged} */
  readonly wire?: (ends: [Duplex, Duplex]) => [Duplex, Duplex];
}

/** Both ends of one session. */
export interface SessionPair extends AsyncDisposable {
  /** The agent's end. */
  readonly agent: Session;
  /** The keeper's end. */
  readonly keeper: Session;
}

/** Opens a session in memory; disposing of the pair closes both ends. */
export async function openSessionPair(options: SessionPairOptions = {}): Promise<SessionPair> {
  const ends = duplexPair();
  const [agentEnd, keeperEnd] = options.wire?.(ends) ?? ends;
  const [agent, keeper] = await Promise.all([
    handshakeAsAgent(agentEnd, await agentOptions(options.agent)),
    handshakeAsKeeper(keeperEnd, keeperOptions(options.keeper)),
  ]);
  return {
    agent,
    keeper,
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all([agent.close(), keeper.close()]);
    },
  };
}
