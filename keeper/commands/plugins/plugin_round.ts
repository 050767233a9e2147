/**
 * One call of an action about plugins to the agents in reach, each of which says how it went in a line.
 *
 * @module
 */
import { type CallDesk, CallError, UNKNOWN_ACTION } from "../../../protocol/mod.ts";
import {
  type CommandContext,
  EXIT_DONE,
  EXIT_FAILURE,
  EXIT_MISTAKE,
  sanitiseText,
} from "../../../protocol/host/mod.ts";
import type { CalledAgent } from "../../contact/called_agent.ts";
import type { PLUGIN_LIST_OPTIONS } from "../../plugin_fleet_options.ts";
import { sortByAddress } from "../../report/address_order.ts";
import { plural } from "../../report/amounts.ts";
import {
  type CalledReport,
  CallRound,
  codeOfEnd,
  type RoundReport,
  type RoundWork,
} from "../calls/call_round.ts";
import { describeFailure, nameOfAgent } from "../calls/call_text.ts";
import { readMeantAgents } from "../calls/meant_agents.ts";
import { readPatterns } from "../plan_command.ts";

/** What the commands about the plugins of agents are given. */
export interface PluginFleetContext extends Omit<CommandContext, "settings"> {
  /** Their settings. */
  readonly settings: CommandContext<typeof PLUGIN_LIST_OPTIONS>["settings"];
}

/** The code of a plugin that an agent does not have. */
const PLUGIN_UNKNOWN = "plugin-unknown";

/** What agents answer, and what that means to whoever asked. */
const REASONS: ReadonlyMap<string, string> = new Map(Object.entries({
  [UNKNOWN_ACTION]: "it takes no plugins: start it with --allow-plugins",
  [PLUGIN_UNKNOWN]: "it has no plugin of that name",
  "disk-full": "there is no room to keep it; what was there before runs on",
  "downgrade": "a later version was there before, or another plugin with the same version",
  "manifest-malformed": "it is no plugin that the agent can read",
  "memory-exceeds": "it asks for more memory than --plugin-memory of the agent grants",
  "name-taken": "one of its actions has the name of one of the agent's own",
  "permission-exceeds": "it asks for more than --plugin-permissions of the agent grants",
  "plugin-stopped": "it does not start; what was there before runs on",
  "signature-invalid": "nobody whom the agent trusts signed it as it is (--zelid of the agent)",
  "state-malformed": "its record of plugins is damaged: see its log",
  "too-large": "it is larger than a plugin may be",
  "too-many": "it holds as many plugins as it can: remove one",
  "wrong-side": "it is a plugin of keepers",
}));

/** Opens a round, and puts on record that the command is called. */
export async function openPluginRound(
  given: PluginFleetContext,
  command: string,
): Promise<CallRound> {
  const { settings } = given;
  const [first, ...others] = settings.only;
  const { patterns, appName } = first === undefined || others.length > 0
    ? { patterns: readPatterns(settings.only), appName: settings.appName }
    : readMeantAgents(first, given);
  const context = { ...given, settings: { ...settings, appName } };
  return await CallRound.open(context, { command, patterns });
}

/** Calls an action of every agent; of what it answers to a plugin the reason is said. */
export async function callPluginAction(
  round: CallRound,
  work: Omit<RoundWork, "isOne">,
): Promise<RoundReport> {
  return await round.call({ ...work, call: (desk, agent) => callWithReason(work, desk, agent) });
}

async function callWithReason(
  { call }: Pick<RoundWork, "call">,
  desk: CallDesk,
  agent: CalledAgent,
): Promise<unknown> {
  try {
    return await call(desk, agent);
  } catch (error) {
    const hint = error instanceof CallError ? REASONS.get(error.code) : undefined;
    if (hint === undefined || !(error instanceof CallError)) throw error;
    throw new CallError(error.code, error.message, { cause: error, hint });
  }
}

/** Returns the code with which an agent answered, or `null` where it did something else. */
export function failureOf({ end }: CalledReport): string | null {
  return end?.kind === "failed" ? codeOfEnd(end) : null;
}

/**
 * Writes a line for each agent, and one for all.
 *
 * @param lineOf What an agent is said to have answered.
 */
export function formatPluginRound(
  { agents, problems }: RoundReport,
  lineOf: (output: unknown) => string,
  summaryOf: (counts: { readonly done: number; readonly of: string }) => string,
): string {
  const inOrder = sortByAddress(
    agents.map((agent) => ({ ...agent, address: agent.report.address })),
  );
  const lines = inOrder.map((agent) => {
    const failure = describeFailure(agent);
    if (failure !== null) return failure;
    const output = agent.end?.kind === "answered" ? agent.end.output : undefined;
    return `${nameOfAgent(agent)}: ${sanitiseText(lineOf(output), { maxLength: 200 })}`;
  });
  const done = agents.filter(({ end }) => end?.kind === "answered").length;
  return [
    ...lines,
    ...problems.map(({ message }) => `problem: ${sanitiseText(message)}`),
    summaryOf({ done, of: plural(agents.length, "agent") }),
  ].map((line) => `${line}\n`).join("");
}

/** Returns 0 where all agents did it, 2 where none can since it was never there, and else 1. */
export function statusOfPlugins({ agents, problems }: RoundReport): number {
  if (agents.length === 0 || problems.length > 0) return EXIT_FAILURE;
  if (agents.every(({ end }) => end?.kind === "answered")) return EXIT_DONE;
  const isMistake = agents.every((agent) => {
    return [UNKNOWN_ACTION, PLUGIN_UNKNOWN].includes(failureOf(agent) ?? "");
  });
  return isMistake ? EXIT_MISTAKE : EXIT_FAILURE;
}

/** Reads what an agent answered as an object; of what is none there are no members. */
export function membersOf(output: unknown): Readonly<Record<string, unknown>> {
  return typeof output === "object" && output !== null && !Array.isArray(output)
    ? output as Readonly<Record<string, unknown>>
    : {};
}

/** Reads a member that an agent answers as a text; `-` where it is none. */
export function textIn(output: unknown, name: string): string {
  const value = membersOf(output)[name];
  return typeof value === "string" || typeof value === "number" ? String(value) : "-";
}
