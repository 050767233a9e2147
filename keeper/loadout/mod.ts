/**
 * The loadout: what of a vault each component of each app is to hold, as the operator wrote it.
 *
 * @module
 */
export { type AppLoadout, type ResolveVault } from "./app_loadout.ts";
export { type AppSettings } from "./app_settings.ts";
export { APP_FILE_NAME, findLoadoutFiles, type LoadoutFile } from "./loadout_files.ts";
export { type LoadoutTextOptions, type ParsedLoadout, parseLoadout } from "./loadout_text.ts";
export {
  findApp,
  type Loadout,
  type LoadoutReload,
  type OpenedLoadout,
  openLoadout,
} from "./opened_loadout.ts";
export { type LoadoutProblem, problemsError } from "./problems.ts";
export { RememberedLoadout } from "./remembered_loadout.ts";
export { parseSingleApp, type SingleApp, type SingleAppFlags } from "./single_app.ts";
export { checkSources, type SourceCheck } from "./source_check.ts";
