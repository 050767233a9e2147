/**
 * The status of a fleet as a person reads it.
 *
 * @module
 */
import { formatTable, sanitiseText } from "../../protocol/host/mod.ts";
import { sortByAddress } from "../report/address_order.ts";
import { formatTime, plural } from "../report/amounts.ts";
import { hookTroublesOf } from "../report/hook_lines.ts";
import { isServiceWanted } from "../report/report.ts";
import { serviceTroublesOf } from "../report/service_lines.ts";
import { wrapLine } from "../report/report_lines.ts";
import type { AgentStatus, DriftKind, DriftStatus } from "./agent_status.ts";
import type { AgentConcern } from "./fleet_status.ts";
import type { AgentStatusView } from "./status_view.ts";

/** How to write a status. */
export interface StatusTextOptions {
  /** The time now in Unix milliseconds. */
  readonly nowMs: number;
  /** The width that there is, in columns. */
  readonly width: number;
  /** Whether nothing is left out, however long it is. @default {false} */
  readonly isWhole?: boolean;
}

const MAX_LINES = 40;
const MAX_NAME_LENGTH = 12;
/** As much of a fingerprint as tells the keys of a fleet apart; `agents list` has all of it. */
const KEY_LENGTH = "SHA256:".length + 8;

const FOUND: Readonly<Record<DriftKind, string>> = {
  gone: "was gone",
  changed: "was changed",
  reowned: "had another mode or owner",
  extra: "should not have been there",
};

/** Writes a status; whatever peers provided is made harmless. */
export function formatStatusText(
  views: readonly AgentStatusView[],
  options: StatusTextOptions,
): string {
  const { isWhole = false } = options;
  const inOrder = sortByAddress(views.map((view) => ({ ...view, address: view.agent.address })));
  const isShort = !isWhole && inOrder.length > MAX_LINES;
  const wanted = isShort ? inOrder.filter(({ concerns }) => concerns.length > 0) : inOrder;
  const shown = isWhole ? wanted : wanted.slice(0, MAX_LINES);
  const left = inOrder.length - shown.length;
  const details = inOrder.flatMap(detailsOf);
  const listed = isWhole ? details : details.slice(0, MAX_LINES);
  return [
    shown.length > 0 ? formatAgents(shown, options) : "",
    left > 0 ? `... and ${plural(left, "more agent")}; --all shows them\n` : "",
    ...listed.map((line) => `${line}\n`),
    details.length > listed.length
      ? `... and ${plural(details.length - listed.length, "more line")}; --all shows them\n`
      : "",
    formatSummary(views, options.nowMs),
  ].join("");
}

interface Column {
  readonly heading: string;
  readonly cell: (view: AgentStatusView) => string;
  /** Which is left out first where there is too little room; 0 for one that never is. */
  readonly spare: number;
}

function formatAgents(
  views: readonly AgentStatusView[],
  { nowMs, width }: StatusTextOptions,
): string {
  const name = (text: string | null) => sanitiseText(text ?? "-", { maxLength: MAX_NAME_LENGTH });
  const apps = new Set(views.map(({ agent }) => agent.app));
  const hasComponents = views.some(({ agent }) => agent.component !== null);
  const columns: Column[] = [
    { heading: "AGENT", spare: 0, cell: ({ agent }) => agent.address },
    { heading: "APP", spare: 0, cell: ({ agent }) => name(agent.app) },
    { heading: "COMPONENT", spare: 0, cell: ({ agent }) => name(agent.component) },
    {
      heading: "KEY",
      spare: 3,
      cell: ({ agent }) => agent.fingerprint?.slice(0, KEY_LENGTH) ?? "-",
    },
    { heading: "TRUST", spare: 2, cell: ({ agent }) => agent.trust ?? "-" },
    { heading: "HOLDS", spare: 0, cell: holdingOf },
    { heading: "SINCE (UTC)", spare: 1, cell: ({ agent: { held } }) => sinceOf(held?.sinceMs) },
    { heading: "SEEN", spare: 0, cell: ({ agent }) => ageOf(nowMs - agent.contact.atMs) },
    { heading: "STATE", spare: 0, cell: stateOf },
  ];
  const used = columns.filter(({ heading }) => {
    return (heading !== "APP" || apps.size > 1) && (heading !== "COMPONENT" || hasComponents);
  });
  for (let spared = 3; spared >= 0; spared--) {
    const kept = used.filter(({ spare }) => spare <= spared);
    const table = formatTable(views.map((view) => kept.map(({ cell }) => cell(view))), {
      columns: kept,
    });
    const isNarrow = table.split("\n").every((line) => line.length <= width);
    if (isNarrow || spared === 0) return table;
  }
  return "";
}

function holdingOf({ agent: { held, wire }, concerns }: AgentStatusView): string {
  if (wire === "original") return "unknown";
  if (held === null) return "nothing";
  const part = held.isWhole ? "" : ", in part";
  const text = held.isWiped ? "wiped" : `${held.revision}`;
  return `${text}${part}${concerns.includes("old") ? ", OLD" : ""}`;
}

