/**
 * Plugins as they are sent: what they say of themselves, and their package.
 *
 * @module
 */
export {
  findExcessGrants,
  isPathGranted,
  NO_PLUGIN_PERMISSIONS,
  parsePluginGrants,
} from "./plugin_grants.ts";
export {
  comparePluginVersions,
  encodePluginManifest,
  isPluginName,
  MAX_PLUGIN_MANIFEST_BYTES,
  parsePluginManifest,
  type PluginAction,
  type PluginLimits,
  type PluginManifest,
  type PluginPermissions,
  type PluginSide,
} from "./plugin_manifest.ts";
export {
  encodePluginPackage,
  MAX_PLUGIN_BYTES,
  parsePluginPackage,
  type PluginPackage,
} from "./plugin_package.ts";
export type * from "./plugin_script.ts";
