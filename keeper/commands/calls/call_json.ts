/**
 * What agents answered as lines of JSON; the members are stable and described in the keeper's README.
 *
 * @module
 */
import { FluxVaultError } from "../../../protocol/mod.ts";
import { printableJson } from "../../../protocol/host/mod.ts";
import { type CalledReport, codeOfEnd, type RoundReport } from "./call_round.ts";

/** Returns the members by which an agent of a round is named. */
export function agentMembers({ app, report }: CalledReport): Record<string, unknown> {
  const { component, address, fingerprint, trust } = report;
  return { app, component, address, fingerprint, trust };
}

/** Returns the members that say how a call ended; `answer` takes the place of its output. */
export function endMembers(
  { report: { outcome }, end, durationMs }: CalledReport,
  answer: (output: unknown) => Record<string, unknown>,
): Record<string, unknown> {
  if (end?.kind === "answered") {
    return { outcome: "answered", ...answer(end.output), durationMs };
  }
  if (end !== null) {
    const hint = end.error instanceof FluxVaultError ? end.error.hint : undefined;
    const more = hint === undefined ? {} : { hint };
    return { outcome: "failed", code: codeOfEnd(end), ...more, durationMs };
  }
  switch (outcome.kind) {
    case "pending":
      return { outcome: "pending", reason: outcome.reason };
    case "rejected":
      return { outcome: "rejected", code: outcome.code, by: outcome.by };
    case "unreachable":
    case "failed":
      return { outcome: outcome.kind, code: outcome.code };
    default:
      return { outcome: "failed", code: "failed" };
  }
}

/** Writes a line for each agent and one for the whole, each ended. */
export function formatCallsJson(action: string, { agents, problems }: RoundReport): string {
  const lines = agents.map((agent) => ({
    type: "call",
    action,
    ...agentMembers(agent),
    ...endMembers(agent, (output) => output === undefined ? {} : { output }),
  }));
  const answered = agents.filter(({ end }) => end?.kind === "answered").length;
  const summary = { type: "calls", action, agents: agents.length, answered, problems };
  return [...lines, summary].map((line) => `${printableJson(line)}\n`).join("");
}
