/**
 * Plugins of the agent: scripts that keepers send, which run behind walls.
 *
 * Loaded only where the operator allows plugins.
 *
 * @module
 */
export { AgentPlugins, type AgentPluginsOptions, type ListedPlugin } from "./agent_plugins.ts";
export { DiskPluginStore, PLUGINS_FOLDER_NAME } from "./disk_plugin_store.ts";
export { pluginActions } from "./plugin_actions.ts";
export type { PluginCeiling } from "./plugin_check.ts";
export type { PluginHost, RunningPlugin } from "./running_plugin.ts";
export { WalledPluginHost } from "./walled_plugin_host.ts";
