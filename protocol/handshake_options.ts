/**
 * What each role brings to a handshake, and what a keeper's policy is asked (spec, sections 2 to 6).
 *
 * @module
 */
import type { Bytes } from "./bytes.ts";
import type { AgentClaim, NodeEvidence } from "./confirmation.ts";
import type { RejectionCode } from "./errors.ts";
import type { AgentIdentity } from "./identity.ts";
import type { Link } from "./link.ts";
import type { RsaKeyLease, RsaKeyStock } from "./rsa_key_stock.ts";
import type { SessionOptions } from "./session_parts.ts";
import type { StatementSigner, StatementVerifier } from "./statement.ts";

/** What both roles can set. */
export interface HandshakeOptions extends SessionOptions {
  /** Ends the handshake, and later the session, with the signal's reason. */
  readonly signal?: AbortSignal;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
  /** When the handshake is due after line 1, in milliseconds. @default {HANDSHAKE_TIMEOUT_MS} */
  readonly handshakeTimeoutMs?: number;
}

/** What an agent brings to a handshake. */
export interface AgentHandshakeOptions extends HandshakeOptions {
  /** Where the RSA key comes from. */
  readonly keys: Pick<RsaKeyStock, "lease">;
  /** Who the agent is. */
  readonly identity: AgentIdentity;
  /** Names the agent's process; 16 random bytes. */
  readonly instance: Bytes;
  /** The app that the agent belongs to. @default {null} */
  readonly app?: string | null;
  /** The component that the agent is. @default {null} */
  readonly component?: string | null;
  /** The enrolment secret; 32 bytes. @default {null} */
  readonly enrolmentSecret?: Bytes | null;
  /** Where the agent runs, as far as it knows; nobody can check it. @default {null} */
  readonly node?: NodeEvidence | null;
  /** Checks the keeper's statement; `null` where the keeper need not sign. @default {null} */
  readonly verifyStatement?: StatementVerifier | null;
  /** Name and version, for the keeper's log. */
  readonly software: string;
  /** What it takes beside files: at most 15 words `[a-z][a-z-]{0,31}`, such as `calls`. @default {[]} */
  readonly wants?: readonly string[];
  /** When line 2 is due after line 1, in milliseconds. @default {OPENING_TIMEOUT_MS} */
  readonly openingTimeoutMs?: number;
}

/** What the keeper's policy is shown of an agent whose proof of identity holds. */
export interface AgentIntroduction {
  /** What the agent says of itself. */
  readonly claim: AgentClaim;
  /** The transcript of the session; 32 bytes. */
  readonly transcript: Bytes;
}

/** The names under which a keeper knows an agent: its statement to that agent has them. */
export interface AgentNames {
  /** The app, or `null`. */
  readonly app: string | null;
  /** The component, or `null`. */
  readonly component: string | null;
}

/**
 * What a policy decides about an agent: the reason for which it may not go on; or that it may, under
 * the names that it is known by, or with `null` under those that the keeper dialled for.
 */
export type AgentDecision = RejectionCode | AgentNames | null;

/**
 * Decides whether an agent may go on.
 *
 * @example
 * ```ts
 * import { type AgentPolicy, encodeHex } from "@fluxvault/fluxvault/protocol";
 *
 * const known = new Map([["ab".repeat(32), "web"]]); // Components, by the keys of their agents.
 * const policy: AgentPolicy = ({ claim }) => {
 *   const component = known.get(encodeHex(claim.identity.publicKey));
 *   return component === undefined ? "agent-pending" : { app: "shop", component };
 * }; // For `handshakeAsKeeper(duplex, { policy })`.
 * const bytes = new Uint8Array(32);
 * const identity = { publicKey: bytes, signature: new Uint8Array(64) };
 * const claim = { app: "shop", component: "web", instance: bytes, enrolment: null, node: null };
 * // What an agent says of itself is not what it is known as.
 * const decision = await policy({ claim: { ...claim, identity }, transcript: bytes });
 * console.assert(decision === "agent-pending");
 * ```
 */
export type AgentPolicy = (
  introduction: AgentIntroduction,
) => Promise<AgentDecision> | AgentDecision;

/** What a keeper brings to a handshake. */
export interface KeeperHandshakeOptions extends HandshakeOptions {
  /** Decides on the agent before anything else is sent to it. */
  readonly policy: AgentPolicy;
  /** Signs the keeper's statement; `null` where it does not sign. @default {null} */
  readonly signer?: StatementSigner | null;
  /** The app that the keeper dialled for, as its statement names it. @default {null} */
  readonly app?: string | null;
  /** The component that the keeper dialled for. @default {null} */
  readonly component?: string | null;
  /** When line 1 is due, in milliseconds. @default {HANDSHAKE_TIMEOUT_MS} */
  readonly openingTimeoutMs?: number;
}

/** A connection whose keeper answered line 1 in the manner of the original FluxVault (section 2). */
export interface OriginalGreeting {
  /** @internal The transport, behind the keeper's line. */
  readonly link: Link;
  /** The keeper's line, newline included. */
  readonly line: Bytes;
  /** The key that was offered; whoever takes the greeting releases it. */
  readonly lease: RsaKeyLease;
}
