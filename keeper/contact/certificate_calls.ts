/**
 * What agents and a keeper call of one another about certificates: an agent asks for them, and is told
 * which are revoked.
 *
 * @module
 */
import { type CallDesk, CallError, type Logger, UNKNOWN_ACTION } from "../../protocol/mod.ts";
import type { Authority } from "../authority/authority.ts";
import type { CallsOfAgent } from "./called_agent.ts";
import { certificateAction, encodeList, type FindCertificate } from "./certificate_action.ts";

/** The options of {@linkcode certificateCalls}. */
export interface CertificateCallsOptions {
  /** Opens the authority; nothing is made by it. */
  readonly authority: () => Promise<
    Pick<Authority, "issue" | "revocationList" | "rootRevocationList">
  >;
  /** Finds what the operator declared for applications. @default nothing */
  readonly findCertificate?: FindCertificate;
  /** Is told once that lists of revocations cannot be made, until they can. */
  readonly logger: Logger;
}

/**
 * Makes what an agent that was let in may call about certificates, and what it is told: the lists of what
 * is revoked, that of the root first, since with it an agent learns that the other is of somebody new.
 *
 * An agent that takes no such calls is left in peace, and one that only says what it would do is given
 * nothing.
 */
export function certificateCalls(options: CertificateCallsOptions): CallsOfAgent {
  const { authority, findCertificate, logger } = options;
  let hasFailed = false;
  const lists = async (app: string): Promise<readonly Record<string, string | null>[]> => {
    try {
      const opened = await authority();
      const ofApp = encodeList(await opened.revocationList(app));
      if (ofApp === null) return [];
      const ofRoot = encodeList(await opened.rootRevocationList());
      hasFailed = false;
      return [{ RootRevocations: ofRoot }, { Revocations: ofApp }];
    } catch (error) {
      if (!hasFailed) {
        const reason = error instanceof Error ? error.message : String(error);
        logger.warn("Agents are not told which certificates are revoked.", { app, reason });
      }
      hasFailed = true;
      return [];
    }
  };
  return ({ app, component, fingerprint, level, isPlan, origin }) => {
    if (isPlan || app === null || level === "address") return null;
    const agent = { app, component, fingerprint, level };
    const find = findCertificate === undefined ? {} : { findCertificate };
    return {
      actions: [certificateAction({ authority, ...find, ...agent })],
      work: async (desk) => {
        if (origin.readiness.wants.includes("calls")) await tell(desk, await lists(app));
      },
    };
  };
}

/** What an agent answers that does not take lists, or not this one. */
const REFUSALS: readonly string[] = [UNKNOWN_ACTION, "list-refused"];

async function tell(
  desk: CallDesk,
  lists: readonly Record<string, string | null>[],
): Promise<void> {
  for (const input of lists) {
    try {
      await desk.call("revocations", { input });
    } catch (error) {
      if (!(error instanceof CallError) || !REFUSALS.includes(error.code)) throw error;
      if (error.code === UNKNOWN_ACTION) return;
    }
  }
}
