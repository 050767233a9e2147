/**
 * A plan as a person reads it.
 *
 * @module
 */
import { formatTable, sanitiseText } from "../../protocol/host/mod.ts";
import { sortByAddress } from "../report/address_order.ts";
import { formatSize, plural } from "../report/amounts.ts";
import {
  explainFile,
  explainHook,
  explainOutcome,
  explainService,
} from "../report/explanations.ts";
import { describeHook } from "../report/hook_lines.ts";
import { planService } from "../report/service_lines.ts";
import type { PassReport } from "../report/report.ts";
import { wrapLine } from "../report/report_lines.ts";
import { countPlanned, judgePlan } from "./plan_verdict.ts";
import type { AgentPlanView, PlanLine } from "./plan_view.ts";

/** How to write a plan. */
export interface PlanTextOptions {
  /** Whether nothing is left out, however long it is. @default {false} */
  readonly isWhole?: boolean;
}

/** How many changes of one group of agents, and how many addresses, are shown where not all are. */
const MAX_CHANGES = 20;
const MAX_ADDRESSES = 6;
/** How many groups of agents, and how many lines about agents that were not asked. */
const MAX_GROUPS = 40;
/** As much of a fingerprint as tells two contents apart; JSON has all of it. */
const CONTENTS_LENGTH = 16;

/** Agents of which the same is said. */
interface Group {
  readonly heading: string;
  readonly body: string;
  readonly addresses: string[];
}

/** Writes a plan; whatever peers provided is made harmless. */
export function formatPlanText(
  views: readonly AgentPlanView[],
  passes: readonly PassReport[],
  options: PlanTextOptions = {},
): string {
  const { isWhole = false } = options;
  const inOrder = sortByAddress(views.map((view) => ({ ...view, address: view.report.address })));
  const hasApps = passes.length > 1;
  const groups = groupAlike(inOrder, { isWhole, hasApps });
  const shown = isWhole ? groups : groups.slice(0, MAX_GROUPS);
  const left = groups.length - shown.length;
  const others = inOrder.flatMap((view) => describeOther(view, hasApps));
  const listed = isWhole ? others : others.slice(0, MAX_GROUPS);
  return [
    ...shown.map((group) => formatGroup(group, isWhole)),
    left > 0 ? `... and ${left} more that differ from these; --all shows them\n\n` : "",
    ...listed.map((line) => `${line}\n`),
    others.length > listed.length
      ? `... and ${others.length - listed.length} more; --all shows them\n`
      : "",
    ...explainCodes(views).map((line) => `${line}\n`),
    ...passes.flatMap(({ problems }) => problems)
      .map(({ message }) => `problem: ${sanitiseText(message)}\n`),
    formatSummary(passes),
  ].join("");
}

function groupAlike(
  views: readonly AgentPlanView[],
  options: { readonly isWhole: boolean; readonly hasApps: boolean },
): Group[] {
  const groups = new Map<string, Group>();
  for (const view of views) {
    const body = formatBody(view, options.isWhole);
    if (body === "") continue;
    const heading = headingOf(view, options.hasApps);
    const key = `${heading}\n${body}`;
    const known = groups.get(key);
    if (known === undefined) {
      groups.set(key, { heading, body, addresses: [view.report.address] });
    } else known.addresses.push(view.report.address);
  }
  return [...groups.values()];
}

function headingOf({ app, report }: AgentPlanView, hasApps: boolean): string {
  const name = nameOf(app, report.component, hasApps);
  return [name, report.trust ?? ""].filter((part) => part !== "").join(", ");
}

function nameOf(app: string | null, component: string | null, hasApps: boolean): string {
  const ofApp = hasApps ? app ?? "-" : "";
  if (component === null) return sanitiseText(ofApp);
  return sanitiseText(ofApp === "" ? component : `${ofApp}/${component}`);
}

function formatGroup({ heading, body, addresses }: Group, isWhole: boolean): string {
  const shown = isWhole ? addresses : addresses.slice(0, MAX_ADDRESSES);
  const left = addresses.length - shown.length;
  const names = left > 0 ? `${shown.join(", ")} and ${left} more` : shown.join(", ");
  const each = addresses.length === 1 ? "" : `; ${addresses.length} agents, each:`;
  return `${wrapLine(heading === "" ? names : `${names} (${heading})`)}${each}\n${body}\n`;
}

function formatBody(view: AgentPlanView, isWhole: boolean): string {
  const { lines, hooks, services = [], report } = view;
  const shown = isWhole ? lines : lines.slice(0, MAX_CHANGES);
  const rows = shown.map(rowOf);
  const left = lines.slice(shown.length);
  return [
    ...newsOf(view),
    ...(rows.length === 0 ? [] : formatRows(rows)),
    ...(left.length === 0 ? [] : [`  ... and ${countActions(left)}; --all shows them`]),
    ...hooks.map((hook) => {
      const stands = hook.outcome === "refused"
        ? `refuse  hook ${hook.hook} ${hook.code === undefined ? "" : `(${hook.code})`}`
        : hook.attempts > 0
        ? `run     hook ${hook.hook}, which ${describeHook(hook)}`
        : `run     hook ${hook.hook}`;
      return `  ${sanitiseText(stands.trimEnd())}`;
    }),
    ...services.flatMap((service) => planService(service) ?? []).map((line) => `  ${line}`),
    ...(report.outcome.kind === "planned" && view.offered !== null ? [offerText(view)] : []),
  ].map((line) => `${line}\n`).join("");
}

