/**
 * Plugins behind walls: what both programs need to run them.
 *
 * Imported only where a plugin is to run, and then by `import()`: a program without plugins loads none of
 * this.
 *
 * @module
 */
export type { PluginAsk, PluginAskContext, PluginAsks } from "./plugin_asks.ts";
export type { PluginCallOptions } from "./plugin_call.ts";
export { type PluginEnd, PluginStoppedError } from "./plugin_end.ts";
export { PluginRunner } from "./plugin_runner.ts";
export type { PluginRunnerOptions } from "./plugin_runner_options.ts";
export type { PluginState, PluginStatus } from "./plugin_status.ts";
export { PluginStorage, type PluginStorageOptions } from "./plugin_storage.ts";
