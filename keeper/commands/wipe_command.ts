/**
 * `fluxvault-keeper wipe`: has agents remove all that they were ever given.
 *
 * @module
 */
import { ConfigError, isAppName } from "../../protocol/mod.ts";
import { EXIT_FAILURE } from "../../protocol/host/mod.ts";
import { isSameApp } from "../app_name.ts";
import { NO_NAME } from "../fleet/agent_pattern.ts";
import { countPlanned } from "../plan/plan_verdict.ts";
import { plural } from "../report/amounts.ts";
import { StatusFile } from "../status/status_file.ts";
import { type ApplyContext, deliverPlanned, requireAnswer } from "./apply_command.ts";
import { FleetDesk } from "./fleet_desk.ts";
import { openStateFolder } from "./opened_state_folder.ts";
import { printPlan, readPatterns } from "./plan_command.ts";

/** What is typed in the place of the name of an app where agents belong to none. */
const WORD = "wipe";

/** Runs the command. */
export async function run(given: ApplyContext): Promise<number> {
  requireAnswer(given, "Be sure which agents are meant: what they hold of you is removed.");
  const { items, context } = readOperand(given);
  const patterns = readPatterns(items, given.operands.length > 0 ? "wipe" : "--only");
  const desk = await FleetDesk.open(context, { command: "wipe", patterns, isWipe: true });
  const passes = await desk.plan();
  const views = await printPlan(context, desk, passes);
  const asked = passes.flatMap(({ agents }) => agents)
    .filter(({ outcome }) => outcome.kind === "planned").length;
  if (countPlanned(passes).length > 0 && !await isAgreed(context, desk.apps, asked)) {
    await context.stderr.write("Nothing was removed.\n");
    return EXIT_FAILURE;
  }
  const code = await deliverPlanned(context, desk, { passes, views });
  await tellOfKeepers(context, desk.apps);
  return code;
}

/**
 * Reads `APP[/COMPONENT]`; the app is that of the settings, or is taken for it where they name none.
 *
 * @throws {ConfigError} for none, for several, and where the settings name another app.
 */
function readOperand(
  context: ApplyContext,
): { readonly items: readonly string[]; readonly context: ApplyContext } {
  const { operands, settings } = context;
  const [operand, ...others] = operands;
  const items = operand === undefined ? settings.only : [operand];
  const [item = "", ...more] = items;
  if (others.length > 0 || more.length > 0 || (operand !== undefined && settings.only.length > 0)) {
    throw new ConfigError("one app at a time is wiped", {
      hint: "Name it once, as APP or APP/COMPONENT.",
    });
  }
  const app = item.split("/")[0] ?? "";
  if (item === "" || app.includes("*")) {
    throw new ConfigError("the app whose agents are wiped has to be named", {
      hint: "Write wipe APP, or wipe APP/COMPONENT; - stands for agents of no app.",
    });
  }
  const { appName } = settings;
  if (app === NO_NAME || !isAppName(app)) return { items, context };
  if (appName !== undefined && !isSameApp(appName, app)) {
    throw new ConfigError(`the app to wipe is not that of --app-name, ${JSON.stringify(appName)}`, {
      setting: "--app-name",
      hint: "Leave one of them out.",
    });
  }
  return { items, context: { ...context, settings: { ...settings, appName: appName ?? app } } };
}

/** Asks a person to type the name of the app. */
async function isAgreed(
  { settings, stdin, signal }: ApplyContext,
  apps: readonly (string | null)[],
  agents: number,
): Promise<boolean> {
  if (settings.yes) return true;
  const word = apps[0] ?? WORD;
  const what = apps[0] === null ? `the word ${WORD}` : `the name of the app, ${word},`;
  const prompt = `Type ${what} to have ${plural(agents, "agent")} remove all that you gave: `;
  const answer = await stdin.readLine(prompt, { signal });
  return isSameApp(answer?.trim() ?? "", word);
}

/** Says that a keeper that runs gives agents all of it again. */
async function tellOfKeepers(
  context: ApplyContext,
  apps: readonly (string | null)[],
): Promise<void> {
  const { agents } = await new StatusFile(openStateFolder(context)).load();
  const isServed = agents.some(({ app, dueMs }) => {
    return dueMs !== null && dueMs > Date.now() && apps.some((wiped) => isSameApp(wiped, app));
  });
  const text = isServed
    ? "A keeper with this folder of state is serving these agents: it gives them all of it again."
    : "A keeper that still serves these agents gives them all of it again.";
  context.logger.warn(`${text} Stop it, or take out of its settings what they are not to have.`);
}
