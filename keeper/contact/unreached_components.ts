/**
 * What is declared for components of which no agent was reached.
 *
 * @module
 */
import { FluxVaultError, type Logger } from "../../protocol/mod.ts";
import type { AgentReport } from "../report/report.ts";
import type { KnownAgents } from "../trust/mod.ts";
import { type ContactTask, PLAIN_TASK } from "./contact_task.ts";
import type { Delivery } from "./delivery.ts";

/** What {@linkcode numberUnreached} works with. */
export interface NumberUnreachedOptions {
  /** Numbers what is declared. */
  readonly known: KnownAgents;
  /** What is declared. */
  readonly delivery: Delivery;
  /** Which components are meant. */
  readonly task?: ContactTask | undefined;
  /** Takes notes. */
  readonly logger: Logger;
}

/**
 * Numbers what is declared for components of which no agent was reached, so that it shows that they
 * hold something older.
 */
export async function numberUnreached(
  reports: readonly AgentReport[],
  { known, delivery, task = PLAIN_TASK, logger }: NumberUnreachedOptions,
): Promise<void> {
  const { isMeant = () => true } = task;
  const reached = new Set(reports.flatMap(({ outcome, component }) => {
    return outcome.kind === "delivered" ? [component] : [];
  }));
  for (const [component, trust] of known.components()) {
    if (reached.has(component) || !isMeant(component)) continue;
    try {
      const { declaredDigest: digest } = await delivery.at(component, trust);
      await known.revisionOf({ component, digest, sinceMs: 0 });
    } catch (error) {
      if (!(error instanceof FluxVaultError)) throw error;
      // Whoever is served next tells of it.
      logger.debug("What is declared cannot be numbered.", { component, code: error.code });
    }
  }
}
