/**
 * What plugins of a keeper are told of the contact with an agent.
 *
 * @module
 */
import type { FileResult, KeeperDelivery } from "../../protocol/mod.ts";
import { type AgentReport, isAgentWanted } from "../report/report.ts";

/** How many files are named at most; those that are unchanged are not. */
const MAX_FILES = 200;
/** How many characters their names have together at most: a message to a plugin has its bounds. */
const MAX_CHARACTERS = 65_536;

/** Says how a contact ended; it holds names, and no contents and no digests. */
export function describeDelivery(report: AgentReport, app: string | null): KeeperDelivery {
  const { address, component, trust, outcome, failures, startedMs, durationMs } = report;
  const isDelivered = outcome.kind === "delivered";
  const changed = isDelivered ? outcome.files.filter((file) => file.outcome !== "unchanged") : [];
  return {
    address,
    app,
    component,
    trust,
    outcome: outcome.kind,
    code: "code" in outcome ? outcome.code : outcome.kind === "pending" ? outcome.reason : null,
    isWanted: isAgentWanted(report),
    revision: isDelivered ? outcome.revision : null,
    files: nameSome(changed),
    changedFiles: changed.length,
    failures,
    startedAt: new Date(startedMs).toISOString(),
    durationMs,
  };
}

function nameSome(files: readonly FileResult[]): KeeperDelivery["files"] {
  let left = MAX_CHARACTERS;
  return files.slice(0, MAX_FILES).filter(({ path }) => (left -= path.length) >= 0)
    .map(({ path, outcome }) => ({ path, outcome }));
}
