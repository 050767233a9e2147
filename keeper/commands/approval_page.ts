/**
 * The agents that a person is asked about at a time: how they are shown, and what an answer means.
 *
 * @module
 */
import { formatTable, sanitiseText } from "../../protocol/host/mod.ts";
import { ASKED_AGENTS_PER_PAGE } from "../limits.ts";
import type { AgentReport } from "../report/report.ts";

/** Some of the agents that are asked about; their numbers go on from page to page. */
export interface ApprovalPage {
  /** The agents. */
  readonly agents: readonly AgentReport[];
  /** The number of the first. */
  readonly first: number;
  /** How many agents there are on all pages. */
  readonly total: number;
}

/** What a person answered. */
export interface ApprovalAnswer {
  /** The agents that it means. */
  readonly agents: readonly AgentReport[];
  /** Whether they were not named one by one. */
  readonly isAll: boolean;
  /** Whether nothing more is to be asked. */
  readonly isStop: boolean;
}

/** How a page is shown. */
export interface ApprovalRowsOptions {
  /** How many columns there are. */
  readonly width: number;
  /** Tells whether an agent waits no more. */
  readonly isGone: (agent: AgentReport) => boolean;
}

const NAME_WIDTH = 12;
const INDENT = "   ";
const ITEM = /^([1-9]\d{0,5})(?:-([1-9]\d{0,5}))?$/;

/** The answer of whoever gives none any more. */
export const STOP: ApprovalAnswer = Object.freeze({ agents: [], isAll: false, isStop: true });

/** Divides agents into pages. */
export function pagesOf(agents: readonly AgentReport[]): ApprovalPage[] {
  const pages: ApprovalPage[] = [];
  for (let i = 0; i < agents.length; i += ASKED_AGENTS_PER_PAGE) {
    const some = agents.slice(i, i + ASKED_AGENTS_PER_PAGE);
    pages.push({ agents: some, first: i + 1, total: agents.length });
  }
  return pages;
}

/** Tells whether another key is on record for the address of an agent that waits. */
export function isChanged({ outcome }: AgentReport): boolean {
  return outcome.kind !== "pending";
}

/** Returns the number of the last agent of a page. */
function lastOf({ first, agents }: ApprovalPage): number {
  return first + agents.length - 1;
}

/** Writes what is said above the rows. */
export function formatPageHead(page: ApprovalPage): string {
  const { agents, first, total } = page;
  const part = agents.length === total
    ? ""
    : `\nAgents ${first} to ${lastOf(page)} of ${total}; an answer is about these alone.\n`;
  const changed = agents.some(isChanged)
    ? "CHANGED: another key is on record for this address;\napprove it by its number.\n"
    : "";
  return part + changed;
}

/** Writes the rows: a line about the agent, and one with its fingerprint, which fits no column. */
export function formatPageRows(page: ApprovalPage, options: ApprovalRowsOptions): string {
  const wide = linesOf(page, { ...options, hasNodes: true });
  const isNarrow = wide.some((line) => [...line].length > options.width);
  const [head = "", ...lines] = isNarrow ? linesOf(page, { ...options, hasNodes: false }) : wide;
  const rows = page.agents.map((agent, i) => {
    const node = isNarrow && agent.node !== null
      ? `${INDENT}node ${sanitiseText(nodeOf(agent))} (unsigned)\n`
      : "";
    return `${lines[i] ?? ""}\n${INDENT}${agent.fingerprint ?? ""}\n${node}`;
  });
  return `${head}\n${rows.join("")}`;
}

function linesOf(
  { agents, first }: ApprovalPage,
  { isGone, hasNodes }: ApprovalRowsOptions & { readonly hasNodes: boolean },
): string[] {
  const rows = agents.map((agent, i) => [
    `${first + i}`,
    agent.address,
    sanitiseText(agent.component ?? "-", { maxLength: NAME_WIDTH }),
    isGone(agent) ? "gone" : isChanged(agent) ? "CHANGED" : "new",
    ...(hasNodes ? [nodeOf(agent)] : []),
  ]);
  const headings = ["#", "AGENT", "COMPONENT", "KEY", ...(hasNodes ? ["NODE (unsigned)"] : [])];
  return formatTable(rows, { columns: headings.map((heading) => ({ heading })) }).split("\n");
}

function nodeOf({ node }: AgentReport): string {
  return node === null ? "-" : `${node.ip} ${node.country ?? ""}`.trimEnd();
}

/** Returns what is asked below the rows. */
export function promptFor(page: ApprovalPage): string {
  const more = lastOf(page) < page.total ? "; q: stop" : "";
  return `Approve which (1,3-5; a: all new; Enter: none${more})? `;
}

/** Returns what is said where an answer makes no sense. */
export function complaintFor(page: ApprovalPage): string {
  return `Write numbers from ${page.first} to ${lastOf(page)}, as in 1,3-5.\n`;
}

/** Reads an answer; `null` where it makes no sense. */
export function readAnswer(answer: string, page: ApprovalPage): ApprovalAnswer | null {
  const text = answer.trim().toLowerCase();
  const { agents, first } = page;
  if (text === "q" || text === "quit") return STOP;
  if (text === "a" || text === "all") return { agents, isAll: true, isStop: false };
  const ranges = text.split(/[\s,]+/).filter((word) => word !== "").map((word) => {
    const [, from, to = from] = ITEM.exec(word) ?? [];
    return { from: Number(from), to: Number(to) };
  });
  // What is no number is NaN, and not in order.
  const isSound = ranges.every(({ from, to }) => first <= from && from <= to && to <= lastOf(page));
  if (!isSound) return null;
  const named = agents.filter((_, i) => {
    return ranges.some(({ from, to }) => from <= first + i && first + i <= to);
  });
  return { agents: named, isAll: false, isStop: false };
}
