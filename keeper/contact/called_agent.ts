/**
 * What is known of an agent where it is decided what it may call.
 *
 * @module
 */
import type { SessionCalls, SessionOrigin } from "../../protocol/mod.ts";
import type { AgentAddress } from "../fleet/agent_address.ts";
import type { TrustLevel } from "../trust/mod.ts";

/** An agent that was let in, and whose session is about to begin. */
export interface CalledAgent {
  /** Where it was dialled. */
  readonly address: AgentAddress;
  /** The app that it was dialled for, or `null`. */
  readonly app: string | null;
  /** The component that its key is pinned for, or `null`. */
  readonly component: string | null;
  /** The fingerprint of its key. */
  readonly fingerprint: string;
  /** How much it is trusted. */
  readonly level: TrustLevel;
  /** Whether it is only asked what it would do: nothing that is called may change anything. */
  readonly isPlan: boolean;
  /** How the session began. */
  readonly origin: SessionOrigin;
  /** Gives the contact more time, in milliseconds: it has 120 s, and what files need. */
  extendTime(durationMs: number): void;
}

/** Returns what an agent may call, and what is called of it; `null` for nothing. */
export type CallsOfAgent = (agent: CalledAgent) => SessionCalls | null;
