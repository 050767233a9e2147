/**
 * `fluxvault-keeper agents export` and `agents import`: trusted agents from one keeper to another.
 *
 * @module
 */
import { type Bytes, ConfigError } from "../../../protocol/mod.ts";
import { type CommandContext, EXIT_DONE, readOptionalFile } from "../../../protocol/host/mod.ts";
import { isSameApp } from "../../app_name.ts";
import { MAX_STATE_BYTES } from "../../limits.ts";
import { disclosedSecret, secretIn } from "../../keys/disclosed_secret.ts";
import type { IMPORT_OPTIONS } from "../../options.ts";
import {
  decodeAgentsExport,
  encodeAgentsExport,
  mergeAgents,
  selectAgents,
} from "../../trust/mod.ts";
import {
  type AgentsContext,
  changeKnownAgents,
  openKnownAgents,
  readApp,
  refuseSecretSelectors,
  tellDeeds,
} from "./agent_record.ts";

/** Writes trusted agents, all or those that are named, to standard output. */
export async function exportAgents(context: AgentsContext): Promise<number> {
  const { operands, stdout } = context;
  const app = readApp(context);
  const state = await openKnownAgents(context).load();
  refuseSecretSelectors(state, operands);
  const trusted = { ...state, pending: [] };
  const chosen = operands.length > 0
    ? new Set(selectAgents(trusted, { selectors: operands, app }))
    : null;
  const agents = state.agents.filter((agent) => {
    return (app === undefined || isSameApp(agent.app, app)) &&
      (chosen === null || chosen.has(agent));
  });
  await stdout.write(encodeAgentsExport(agents));
  return EXIT_DONE;
}

/** Takes in what another keeper wrote: all of it, or nothing. */
export async function importAgents(
  context: CommandContext<typeof IMPORT_OPTIONS>,
): Promise<number> {
  const { settings, stdout } = context;
  const app = readApp(context);
  const imported = decodeAgentsExport(await readInput(context)).filter((agent) => {
    return app === undefined || isSameApp(agent.app, app);
  });
  const { merged } = await changeKnownAgents(context, (state) => {
    return mergeAgents(state, imported, {
      asApproved: settings.as === "approved",
      replace: settings.replace,
      nowMs: Date.now(),
    });
  });
  for (const { deed, agent } of merged) await tellDeeds(context, deed, [agent]);
  if (!settings.json) {
    const count = (deed: string) => merged.filter((one) => one.deed === deed).length;
    const deeds = ["added", "changed", "unchanged", "replaced"];
    await stdout.write(`${deeds.map((deed) => `${count(deed)} ${deed}`).join(", ")}\n`);
  }
  return EXIT_DONE;
}

async function readInput(
  { operands, stdin, signal }: Pick<AgentsContext, "operands" | "stdin" | "signal">,
): Promise<Bytes> {
  const [path, ...others] = operands;
  const secret = operands.map(secretIn).find((kind) => kind !== null);
  if (secret !== undefined) throw disclosedSecret(secret);
  if (path === undefined || others.length > 0) {
    throw new ConfigError("one file is needed", {
      hint: "Name what `agents export` wrote, or - for standard input.",
    });
  }
  if (path === "-") return await stdin.readAll({ maxBytes: MAX_STATE_BYTES, signal });
  const bytes = await readOptionalFile(path, { maxBytes: MAX_STATE_BYTES });
  if (bytes !== null) return bytes;
  throw new ConfigError(`there is no file ${JSON.stringify(path)}`, {
    hint: "Name what `agents export` wrote, or - for standard input.",
  });
}
