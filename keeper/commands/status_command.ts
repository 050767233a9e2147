/**
 * `fluxvault-keeper status`: how the fleet stood at the last contact.
 *
 * @module
 */
import { type CommandContext, EXIT_DONE, EXIT_FAILURE } from "../../protocol/host/mod.ts";
import type { STATUS_OPTIONS } from "../fleet_options.ts";
import { StatusFile } from "../status/status_file.ts";
import { isStatusWanted, viewStatus } from "../status/status_view.ts";
import { KnownAgentsFile } from "../trust/known_agents_file.ts";
import { openStateFolder } from "./opened_state_folder.ts";
import { readPatterns } from "./plan_command.ts";

/** Runs the command; it dials nobody. */
export async function run(context: CommandContext<typeof STATUS_OPTIONS>): Promise<number> {
  const { settings, stdout } = context;
  const patterns = readPatterns(settings.only);
  const stateFolder = openStateFolder(context);
  const file = new StatusFile(stateFolder);
  const nowMs = Date.now();
  const { revisions } = await new KnownAgentsFile(stateFolder).load();
  const isMeant = patterns.hasAgent;
  const views = viewStatus(await file.load(), { revisions, isMeant, nowMs });
  if (settings.json) {
    const { formatStatusJson } = await import("../status/status_json.ts");
    await stdout.write(formatStatusJson(views));
  } else if (views.length === 0) {
    const which = patterns.items.length === 0
      ? ""
      : ` that --only ${patterns.items.join(",")} means`;
    await stdout.write(`No contact with an agent${which} is noted in ${file.path}.\n`);
  } else {
    const { formatStatusText } = await import("../status/status_text.ts");
    const width = stdout.isTerminal ? stdout.width : Infinity;
    await stdout.write(formatStatusText(views, { nowMs, width, isWhole: settings.all }));
  }
  return isStatusWanted(views) ? EXIT_DONE : EXIT_FAILURE;
}
