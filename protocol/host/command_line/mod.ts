/**
 * The command line of a program: its options and commands, and where their values come from.
 *
 * @module
 */
export { type ProgramHost, runProgram, systemHost } from "./command.ts";
export { fluxApiError } from "./flux_api_error.ts";
export { GLOBAL_OPTIONS } from "./global_options.ts";
export {
  defineOptions,
  type Option,
  type OptionTable,
  type OptionValue,
  type SettingsOf,
  VARIABLE_PREFIX,
} from "./option_table.ts";
export {
  type Command,
  type CommandContext,
  type CommandModule,
  defineCommand,
  type Program,
  type WithGlobalOptions,
} from "./program.ts";
export {
  isGiven,
  type ResolvedSettings,
  resolveSettings,
  type SettingEntry,
  settingError,
  type SettingProblem,
  type SettingsInput,
  type SettingSource,
} from "./settings.ts";
export { suggestName } from "./suggestion.ts";
