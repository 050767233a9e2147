/**
 * `fluxvault-keeper agents`: who is known, who waits, and what the operator decides about them.
 *
 * @module
 */
import { ConfigError } from "../protocol/mod.ts";
import { type CommandContext, EXIT_DONE, sanitiseText } from "../protocol/host/mod.ts";
import type { AGENTS_OPTIONS } from "./options.ts";
import { findStateFolder } from "./state_folder.ts";
import { KnownAgentsFile } from "./trust/known_agents_file.ts";
import {
  type AgentSelection,
  approveAgents,
  forgetAgents,
  type KnownAgent,
  type KnownAgentsState,
  type PendingAgent,
} from "./trust/mod.ts";

const STATE_WIDTH = 12;

type Context = CommandContext<typeof AGENTS_OPTIONS>;

function openFile({ env, settings }: Context): KnownAgentsFile {
  return new KnownAgentsFile(findStateFolder(env, { stateDir: settings.stateDir }));
}

function isoTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** An agent as the commands show it. */
function describe(agent: KnownAgent | PendingAgent): Record<string, string | null> {
  const isKnown = "trust" in agent;
  return {
    fingerprint: agent.fingerprint,
    state: isKnown ? agent.trust : agent.reason === "new" ? "pending" : "changed",
    app: agent.app,
    component: agent.component ?? null,
    address: agent.address,
    since: isoTime(isKnown ? agent.pinnedAtMs : agent.firstSeenMs),
    seen: isoTime(agent.lastSeenMs),
  };
}

/** Lists the agents that are known and those that wait. */
export async function listAgents(context: Context): Promise<number> {
  const { settings, stdout } = context;
  const file = openFile(context);
  const { agents, pending } = await file.load();
  const { appName } = settings;
  const shown = [...pending, ...agents]
    .filter(({ app }) => appName === undefined || app === appName)
    .map(describe);
  if (settings.json) {
    for (const agent of shown) await stdout.write(`${JSON.stringify(agent)}\n`);
  } else if (shown.length === 0) {
    await stdout.write(`No agent is known in ${file.path}.\n`);
  } else {
    await stdout.write(formatAgents(shown));
  }
  return EXIT_DONE;
}

/** Writes two lines for each agent, since a fingerprint has to be read whole. */
function formatAgents(agents: readonly Record<string, string | null>[]): string {
  return agents.map((agent) => {
    const where = agent["address"] ?? "not seen yet";
    const seen = (agent["seen"] ?? agent["since"] ?? "").slice(0, 16).replace("T", " ");
    const names = `app ${agent["app"] ?? "-"}, component ${agent["component"] ?? "-"}`;
    const head = `${(agent["state"] ?? "").padEnd(STATE_WIDTH)}${agent["fingerprint"] ?? ""}`;
    return `${head}\n${" ".repeat(STATE_WIDTH)}${sanitiseText(`${names}, ${where}, ${seen}`)}\n`;
  }).join("");
}

function readSelection({ operands, settings }: Context): AgentSelection {
  if (operands.length === 0) {
    throw new ConfigError("no agent is named", {
      hint: "Give a fingerprint, at least 8 characters of one, or an address.",
    });
  }
  return { selectors: operands, app: settings.appName };
}

/** Approves agents. */
export async function approve(context: Context): Promise<number> {
  const selection = readSelection(context);
  const changed = await change(context, (state) => approveAgents(state, selection, Date.now()));
  await tell(context, "approved", changed.approved);
  await tell(context, "replaced", changed.replaced);
  return EXIT_DONE;
}

/** Forgets agents. */
export async function forget(context: Context): Promise<number> {
  const selection = readSelection(context);
  const { forgotten } = await change(context, (state) => forgetAgents(state, selection));
  await tell(context, "forgotten", forgotten);
  return EXIT_DONE;
}

async function change<T extends { readonly state: KnownAgentsState }>(
  context: Context,
  decide: (state: KnownAgentsState) => T,
): Promise<T> {
  let decision: T | undefined;
  await openFile(context).update((state) => {
    decision = decide(state);
    return decision.state;
  });
  if (decision === undefined) throw new TypeError("a change was not asked for its result");
  return decision;
}

async function tell(
  { settings, stdout }: Context,
  deed: string,
  agents: readonly (KnownAgent | PendingAgent)[],
): Promise<void> {
  for (const agent of agents) {
    const { fingerprint, app, address } = agent;
    const line = settings.json
      ? JSON.stringify({ deed, ...describe(agent) })
      : `${deed} ${fingerprint} (app ${app ?? "-"}, ${address ?? "not seen yet"})`;
    await stdout.write(`${line}\n`);
  }
}
