/**
 * A report for people: a line for each agent, and what to do about those that are not fine.
 *
 * @module
 */
import { countResults } from "../../protocol/mod.ts";
import { formatTable, sanitiseText } from "../../protocol/host/mod.ts";
import { sortByAddress } from "./address_order.ts";
import { formatSeconds, formatSize, plural } from "./amounts.ts";
import { explainOutcome } from "./explanations.ts";
import {
  type AgentReport,
  countWithheld,
  isAgentWaiting,
  isAgentWanted,
  type PassReport,
} from "./report.ts";
import { countHooks } from "./hook_lines.ts";
import { countServices } from "./service_lines.ts";
import { explainCodes, formatNews, troublesOf, wrapLine } from "./report_lines.ts";
import type { PendingReason } from "../trust/mod.ts";

/**
 * What a report says of agents that wait: the commands that approve them, where to look for them, or
 * nothing, since a question about them follows.
 */
export type WaitingHint = "commands" | "list" | "none";

/** How to write a report. */
export interface ReportTextOptions {
  /** What follows the fingerprint in a command that approves an agent, for example `--state-dir X`. */
  readonly approveFlags?: string;
  /** What it says of agents that wait. @default {"commands"} */
  readonly waitingHint?: WaitingHint;
  /** The app, where it is one of several; `null` where it is the only one. @default {null} */
  readonly nameOfApp?: string | null;
}

/** How many agents, and how many lines about them, are shown at most. */
const MAX_LINES = 40;
/** Words that a stranger chose are cut to this length. */
const MAX_NAME_LENGTH = 8;

const WAITING: Readonly<Record<PendingReason, string>> = {
  "new": "its key is new",
  "not-listed": "not listed now",
  "places-taken": "no place is free",
  "places-unknown": "places unknown",
};

/** Says in two cells how an agent did. */
function stateOf(agent: AgentReport): readonly [state: string, detail: string] {
  const { outcome } = agent;
  switch (outcome.kind) {
    case "delivered": {
      const all = Object.entries({
        ...countResults(outcome.files),
        withheld: outcome.withheld.length,
      }).filter(([, count]) => count > 0);
      const others = all.filter(([name]) => name !== "unchanged");
      const counts = others.length > 0 ? others : all;
      const services = countServices(outcome.services ?? []);
      const state = !isAgentWanted(agent)
        ? "incomplete"
        : counts.every(([name]) => name === "unchanged") && outcome.hooks.length === 0 &&
            services.length === 0
        ? "unchanged"
        : "delivered";
      const files = counts.map(([name, count]) => `${count} ${name}`);
      return [state, [...files, ...countHooks(outcome.hooks), ...services].join(", ")];
    }
    case "planned":
      return ["planned", "-"];
    case "called":
      return ["called", "-"];
    case "pending":
      return ["pending", WAITING[outcome.reason]];
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
    const cells = [agent.trust ?? "-", state, detail, formatSeconds(agent.durationMs)];
    return [agent.address, ...(hasComponents ? [component] : []), ...cells];
  });
  const columns = [
    { heading: "AGENT" },
    ...(hasComponents ? [{ heading: "COMPONENT" }] : []),
    { heading: "TRUST" },
    { heading: "STATE" },
    { heading: "FILES" },
    { heading: "TIME", align: "right" as const },
  ];
  return formatTable(rows, { columns });
}

/** Cuts a list of lines to what a person reads. */
function shorten(lines: readonly string[]): string[] {
  if (lines.length <= MAX_LINES) return [...lines];
  return [...lines.slice(0, MAX_LINES), `... and ${lines.length - MAX_LINES} more; see --json`];
}

function explanationsOf(agents: readonly AgentReport[]): string[] {
  return agents.flatMap((agent) => {
    const explanation = explainOutcome(agent.outcome);
    const isPeers = agent.outcome.kind === "rejected" && agent.outcome.by === "peer";
    const subject = isPeers ? `${agent.address} refused this keeper` : agent.address;
    return [
      ...troublesOf(agent),
      ...(explanation === null ? [] : [wrapLine(sanitiseText(`${subject}: ${explanation}`))]),
    ];
  });
}

function commandsFor(agents: readonly AgentReport[], app: string | null, flags: string): string {
  const option = app === null ? "" : ` --app-name ${app}`;
  const commands = agents.map(({ address, fingerprint }) => {
    return `  # ${address}\n  fluxvault-keeper agents approve ${fingerprint}${option}${flags}`;
  });
  return shorten(commands).join("\n") + "\n";
}

