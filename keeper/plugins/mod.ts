/**
 * Plugins of the keeper: what they may reach, and how they run.
 *
 * @module
 */
export { describeDelivery } from "./delivery_event.ts";
export { keeperAsks, type KeeperReach } from "./keeper_asks.ts";
export { PluginWorld, type PluginWorldParts, type ReachableFleet } from "./plugin_world.ts";
export { type GrantedPlugin, type PluginHome, RunningPlugins } from "./running_plugins.ts";
