/**
 * `fluxvault-keeper agents list`: who is known, and who waits.
 *
 * @module
 */
import { EXIT_DONE, formatTable, sanitiseText } from "../../../protocol/host/mod.ts";
import {
  type AgentRecord,
  type AgentsContext,
  describeAgent,
  openKnownAgents,
} from "./agent_record.ts";

/** Lists the agents that are known and those that wait. */
export async function run(context: AgentsContext): Promise<number> {
  const { settings, stdout } = context;
  const file = openKnownAgents(context);
  const { agents, pending } = await file.load();
  const { appName } = settings;
  const shown = [...pending, ...agents]
    .filter(({ app }) => appName === undefined || app === appName)
    .map(describeAgent);
  if (settings.json) {
    for (const agent of shown) await stdout.write(`${JSON.stringify(agent)}\n`);
  } else if (shown.length === 0) {
    const ofApp = appName === undefined ? "" : ` of the app ${sanitiseText(appName)}`;
    await stdout.write(`No agent${ofApp} is known in ${file.path}.\n`);
  } else {
    await stdout.write(formatAgents(shown));
  }
  return EXIT_DONE;
}

function formatAgents(agents: readonly AgentRecord[]): string {
  const hasApps = new Set(agents.map(({ app }) => app)).size > 1;
  const rows = agents.map((agent) => [
    agent.address ?? "not seen yet",
    ...(hasApps ? [agent.app ?? "-"] : []),
    agent.component ?? "-",
    agent.state,
    agent.seen === null ? "-" : agent.seen.slice(0, 16).replace("T", " "),
    agent.fingerprint,
  ]);
  const app = hasApps ? ["APP"] : [];
  const headings = ["HOST", ...app, "COMPONENT", "STATE", "SEEN (UTC)", "FINGERPRINT"];
  return formatTable(rows, { columns: headings.map((heading) => ({ heading })) });
}
