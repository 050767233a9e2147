/**
 * `fluxvault-keeper plugin list`: the plugins of the agents in reach, and how each is.
 *
 * @module
 */
import { ConfigError, UNKNOWN_ACTION } from "../../../protocol/mod.ts";
import {
  EXIT_DONE,
  EXIT_FAILURE,
  formatTable,
  printableJson,
  sanitiseText,
} from "../../../protocol/host/mod.ts";
import { sortByAddress } from "../../report/address_order.ts";
import { plural } from "../../report/amounts.ts";
import { agentMembers, endMembers } from "../calls/call_json.ts";
import type { CalledReport, RoundReport } from "../calls/call_round.ts";
import { describeFailure, nameOfAgent } from "../calls/call_text.ts";
import {
  callPluginAction,
  failureOf,
  membersOf,
  openPluginRound,
  type PluginFleetContext,
  textIn,
} from "./plugin_round.ts";

const ACTION = "plugin-list";
const MAX_CELL_LENGTH = 100;
/** How many plugins of an agent are shown: more than one has. */
const MAX_SHOWN = 64;
const COLUMNS = ["AGENT", "PLUGIN", "VERSION", "STATE", "RESTARTS", "CALLS", "LAST END"];

/** Lists the plugins of every agent that is meant. */
export async function listPlugins(context: PluginFleetContext): Promise<number> {
  const { settings: { json }, operands, stdout, signal } = context;
  if (operands.length > 0) {
    throw new ConfigError("plugin list takes no names", {
      hint: "Write plugin list, or plugin list --only APP/COMPONENT.",
    });
  }
  const round = await openPluginRound(context, "plugin list");
  const report = await callPluginAction(round, {
    action: ACTION,
    input: undefined,
    call: (desk) => desk.call(ACTION, { signal }),
  });
  await stdout.write(json ? formatJson(report) : formatText(report));
  return statusOf(report);
}

function pluginsOf({ end }: CalledReport): readonly unknown[] {
  return end?.kind === "answered" && Array.isArray(end.output)
    ? end.output.slice(0, MAX_SHOWN)
    : [];
}

/** Tells whether an agent takes no plugins, which is no failure of the list. */
function takesNone(agent: CalledReport): boolean {
  return failureOf(agent) === UNKNOWN_ACTION;
}

function statusOf({ agents, problems }: RoundReport): number {
  const isWhole = agents.length > 0 && problems.length === 0 &&
    agents.every((agent) => agent.end?.kind === "answered" || takesNone(agent));
  return isWhole ? EXIT_DONE : EXIT_FAILURE;
}

function formatText({ agents, problems }: RoundReport): string {
  const inOrder = sortByAddress(
    agents.map((agent) => ({ ...agent, address: agent.report.address })),
  );
  const rows = inOrder.flatMap((agent) => {
    const name = nameOfAgent(agent);
    if (takesNone(agent)) return [[name, "takes none"]];
    if (agent.end?.kind !== "answered") return [];
    const plugins = pluginsOf(agent);
    return plugins.length === 0 ? [[name, "-"]] : plugins.map((plugin) => [name, ...cells(plugin)]);
  });
  const table = formatTable(
    rows.map((row) => row.map((cell) => sanitiseText(cell, { maxLength: MAX_CELL_LENGTH }))),
    { columns: COLUMNS.map((heading) => ({ heading })) },
  );
  const failures = inOrder.filter((agent) => !takesNone(agent))
    .flatMap((agent) => describeFailure(agent) ?? []);
  const answered = agents.filter((agent) => agent.end?.kind === "answered" || takesNone(agent));
  return [
    rows.length === 0 ? "" : `${table}\n`,
    ...failures.map((line) => `${line}\n`),
    ...problems.map(({ message }) => `problem: ${sanitiseText(message)}\n`),
    `${answered.length} of ${plural(agents.length, "agent")} answered\n`,
  ].join("");
}

function cells(plugin: unknown): string[] {
  const code = membersOf(plugin)["Code"];
  const state = textIn(plugin, "State");
  return [
    textIn(plugin, "Name"),
    textIn(plugin, "Version"),
    typeof code === "string" ? `${state} (${code})` : state,
    ...["Restarts", "OpenCalls", "LastEnd"].map((name) => textIn(plugin, name)),
  ];
}

function formatJson({ agents, problems }: RoundReport): string {
  const lines = agents.map((agent) => ({
    type: "plugins",
    ...agentMembers(agent),
    ...endMembers(agent, () => ({ plugins: pluginsOf(agent) })),
  }));
  const answered = agents.filter(({ end }) => end?.kind === "answered").length;
  const summary = { type: "all-plugins", agents: agents.length, answered, problems };
  return [...lines, summary].map((line) => `${printableJson(line)}\n`).join("");
}
