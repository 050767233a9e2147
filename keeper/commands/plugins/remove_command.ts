/**
 * `fluxvault-keeper plugin remove`: removes a plugin from the agents in reach.
 *
 * @module
 */
import { ConfigError, isPluginName } from "../../../protocol/mod.ts";
import { printableJson } from "../../../protocol/host/mod.ts";
import { disclosedSecret, secretIn } from "../../keys/mod.ts";
import { agentMembers, endMembers } from "../calls/call_json.ts";
import {
  callPluginAction,
  formatPluginRound,
  openPluginRound,
  type PluginFleetContext,
  statusOfPlugins,
} from "./plugin_round.ts";

const ACTION = "plugin-remove";

/** Removes the plugin that is named from every agent that is meant. */
export async function removePlugin(context: PluginFleetContext): Promise<number> {
  const { settings: { json }, stdout, signal } = context;
  const name = readName(context);
  const round = await openPluginRound(context, "plugin remove");
  const input = { Name: name };
  const report = await callPluginAction(round, {
    action: ACTION,
    input,
    call: (desk) => desk.call(ACTION, { input, signal }),
  });
  const { agents, problems } = report;
  if (json) {
    const lines = agents.map((agent) => ({
      type: "plugin-remove",
      plugin: name,
      ...agentMembers(agent),
      ...endMembers(agent, () => ({})),
    }));
    const done = agents.filter(({ end }) => end?.kind === "answered").length;
    const all = { type: "plugin-removes", plugin: name, agents: agents.length, done, problems };
    await stdout.write([...lines, all].map((line) => `${printableJson(line)}\n`).join(""));
  } else {
    const summaryOf = ({ done, of }: { readonly done: number; readonly of: string }) =>
      `${name}: removed from ${done} of ${of}`;
    await stdout.write(formatPluginRound(report, () => "removed", summaryOf));
  }
  return statusOfPlugins(report);
}

function readName({ operands }: PluginFleetContext): string {
  const secret = operands.map(secretIn).find((kind) => kind !== null);
  if (secret !== undefined) throw disclosedSecret(secret);
  const [name, ...others] = operands;
  if (name !== undefined && others.length === 0 && isPluginName(name)) return name;
  throw new ConfigError("one plugin has to be named, as plugin list names it", {
    hint: "Write plugin remove NAME.",
  });
}