function sinceOf(ms: number | undefined): string {
  return ms === undefined ? "-" : formatTime(ms);
}

/** Writes how long ago something was. */
function ageOf(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const units = [[86_400, "d"], [3_600, "h"], [60, "min"], [1, "s"]] as const;
  const [length, unit] = units.find(([length]) => seconds >= 2 * length) ?? [1, "s"];
  return `${Math.floor(seconds / length)} ${unit} ago`;
}

const CONCERNS: Readonly<Record<AgentConcern, (agent: AgentStatus) => string>> = {
  contact: ({ contact }) => contactOf(contact),
  overdue: () => "overdue",
  old: ({ held }) => held === null ? "has nothing yet" : "old revision",
  files: ({ files, moreFiles }) => `${plural(files.length + moreFiles, "file")} not as declared`,
  drift: ({ drift }) => `${drift.filter(isOpen).length} drifted`,
  hooks: ({ hooks }) => `${plural(hooks.length, "hook")} not run`,
  services: ({ services = [] }) => {
    return `${
      plural(services.filter((each) => !isServiceWanted(each)).length, "service")
    } not running`;
  },
  withheld: ({ withheld }) => `${withheld.length} withheld`,
  planned: ({ planned }) => `${planned} planned`,
};

function stateOf({ agent, concerns }: AgentStatusView): string {
  if (!agent.isListed) return "left the list";
  if (concerns.length === 0) return "as wanted";
  // Who was never served has nothing because of that.
  const told = concerns.filter((concern) => {
    return concern !== "old" || agent.held !== null || !concerns.includes("contact");
  });
  return told.map((concern) => CONCERNS[concern](agent)).join(", ");
}

function contactOf({ outcome, by }: AgentStatus["contact"]): string {
  if (outcome !== "rejected") return outcome;
  return by === "us" ? "refused" : "refuses us";
}

function isOpen({ repairedMs }: DriftStatus): boolean {
  return repairedMs === null;
}

function detailsOf({ agent, concerns }: AgentStatusView): string[] {
  if (!agent.isListed) return [];
  const { address, files, moreFiles, drift, hooks, services = [], withheld, trust } = agent;
  return [
    ...(concerns.includes("contact") ? [describeContact(agent)] : []),
    ...(concerns.includes("overdue")
      ? [`${address}: nobody has looked for it for too long: is a keeper running?`]
      : []),
    ...files.map(({ path, outcome, code }) => {
      return sanitiseText(
        `${address}: ${path}: ${outcome}${code === undefined ? "" : ` (${code})`}`,
      );
    }),
    ...(moreFiles > 0 ? [`${address}: and ${plural(moreFiles, "more file")}`] : []),
    ...drift.map((each) => describeDrift(address, each)),
    ...hookTroublesOf(hooks, address),
    ...serviceTroublesOf(services, address),
    ...withheld.map(({ path, required }) => {
      const why = `it asks for ${required}, and the agent is ${trust ?? "not trusted"}`;
      return sanitiseText(`${address}: ${path}: withheld (${why})`);
    }),
  ];
}

function describeContact({ address, contact, servedMs }: AgentStatus): string {
  const why = contact.code === null ? "" : ` (${contact.code})`;
  const often = contact.failures > 1 ? `, ${contact.failures} times in a row` : "";
  const last = servedMs === null
    ? "it was never served"
    : `served last ${formatTime(servedMs)} UTC`;
  return wrapLine(`${address}: ${contactOf(contact)}${why}${often}; ${last}`);
}

function describeDrift(address: string, { path, found, foundMs, repairedMs }: DriftStatus): string {
  const end = repairedMs === null
    ? "and was not put right"
    : `and was put right${repairedMs === foundMs ? "" : ` ${formatTime(repairedMs)}`}`;
  const at = formatTime(foundMs);
  return sanitiseText(`${address}: ${path}: ${FOUND[found]} at ${at} UTC, ${end}`);
}

function formatSummary(views: readonly AgentStatusView[], nowMs: number): string {
  const listed = views.filter(({ agent }) => agent.isListed);
  const count = (concern: AgentConcern) =>
    listed.filter(({ concerns }) => concerns.includes(concern)).length;
  const wanted = listed.filter(({ concerns }) => concerns.length === 0).length;
  const old =
    listed.filter(({ agent, concerns }) => concerns.includes("old") && agent.held !== null)
      .length;
  const parts = [
    `${wanted} as wanted`,
    ...(old === 0 ? [] : [`${old} on an older revision`]),
    ...(count("contact") === 0 ? [] : [`${count("contact")} not reached or turned away`]),
    ...(count("drift") === 0 ? [] : [`${count("drift")} drifted`]),
    ...(count("hooks") === 0 ? [] : [`${count("hooks")} with hooks to run`]),
    ...(count("services") === 0 ? [] : [`${count("services")} with services that do not run`]),
  ];
  const lastMs = Math.max(...views.map(({ agent }) => agent.contact.atMs));
  const last = views.length === 0 ? "" : `; the last contact was ${ageOf(nowMs - lastMs)}`;
  return `status: ${plural(listed.length, "agent")}: ${parts.join(", ")}${last}\n`;
}
