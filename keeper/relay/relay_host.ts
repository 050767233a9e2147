/**
 * What the contact with an agent does where that agent relays to others.
 *
 * @module
 */
import type { CallDesk } from "../../protocol/mod.ts";
import type { AuditRecorder } from "../audit/mod.ts";

/** What the contact with an agent does where that agent relays to others. */
export interface RelayHost {
  /**
   * Serves those behind it over a session that was opened for it; resolves when all are served. Never
   * rejects.
   */
  carry(desk: CallDesk, primary: RelayingAgent): Promise<void>;
  /** Notes that it relays to nobody. */
  carryNobody(): void;
}

/** An agent that relays, and was let in. */
export interface RelayingAgent {
  /** The component that it says it is, or `null`. */
  readonly component: string | null;
  /** Puts on record what is given over the connection to it; `null` where nothing is. */
  readonly audit: AuditRecorder | null;
}
