/**
 * `fluxvault-keeper agents show`: all that is known of an agent.
 *
 * @module
 */
import type { NodeEvidence } from "../../../protocol/mod.ts";
import { EXIT_DONE, sanitiseText } from "../../../protocol/host/mod.ts";
import { selectAgents } from "../../trust/mod.ts";
import {
  type AgentRecord,
  type AgentsContext,
  describeAgent,
  describeHost,
  openKnownAgents,
  readSelection,
  refuseSecretSelectors,
} from "./agent_record.ts";

const STATES: Readonly<Record<AgentRecord["state"], string>> = {
  "pending": "it waits for your approval, and is given nothing",
  "changed": "another key is on record for its address; it waits for your approval",
  "first-use": "it was among the first to answer",
  "approved": "its key was approved",
  "enrolled": "it proved to know the app's enrolment secret",
};

const LABEL_WIDTH = 14;
/** How long the hex of a transaction is, before the number of its output. */
const TRANSACTION_LENGTH = 64;

/** Shows agents. */
export async function run(context: AgentsContext): Promise<number> {
  const { settings, stdout } = context;
  const selection = readSelection(context);
  const state = await openKnownAgents(context).load();
  refuseSecretSelectors(state, selection.selectors);
  const agents = selectAgents(state, selection).map(describeAgent);
  const texts = agents.map((agent) => {
    return settings.json ? `${JSON.stringify(agent)}\n` : formatAgent(agent);
  });
  await stdout.write(texts.join(settings.json ? "" : "\n"));
  return EXIT_DONE;
}

function formatAgent(agent: AgentRecord): string {
  const lines: [label: string, text: string][] = [
    ["fingerprint", agent.fingerprint],
    ["read aloud", agent.groups],
    ["host", describeHost(agent)],
    ["app", agent.app ?? "-"],
    ["component", agent.component ?? "-"],
    ["state", `${agent.state}: ${STATES[agent.state]}`],
    ["since", formatTime(agent.since)],
    ["first seen", formatTime(agent.firstSeen)],
    ["last seen", formatTime(agent.seen)],
    ...formatNode(agent),
  ];
  return lines.map(([label, text]) => `${label.padEnd(LABEL_WIDTH)}${sanitiseText(text)}\n`).join(
    "",
  );
}

function formatTime(time: string | null): string {
  return time === null ? "-" : `${time.slice(0, 19).replace("T", " ")} UTC`;
}

function formatNode({ node, address }: AgentRecord): [label: string, text: string][] {
  if (node === null) return [["node", "it does not say"]];
  const { id, ip, country } = node;
  const collateral = `${id.slice(0, TRANSACTION_LENGTH)}:${id.slice(TRANSACTION_LENGTH)}`;
  return [
    ["node", `${ip}${country === null ? "" : `, ${country}`} (unsigned: the agent's own word)`],
    ["", compareHosts(node, address)],
    ["collateral", `${collateral} (unsigned)`],
  ];
}

function compareHosts({ ip }: NodeEvidence, address: string | null): string {
  const host = address?.replace(/:\d+(?:\/.*)?$/, "") ?? "";
  if (!/^[\d.]+$/.test(host)) return "the host was not dialled by an IPv4 address";
  return ip.replace(/:\d+$/, "") === host
    ? "this is the host that was dialled"
    : `this is NOT the host that was dialled, ${host}`;
}
