/**
 * A session with an agent, from dialling to its end.
 *
 * @module
 */
import {
  type AgentDecision,
  type AgentIntroduction,
  handshakeAsKeeper,
  type Session,
} from "../../protocol/mod.ts";
import type { AuditRecorder } from "../audit/mod.ts";
import type { AgentAddress } from "../fleet/agent_address.ts";
import type { TalkOptions } from "./contact.ts";

/** What opening a session needs. */
export type AgentSessionOptions = Pick<
  TalkOptions,
  "app" | "dial" | "agent" | "signal" | "now" | "signer"
>;

/** What happens in a session; `audit` puts on record what is given over it, or is `null`. */
export interface AgentSessionWork<T> {
  /** Decides about the agent before anything is sent to it. */
  readonly decide: (
    introduction: AgentIntroduction,
    audit: AuditRecorder | null,
  ) => Promise<AgentDecision>;
  /** Is done once the agent was let in; ends the session itself. */
  readonly work: (session: Session, audit: AuditRecorder | null) => Promise<T>;
}

/**
 * Opens a session with an agent, for as long as some work in it goes on.
 *
 * @throws What dialling, the handshake and the work throw.
 */
export async function openAgentSession<T>(
  address: AgentAddress,
  options: AgentSessionOptions,
  { decide, work }: AgentSessionWork<T>,
): Promise<T> {
  const { app, dial, agent, signal, now, signer } = options;
  const connection = await dial(address, { signal });
  const { audit = null } = connection;
  agent.isConnected = true;
  try {
    await audit?.ready();
    const session = await handshakeAsKeeper(connection.duplex, {
      ...{ app, signer, signal, now },
      policy: (introduction) => decide(introduction, audit),
    });
    agent.software = session.origin.readiness.software;
    return await work(session, audit);
  } finally {
    connection.close();
  }
}
