/**
 * Loads what has to do with plugins only where something is said of them.
 *
 * @module
 */
import { isGiven } from "../../protocol/host/mod.ts";
import type { Access } from "./access.ts";
import type { PluginParts } from "./plugin_settings.ts";
import type { ServeContext } from "./serve_context.ts";
import type { ServedPlugins } from "./serve_plugins.ts";

/** Opens the plugins of an agent that takes some. */
export type PluginOpener = (parts: Omit<PluginParts, "settings">) => Promise<ServedPlugins>;

const OPTIONS = ["allow-plugins", "plugin-permissions", "plugin-memory"];

/**
 * Reads whether plugins are taken.
 *
 * @returns What opens them, or `null` where none are taken.
 * @throws {ConfigError} where the settings contradict each other, or grant what this process may not do.
 */
export async function loadPlugins(
  context: ServeContext,
  access: Pick<Access, "signers">,
): Promise<PluginOpener | null> {
  const { settings: { plugins }, resolved } = context;
  if (plugins === null || !OPTIONS.some((name) => isGiven(resolved, name))) return null;
  const { openPlugins, readPlugins } = await import("./plugin_settings.ts");
  const settings = readPlugins(context, access);
  return settings === null ? null : (parts) => openPlugins(context, { ...parts, settings });
}
