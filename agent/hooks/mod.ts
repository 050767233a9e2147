/**
 * The hooks of an agent: how an application is told that something of its changed.
 *
 * @module
 */
export { AgentHooks, type AgentHooksOptions, type ExpiringFile } from "./agent_hooks.ts";
export { AllowedPrograms, findProgram } from "./allowed_programs.ts";
export type { DueHook, HookCall, HookEnd, HookPerformer } from "./due_hook.ts";
export {
  HookActions,
  type HookActionsOptions,
  type HookPowers,
  type SignalledApplication,
} from "./hook_actions.ts";
export { HookFiles } from "./hook_files.ts";
export type { HookJournal } from "./hook_ledger.ts";
export { type HookProgram, type HookProgramOptions, runHookProgram } from "./hook_program.ts";
export { openHookJournal } from "./hooks_file.ts";
export { HOOKS_FILE_NAME, HooksOnDemand, type HooksOnDemandOptions } from "./hooks_on_demand.ts";
