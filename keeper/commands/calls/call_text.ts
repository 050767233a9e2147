/**
 * What agents answered, as a person reads it.
 *
 * @module
 */
import { FluxVaultError } from "../../../protocol/mod.ts";
import { sanitiseText } from "../../../protocol/host/mod.ts";
import { sortByAddress } from "../../report/address_order.ts";
import { plural } from "../../report/amounts.ts";
import { explainOutcome } from "../../report/explanations.ts";
import { wrapLine } from "../../report/report_lines.ts";
import { type CalledReport, codeOfEnd, type RoundReport } from "./call_round.ts";

/** By what a call may fail with: also words of an agent, such as `constructor`. */
const CODES: ReadonlyMap<string, string> = new Map(Object.entries({
  "audit-failed": "the call cannot be put on record, so it was not made",
  "busy": "it runs as many calls as it can",
  "connection-lost": "the session broke while the call was open: it may have been done",
  "failed": "see its log",
  "input-malformed": "it was given what it does not take",
  "output-malformed": "it answered something else than it says",
  "service-unknown": "it has no such service of this keeper's",
  "timed-out": "it took longer than --timeout: it may have been done",
  "unknown-action": "it has no such action",
}));

const UNTRUSTED = "its key is not trusted yet: serve it first, or approve it (agents approve)";

/** Tells whether an agent was turned away because its key is not known. */
function isUnknown({ outcome }: CalledReport["report"]): boolean {
  return outcome.kind === "rejected" && outcome.by === "us" && outcome.code === "rejected";
}

/** Writes what each agent answered, and how many did; whatever peers provided is made harmless. */
export function formatCallsText(action: string, { agents, problems }: RoundReport): string {
  const inOrder = sortByAddress(
    agents.map((agent) => ({ ...agent, address: agent.report.address })),
  );
  const answered = agents.filter(({ end }) => end?.kind === "answered").length;
  return [
    ...inOrder.map(describeAgent),
    ...problems.map(({ message }) => `problem: ${sanitiseText(message)}\n`),
    `${action}: ${answered} of ${plural(agents.length, "agent")} answered\n`,
  ].join("");
}

/** Writes the name of an agent. */
export function nameOfAgent({ app, report: { address, component } }: CalledReport): string {
  const name = component === null ? app : app === null ? component : `${app}/${component}`;
  return sanitiseText(name === null ? address : `${address} (${name})`, { maxLength: 200 });
}

/** Writes, in a line, why an agent did not answer; `null` where it did. */
export function describeFailure(agent: CalledReport): string | null {
  const { end, report: { outcome } } = agent;
  if (end?.kind === "answered") return null;
  if (end !== null) {
    const code = codeOfEnd(end);
    const hint = end.error instanceof FluxVaultError ? end.error.hint : undefined;
    const why = [CODES.get(code), hint].filter((text) => text !== undefined).join("; ");
    return wrapLine(
      sanitiseText(`${nameOfAgent(agent)}: failed (${code})${why === "" ? "" : `: ${why}`}`),
    );
  }
  const code = "code" in outcome
    ? outcome.code
    : outcome.kind === "pending"
    ? outcome.reason
    : "failed";
  const state = outcome.kind !== "rejected"
    ? outcome.kind
    : outcome.by === "us"
    ? "refused"
    : "refuses us";
  const why = isUnknown(agent.report) ? UNTRUSTED : explainOutcome(outcome);
  return wrapLine(
    sanitiseText(`${nameOfAgent(agent)}: ${state} (${code})${why === null ? "" : `: ${why}`}`),
  );
}

function describeAgent(agent: CalledReport): string {
  const failure = describeFailure(agent);
  if (failure !== null) return `${failure}\n`;
  const output = agent.end?.kind === "answered" ? agent.end.output : undefined;
  const lines = textOf(output).split("\n").map((line) => sanitiseText(line, { maxLength: 4_096 }));
  const name = nameOfAgent(agent);
  if (lines.length === 1) return `${name}: ${lines[0] === "" ? "done" : lines[0]}\n`;
  return `${name}:\n${lines.map((line) => `  ${line}\n`).join("")}`;
}

/** A text is shown as it is, and all else as JSON. */
export function textOf(output: unknown): string {
  if (output === undefined || output === null) return "";
  return typeof output === "string" ? output.trimEnd() : JSON.stringify(output, null, 2);
}
