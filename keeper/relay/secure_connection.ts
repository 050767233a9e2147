/**
 * Connections to agents behind a primary that take sessions under TLS alone.
 *
 * @module
 */
import type { AgentConnection } from "../contact/contact.ts";

/** Whom a connection under TLS is to lead to. */
export interface SecuredAgent {
  /** The app that it is dialled for, or `null`. */
  readonly app: string | null;
  /** Its component. */
  readonly component: string;
  /** Ends it; its reason is thrown. */
  readonly signal: AbortSignal;
}

/**
 * Makes a connection to an agent behind a primary one under TLS.
 *
 * Rejects where the agent's certificate is not good for it; closing what it returns closes both.
 */
export type SecureConnection = (
  connection: AgentConnection,
  agent: SecuredAgent,
) => Promise<AgentConnection>;
