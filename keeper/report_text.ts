/**
 * A report for people: a line for each agent, and what to do about those that are not fine.
 *
 * @module
 */
import { countResults } from "../protocol/mod.ts";
import { formatTable, sanitiseText } from "../protocol/host/mod.ts";
import { type AgentReport, isAgentWanted, isFileWanted, type PassReport } from "./report.ts";

/** How to write a report. */
export interface ReportTextOptions {
  /** What follows the fingerprint in a command that approves an agent, for example `--state-dir X`. */
  readonly approveFlags?: string;
}

/** How many agents, and how many lines about them, are shown at most. */
const MAX_LINES = 40;
/** Words that a stranger chose are cut to this length. */
const MAX_NAME_LENGTH = 10;

const EXPLANATIONS: Readonly<Record<string, string>> = {
  "app-mismatch": "it says that it belongs to another app",
  "busy": "another delivery is under way there",
  "clone-suspected": "its key answers from two processes; both are held",
  "connection-failed": "the network leads nowhere",
  "connection-lost": "the connection broke",
  "connection-refused": "nothing listens there; an instance on standby is one reason",
  "host-not-found": "its name is not known",
  "identity-changed": "it shows another key than the one on record",
  "identity-invalid": "its proof of identity is not valid",
  "identity-mismatch": "its key is known for another app or component",
  "key-on-record": "its key is on record, so it is not spoken to on the original's wire: " +
    "take it out of --wire, or have it forgotten (agents forget)",
  "manifest-stale": "it has seen a later manifest",
  "original-refused": "it speaks protocol 2, and lets nobody here speak the original's wire: " +
    "--wire HOST=2",
  "original-wire": "it speaks the wire of the original FluxVault; to serve it so, with what that " +
    "cannot protect: --wire HOST=original",
  "rejected": "its key is not known",
  "relay-suspected": "it passes on what an agent at another address says",
  "shutting-down": "it is about to end",
  "statement-missing": "it wants a keeper that signs its connections",
  "timed-out": "it took too long",
  "truncated": "it ended the session in the middle",
};

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}

function plural(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}

function size(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), units.length);
  return `${(bytes / 1_000 ** power).toFixed(1)} ${units[power - 1]}`;
}

/** Says in two cells how an agent did. */
function stateOf(agent: AgentReport): readonly [state: string, detail: string] {
  const { outcome } = agent;
  switch (outcome.kind) {
    case "delivered": {
      const all = Object.entries(countResults(outcome.files)).filter(([, count]) => count > 0);
      const others = all.filter(([name]) => name !== "unchanged");
      const counts = others.length > 0 ? others : all;
      const state = !isAgentWanted(agent)
        ? "incomplete"
        : counts.every(([name]) => name === "unchanged")
        ? "unchanged"
        : "delivered";
      return [state, counts.map(([name, count]) => `${count} ${name}`).join(", ")];
    }
    case "pending":
      return ["pending", outcome.reason === "new" ? "its key is new" : "no place is free"];
    case "rejected":
      return [outcome.by === "us" ? "refused" : "refuses us", outcome.code];
    case "unreachable":
    case "failed":
      return [outcome.kind, outcome.code];
  }
}

function formatAgents(agents: readonly AgentReport[]): string {
  const hasComponents = agents.some(({ component }) => component !== null);
  const rows = agents.map((agent) => {
    const [state, detail] = stateOf(agent);
    const component = sanitiseText(agent.component ?? "-", { maxLength: MAX_NAME_LENGTH });
    const cells = [state, detail, seconds(agent.durationMs)];
    return [agent.address, ...(hasComponents ? [component] : []), ...cells];
  });
  const columns = [
    { heading: "AGENT" },
    ...(hasComponents ? [{ heading: "COMPONENT" }] : []),
    { heading: "STATE" },
    { heading: "FILES" },
    { heading: "TIME", align: "right" as const },
  ];
  return formatTable(rows, { columns });
}

/** Says what is not fine with an agent, one line for each file or reason. */
function troublesOf(agent: AgentReport): string[] {
  const { outcome, address } = agent;
  if (outcome.kind === "delivered") {
    return outcome.files.filter((file) => !isFileWanted(file)).map(({ path, outcome, code }) => {
      const why = code === undefined ? "" : ` (${code})`;
      return sanitiseText(`${address}: ${path}: ${outcome}${why}`);
    });
  }
  if (outcome.kind === "pending") return [];
  const subject = outcome.kind === "rejected" && outcome.by === "peer"
    ? `${address} refused this keeper`
    : address;
  const explanation = EXPLANATIONS[outcome.code];
  return explanation === undefined ? [] : [sanitiseText(`${subject}: ${explanation}`)];
}

/** Cuts a list of lines to what a person reads. */
function shorten(lines: readonly string[]): string[] {
  if (lines.length <= MAX_LINES) return [...lines];
  return [...lines.slice(0, MAX_LINES), `... and ${lines.length - MAX_LINES} more; see --json`];
}

/** Tells whether an operator can let the agent in. */
export function isWaiting({ outcome }: AgentReport): boolean {
  return outcome.kind === "pending" ||
    (outcome.kind === "rejected" && outcome.code === "identity-changed");
}

function formatWaiting(report: PassReport, flags: string): string {
  const waiting = report.agents.filter(isWaiting);
  if (waiting.length === 0) return "";
  const app = report.app === null ? "" : ` --app-name ${report.app}`;
  const commands = waiting.map(({ address, fingerprint }) => {
    return `  # ${address}\n  fluxvault-keeper agents approve ${fingerprint}${app}${flags}`;
  });
  const subject = waiting.length === 1 ? "1 agent waits" : `${waiting.length} agents wait`;
  return `\n${subject} for approval and got nothing. Compare the fingerprint with the\n` +
    "one that the agent said at its start; if they agree:\n" + shorten(commands).join("\n") + "\n";
}

function formatSummary(report: PassReport): string {
  const { agents } = report;
  const kinds = new Map<string, number>();
  for (const agent of agents) {
    const [state] = stateOf(agent);
    const kind = isAgentWanted(agent) ? "as wanted" : state;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  let sent = 0;
  for (const { outcome } of agents) if (outcome.kind === "delivered") sent += outcome.contentBytes;
  const parts = [...kinds].sort(([a]) => a === "as wanted" ? -1 : 0)
    .map(([kind, count]) => `${count} ${kind}`);
  const agentsText = agents.length === 0 ? "no agent was found" : plural(agents.length, "agent");
  const head = [agentsText, ...parts].join(", ");
  return `pass ${report.pass}: ${head}; ${size(sent)} sent in ${seconds(report.durationMs)}\n`;
}

/** Writes a report; whatever peers provided is made harmless. */
export function formatReportText(report: PassReport, options: ReportTextOptions = {}): string {
  const { agents } = report;
  const isInteresting = (agent: AgentReport) => stateOf(agent)[0] !== "unchanged";
  const shown = agents.length <= MAX_LINES ? agents : agents.filter(isInteresting);
  const listed = shown.slice(0, MAX_LINES);
  const left = agents.length - listed.length;
  const troubles = shorten(agents.flatMap(troublesOf));
  return [
    listed.length > 0 ? formatAgents(listed) : "",
    left > 0 && listed.length > 0 ? `... and ${plural(left, "more agent")}; see --json\n` : "",
    ...troubles.map((line) => `${line}\n`),
    formatWaiting(report, options.approveFlags ?? ""),
    ...report.problems.map(({ message }) => `problem: ${sanitiseText(message)}\n`),
    formatSummary(report),
  ].join("");
}