function formatWaiting(
  report: PassReport,
  { approveFlags: flags = "", waitingHint = "commands" }: ReportTextOptions,
): string {
  const waiting = report.agents.filter(isAgentWaiting);
  if (waiting.length === 0 || waitingHint === "none") return "";
  const subject = waiting.length === 1 ? "1 agent waits" : `${waiting.length} agents wait`;
  if (waitingHint === "list") {
    return `\n${subject} for approval and got nothing: \`agents list\` has the fingerprints.\n`;
  }
  return `\n${subject} for approval and got nothing. Compare the fingerprint with the\n` +
    "one that the agent said at its start; if they agree:\n" +
    commandsFor(waiting, report.app, flags);
}

/** Says how agents can be raised to what files ask for. */
function formatWithheld(report: PassReport, flags: string): string {
  const lacking = report.agents.filter((agent) => countWithheld(agent) > 0);
  const lacks = (agent: AgentReport, ...levels: readonly string[]) =>
    agent.outcome.kind === "delivered" &&
    agent.outcome.withheld.some(({ required }) => levels.includes(required));
  const approvable = lacking.filter((agent) => {
    return agent.trust === "first-use" && lacks(agent, "approved");
  });
  const texts: string[] = [];
  if (approvable.length > 0) {
    texts.push(
      "To raise an agent to approved, compare its fingerprint with the one that the agent\n" +
        `said at its start; if they agree:\n${commandsFor(approvable, report.app, flags)}`,
    );
  }
  if (lacking.some((agent) => agent.trust !== "address" && lacks(agent, "enrolled"))) {
    texts.push(
      "To raise an agent to enrolled, start it with the app's enrolment secret\n" +
        "(FLUXVAULT_ENROLL_SECRET), which this keeper has to have too.\n",
    );
  }
  if (lacking.some(({ trust }) => trust === "address")) {
    texts.push("On the original's wire no agent gets further: serve it by protocol 2 (--wire).\n");
  }
  const subject = plural(lacking.length, "agent");
  return texts.length === 0 ? "" : `\nFiles were withheld from ${subject}.\n${texts.join("")}`;
}

function formatSummary(report: PassReport, nameOfApp: string | null): string {
  const { agents, elsewhere = [] } = report;
  const kinds = new Map<string, number>();
  let sent = 0;
  let withheld = 0;
  for (const agent of agents) {
    const [state] = stateOf(agent);
    const kind = isAgentWanted(agent) ? "as wanted" : state;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    if (agent.outcome.kind === "delivered") sent += agent.outcome.contentBytes;
    withheld += countWithheld(agent);
  }
  const parts = [...kinds].sort(([a]) => a === "as wanted" ? -1 : 0)
    .map(([kind, count]) => `${count} ${kind}`);
  const none = elsewhere.length === 0 ? "no agent was found" : "no agent was free";
  const agentsText = agents.length === 0 ? none : plural(agents.length, "agent");
  const head = [agentsText, ...parts].join(", ");
  const busy = elsewhere.length === 0 ? "" : `; ${elsewhere.length} still in an earlier pass`;
  const held = withheld === 0 ? "" : `; ${plural(withheld, "file")} withheld`;
  const whose = nameOfApp === null ? "" : `${nameOfApp}: `;
  return `${whose}pass ${report.pass}: ${head}${busy}${held}; ${formatSize(sent)} sent in ` +
    `${formatSeconds(report.durationMs)}
`;
}

/** Writes a report; whatever peers provided is made harmless. */
export function formatReportText(pass: PassReport, options: ReportTextOptions = {}): string {
  const agents = sortByAddress(pass.agents);
  const report = { ...pass, agents };
  const { approveFlags: flags = "", nameOfApp = null } = options;
  const isInteresting = (agent: AgentReport) => stateOf(agent)[0] !== "unchanged";
  const shown = agents.length <= MAX_LINES ? agents : agents.filter(isInteresting);
  const listed = shown.slice(0, MAX_LINES);
  const left = agents.length - listed.length;
  const lines = [
    ...shorten(agents.flatMap(formatNews)),
    ...shorten(explanationsOf(agents)),
    ...explainCodes(agents),
  ];
  return [
    listed.length > 0 && nameOfApp !== null ? `${nameOfApp}\n` : "",
    listed.length > 0 ? formatAgents(listed) : "",
    left > 0 && listed.length > 0 ? `... and ${plural(left, "more agent")}; see --json\n` : "",
    ...lines.map((line) => `${line}\n`),
    formatWaiting(report, options),
    formatWithheld(report, flags),
    ...report.problems.map(({ message }) => `problem: ${sanitiseText(message)}\n`),
    formatSummary(report, nameOfApp),
  ].join("");
}
