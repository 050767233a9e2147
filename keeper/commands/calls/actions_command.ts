/**
 * `fluxvault-keeper actions`: what can be called of the agents that are in reach.
 *
 * @module
 */
import { ConfigError, LIST_ACTIONS, type ListedAction } from "../../../protocol/mod.ts";
import {
  type CommandContext,
  EXIT_DONE,
  EXIT_FAILURE,
  formatTable,
  printableJson,
  sanitiseText,
} from "../../../protocol/host/mod.ts";
import type { ACTIONS_OPTIONS } from "../../call_options.ts";
import { CALL_HINT_TIMEOUT_MS } from "../../limits.ts";
import { plural } from "../../report/amounts.ts";
import { agentMembers, endMembers } from "./call_json.ts";
import { type CalledReport, CallRound, type RoundReport } from "./call_round.ts";
import { describeFailure, nameOfAgent } from "./call_text.ts";
import { readMeantAgents } from "./meant_agents.ts";
import { describeValue } from "./value_text.ts";

const MAX_CELL_LENGTH = 100;
/** How many agents are named in a row. */
const MAX_NAMED_AGENTS = 3;

/** Runs the command. */
export async function run(given: CommandContext<typeof ACTIONS_OPTIONS>): Promise<number> {
  const { operands, settings, stdout } = given;
  const [operand, ...others] = operands;
  if (others.length > 0) {
    throw new ConfigError("one app at a time is asked", {
      hint: "Write actions, or actions APP/COMPONENT.",
    });
  }
  const { patterns, appName } = readMeantAgents(operand, given);
  const context = { ...given, settings: { ...settings, appName } };
  const round = await CallRound.open(context, { command: "actions", patterns });
  const report = await round.call({
    action: LIST_ACTIONS.name,
    input: undefined,
    call: (desk, _agent) => {
      return desk.call(LIST_ACTIONS, { timeoutMs: CALL_HINT_TIMEOUT_MS, signal: given.signal });
    },
  });
  await stdout.write(settings.json ? formatActionsJson(report) : formatActionsText(report));
  const isWhole = report.agents.length > 0 && report.problems.length === 0 &&
    report.agents.every(({ end }) => end?.kind === "answered");
  return isWhole ? EXIT_DONE : EXIT_FAILURE;
}

/** What an agent has; nothing where it did not answer. */
function actionsOf({ end }: CalledReport): readonly ListedAction[] {
  // The contract has read the answer.
  return end?.kind === "answered" ? end.output as readonly ListedAction[] : [];
}

/** Writes a line for each agent and one for the whole, each ended. */
export function formatActionsJson(report: RoundReport): string {
  const { agents, problems } = report;
  const lines = agents.map((agent) => ({
    type: "actions",
    ...agentMembers(agent),
    ...endMembers(agent, () => ({ actions: actionsOf(agent) })),
  }));
  const answered = agents.filter(({ end }) => end?.kind === "answered").length;
  const summary = { type: "all-actions", agents: agents.length, answered, problems };
  return [...lines, summary].map((line) => `${printableJson(line)}\n`).join("");
}

/** Writes a table of the actions, and a line for each agent that did not answer. */
export function formatActionsText({ agents, problems }: RoundReport): string {
  const answered = agents.filter(({ end }) => end?.kind === "answered");
  const rows = new Map<string, { readonly cells: readonly string[]; readonly agents: string[] }>();
  for (const agent of answered) {
    for (const { name, describe, input } of actionsOf(agent)) {
      const takes = input === null ? "-" : describeValue(input);
      const cells = [name, takes, describe ?? "-"];
      const key = JSON.stringify(cells);
      const row = rows.get(key) ?? { cells, agents: [] };
      rows.set(key, row);
      row.agents.push(nameOfAgent(agent));
    }
  }
  const byName = [...rows.values()].sort((a, b) =>
    (a.cells[0] ?? "") < (b.cells[0] ?? "") ? -1 : 1
  );
  const table = formatTable(
    byName.map(({ cells: [name = "", takes = "", does = ""], agents }) => {
      const who = agents.length === answered.length ? "all" : listNames(agents);
      return [name, takes, who, does].map((cell) => {
        return sanitiseText(cell, { maxLength: MAX_CELL_LENGTH });
      });
    }),
    {
      columns: [
        { heading: "ACTION" },
        { heading: "TAKES" },
        { heading: "AGENTS" },
        { heading: "WHAT IT DOES" },
      ],
    },
  );
  return [
    rows.size === 0 ? "" : `${table}\n`,
    ...agents.flatMap((agent) => describeFailure(agent) ?? []).map((line) => `${line}\n`),
    ...problems.map(({ message }) => `problem: ${sanitiseText(message)}\n`),
    `${answered.length} of ${plural(agents.length, "agent")} answered\n`,
  ].join("");
}

function listNames(names: readonly string[]): string {
  const left = names.length - MAX_NAMED_AGENTS;
  const named = names.slice(0, MAX_NAMED_AGENTS).join(", ");
  return left > 0 ? `${named} and ${left} more` : named;
}
