/** Plugins whose code a test writes, behind real walls. */
import { PluginStoppedError } from "../../protocol/host/plugins/mod.ts";
import { NO_PLUGIN_PERMISSIONS } from "../../protocol/plugins/mod.ts";
import {
  WalledPlugin,
  type WalledPluginOptions,
} from "../../protocol/host/plugins/walled_plugin.ts";
import type { PluginManifest, PluginPackage } from "../../protocol/mod.ts";
import { assertRejects } from "./assert.ts";

/** What may differ from plugin to plugin. */
export type PluginChanges = Partial<PluginManifest>;

/** Makes a package of a script, with one action `act` and nothing that it asks for. */
export function pluginOf(code: string, changes: PluginChanges = {}): PluginPackage {
  return {
    manifest: {
      name: "tried",
      version: "1.0.0",
      describe: "",
      side: "agent",
      actions: [{ name: "act", describe: "" }],
      events: [],
      permissions: NO_PLUGIN_PERMISSIONS,
      limits: { memoryMb: 32, callTimeoutS: 20 },
      ...changes,
    },
    code,
  };
}

/** Makes the script of a plugin of the body of its one action, which has an `input` and a `context`. */
export function actingCode(body: string): string {
  return `plugin({ actions: { act: async (input, context) => { ${body} } } });`;
}

/** The options of {@linkcode startWalled}. */
export interface StartOptions extends Partial<WalledPluginOptions> {
  /** What the manifest says otherwise. */
  readonly changes?: PluginChanges;
}

/** Starts a plugin of a script; it is granted what its manifest asks for. */
export function startWalled(code: string, options: StartOptions = {}): Promise<WalledPlugin> {
  const plugin = pluginOf(code, options.changes);
  return WalledPlugin.start(plugin, {
    granted: plugin.manifest.permissions,
    asks: new Map(),
    onLog() {},
    ...options,
  });
}

/** Calls the one action of a plugin whose body is given, with the name of somebody, and stops the plugin. */
export async function runBody(body: string, options: StartOptions = {}): Promise<unknown> {
  await using plugin = await startWalled(actingCode(body), options);
  return await plugin.call("act", { name: "you" });
}

/** Returns why a plugin ends whose one action has this body. */
export async function endOf(body: string, options: StartOptions = {}): Promise<string> {
  await using plugin = await startWalled(actingCode(body), options);
  await assertRejects(() => plugin.call("act", 1), PluginStoppedError, "plugin-stopped");
  return await plugin.ended;
}
