/**
 * Services as agents tell of them, for people and for programs.
 *
 * @module
 */
import { formatTable, printableJson, sanitiseText } from "../../../protocol/host/mod.ts";
import { plural } from "../../report/amounts.ts";
import { explainService } from "../../report/explanations.ts";
import { wrapLine } from "../../report/report_lines.ts";
import { agentMembers, endMembers } from "../calls/call_json.ts";
import type { CalledReport, RoundReport } from "../calls/call_round.ts";
import { describeFailure, nameOfAgent } from "../calls/call_text.ts";
import type { ToldService } from "./service_round.ts";

const MAX_CELL_LENGTH = 60;
const MEBIBYTE = 1_048_576;

/** What runs, or shall not. */
const WANTED: ReadonlySet<string> = new Set(["running", "stopped"]);

/** The services of an agent that answered, or none. */
export type TellServices = (agent: CalledReport) => readonly ToldService[];

/** Tells whether a service runs, or does not since nobody wants it to. */
export function isToldWell({ state }: ToldService): boolean {
  return WANTED.has(state);
}

/** Writes a table of services, and a line for each agent that did not answer. */
export function formatServicesText(report: RoundReport, tell: TellServices): string {
  const { agents, problems } = report;
  const told = agents.flatMap((agent) => tell(agent).map((service) => ({ agent, service })));
  const rows = told.map(({ agent, service }) => rowOf(agent, service));
  const columns = [
    { heading: "SERVICE" },
    { heading: "AGENT" },
    { heading: "STATE" },
    { heading: "SINCE" },
    { heading: "STARTS", align: "right" },
    { heading: "HEALTH" },
    { heading: "MIB", align: "right" },
    { heading: "LAST END" },
  ] as const;
  const codes = new Set(told.flatMap(({ service }) => service.code ?? []));
  const answered = agents.filter(({ end }) => end?.kind === "answered").length;
  return [
    rows.length === 0 ? "" : `${formatTable(rows, { columns })}\n`,
    ...[...codes].flatMap((code) => {
      const text = explainService(code);
      return text === null ? [] : `${wrapLine(sanitiseText(`${code}: ${text}`))}\n`;
    }),
    ...agents.flatMap((agent) => describeFailure(agent) ?? []).map((line) => `${line}\n`),
    ...problems.map(({ message }) => `problem: ${sanitiseText(message)}\n`),
    `${plural(rows.length, "service")}; ${answered} of ${
      plural(agents.length, "agent")
    } answered\n`,
  ].join("");
}

function rowOf(agent: CalledReport, service: ToldService): readonly string[] {
  const { name, state, code, since, starts, health, memoryBytes, lastEnd } = service;
  return [
    name,
    nameOfAgent(agent),
    code === null ? state : `${state} (${code})`,
    since?.slice(0, 19) ?? "-",
    `${starts}`,
    health ?? "-",
    memoryBytes === null ? "-" : `${Math.round(memoryBytes / MEBIBYTE)}`,
    lastEnd ?? "-",
  ].map((cell) => sanitiseText(cell, { maxLength: MAX_CELL_LENGTH }));
}

/** Writes a line for each agent and one for the whole, each ended. */
export function formatServicesJson(report: RoundReport, tell: TellServices): string {
  const { agents, problems } = report;
  const lines = agents.map((agent) => ({
    type: "services",
    ...agentMembers(agent),
    ...endMembers(agent, () => ({ services: tell(agent) })),
  }));
  const answered = agents.filter(({ end }) => end?.kind === "answered").length;
  const summary = { type: "all-services", agents: agents.length, answered, problems };
  return [...lines, summary].map((line) => `${printableJson(line)}\n`).join("");
}
