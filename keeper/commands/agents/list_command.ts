/**
 * `fluxvault-keeper agents list`: who is known, and who waits.
 *
 * @module
 */
import { EXIT_DONE, formatTable } from "../../../protocol/host/mod.ts";
import { isSameApp } from "../../app_name.ts";
import {
  type AgentRecord,
  type AgentsContext,
  describeAgent,
  describeHost,
  openKnownAgents,
  readApp,
} from "./agent_record.ts";

/** Lists the agents that are known and those that wait. */
export async function run(context: AgentsContext): Promise<number> {
  const { settings, stdout } = context;
  const appName = readApp(context);
  const file = openKnownAgents(context);
  const { agents, pending } = await file.load();
  const shown = [...pending, ...agents]
    .filter(({ app }) => appName === undefined || isSameApp(app, appName))
    .map(describeAgent);
  if (settings.json) {
    for (const agent of shown) await stdout.write(`${JSON.stringify(agent)}\n`);
  } else if (shown.length === 0) {
    const ofApp = appName === undefined ? "" : ` of the app ${appName}`;
    await stdout.write(`No agent${ofApp} is known in ${file.path}.\n`);
  } else {
    await stdout.write(formatAgents(shown));
  }
  return EXIT_DONE;
}

function formatAgents(agents: readonly AgentRecord[]): string {
  const hasApps = new Set(agents.map(({ app }) => app)).size > 1;
  const rows = agents.map((agent) => [
    describeHost(agent),
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