function newsOf({ report: { news } }: AgentPlanView): string[] {
  if (news?.kind === "first-use") return [];
  if (news?.kind !== "enrolled") return [];
  const before = news.before === null ? "is new" : `is ${news.before}`;
  return [`  trust   it ${before}, and would be enrolled`];
}

function offerText({ report: { news, fingerprint }, offered }: AgentPlanView): string {
  const place = news?.kind === "first-use" ? `, in place ${news.place} of ${news.places}` : "";
  const files = plural(offered?.files ?? 0, "file");
  return `  trust   ${fingerprint}\n` +
    `          is new, and would be trusted at first use${place};\n` +
    `          then it would be given what it lacks of ${files}, ${
      formatSize(offered?.bytes ?? 0)
    }`;
}

function rowOf(line: PlanLine): string[] {
  const { action, path, kind, size, mode, uid, gid, contents } = line;
  const owner = uid === null && gid === null ? "" : ` ${uid ?? ""}:${gid ?? ""}`;
  const bits = mode === null ? "" : `${mode.toString(8).padStart(4, "0")}${owner}`;
  return [
    action,
    bits,
    size === null ? "" : formatSize(size),
    contents?.slice(0, CONTENTS_LENGTH) ?? "",
    `${kind === "folder" ? `${path}/` : path}${noteOf(line)}`,
  ];
}

/** Says what was there before, or why something would not be done. */
function noteOf({ action, code, before, isDrift }: PlanLine): string {
  if (action === "withhold") return ` (it asks for ${code})`;
  if (code !== null) return ` (${code})`;
  if (isDrift) return action === "create" ? " (gone at the agent)" : " (changed at the agent)";
  if (before === null) return "";
  return ` (given before: ${before.contents.slice(0, CONTENTS_LENGTH)}, ${
    formatSize(before.size)
  }, ${before.time.slice(0, 16).replace("T", " ")} UTC)`;
}

function formatRows(rows: readonly string[][]): string[] {
  const isUsed = [0, 1, 2, 3, 4].map((i) => rows.some((row) => row[i] !== ""));
  const used = rows.map((row) => row.filter((_, i) => isUsed[i]));
  const columns = [0, 1, 2, 3, 4].filter((i) => isUsed[i]).map((i) => {
    return { heading: "", ...(i === 2 ? { align: "right" as const } : {}) };
  });
  return formatTable(used, { columns }).trimEnd().split("\n").slice(1).map((line) => `  ${line}`);
}

function countActions(lines: readonly PlanLine[]): string {
  const counts = new Map<string, number>();
  for (const { action } of lines) counts.set(action, (counts.get(action) ?? 0) + 1);
  return [...counts].map(([action, count]) => `${count} to ${action}`).join(", ");
}

/** Says of an agent that was not asked why, as the report of a pass does. */
function describeOther({ app, report }: AgentPlanView, hasApps: boolean): string[] {
  const { outcome, address, component } = report;
  const { kind } = outcome;
  if (kind === "planned" || kind === "delivered" || kind === "called") return [];
  const name = nameOf(app, component, hasApps);
  const subject = name === "" ? address : `${address} (${name})`;
  const code = outcome.kind === "pending" ? outcome.reason : outcome.code;
  const state = outcome.kind !== "rejected"
    ? outcome.kind
    : outcome.by === "us"
    ? "refused"
    : "refuses us";
  const explanation = explainOutcome(outcome);
  const why = explanation === null ? "" : `: ${explanation}`;
  return [wrapLine(sanitiseText(`${subject}: ${state} (${code})${why}`))];
}

function explainCodes(views: readonly AgentPlanView[]): string[] {
  const texts = new Map<string, string | null>();
  for (const { lines, hooks, services = [] } of views) {
    for (const { action, code } of lines) {
      if (code !== null && action !== "withhold") texts.set(code, explainFile(code));
    }
    for (const { outcome, code } of hooks) {
      if (outcome === "refused" && code !== undefined) texts.set(code, explainHook(code));
    }
    for (const { code } of services) {
      if (code !== undefined) texts.set(code, explainService(code));
    }
  }
  return [...texts].flatMap(([code, text]) => text === null ? [] : wrapLine(`${code}: ${text}`));
}

function formatSummary(passes: readonly PassReport[]): string {
  const agents = passes.flatMap(({ agents }) => agents);
  const asked = agents.filter(({ outcome }) => outcome.kind === "planned");
  const untold = agents.length - asked.length;
  const counts = countPlanned(passes);
  const isNew = asked.filter(({ outcome }) => outcome.kind === "planned" && !outcome.plan.isAsked);
  const work = [
    ...counts,
    ...(isNew.length === 0 ? [] : [`${isNew.length} to trust at first use`]),
  ];
  const head = agents.length === 0 ? "no agent was found" : plural(agents.length, "agent");
  const parts = [
    ...(asked.length === 0 ? [] : [work.length === 0 ? "nothing to do" : work.join(", ")]),
    ...(untold === 0 ? [] : [`nothing is known of ${plural(untold, "agent")}`]),
  ];
  const isTrouble = judgePlan(passes) === "trouble" && agents.length > 0;
  const end = isTrouble ? "; not all would be as declared" : "";
  const body = parts.length === 0 ? "" : `: ${parts.join("; ")}`;
  return `${wrapLine(`plan: ${head}${body}${end}`)}\n`;
}
