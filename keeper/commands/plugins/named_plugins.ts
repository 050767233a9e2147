/**
 * The plugins that `--plugin` names, and what `--plugin-permissions` lets them do.
 *
 * @module
 */
import {
  CallError,
  ConfigError,
  findExcessGrants,
  isPathGranted,
  parsePluginGrants,
  type PluginPermissions,
} from "../../../protocol/mod.ts";
import { basename, dirname, join, settingError } from "../../../protocol/host/mod.ts";
import { disclosedSecret, secretIn } from "../../keys/disclosed_secret.ts";
import type { GrantedPlugin, PluginHome, RunningPlugins } from "../../plugins/mod.ts";
import { type ServeContext, withSource } from "../run_context.ts";
import { readPluginFile } from "./plugin_file.ts";

/** A plugin that is named. */
export interface NamedPlugin extends GrantedPlugin {
  /** The file. */
  readonly path: string;
}

/** How many plugins a keeper runs at most. */
const MAX_PLUGINS = 8;

/**
 * Reads the plugins; nothing of them runs yet.
 *
 * @throws {ConfigError} for what is no plugin of a keeper, for two of one name, and for one that asks for
 * more than it may: it says what to add.
 */
export async function readNamedPlugins(
  context: Pick<ServeContext, "settings" | "resolved">,
): Promise<readonly NamedPlugin[]> {
  const { settings, resolved } = context;
  const ceiling = readCeiling(context);
  const named: NamedPlugin[] = [];
  if (settings.plugin.length > MAX_PLUGINS) {
    throw settingError(resolved, {
      name: "plugin",
      problem: `names ${settings.plugin.length} files, and a keeper runs ${MAX_PLUGINS} plugins`,
      hint: "Leave some of them out.",
    });
  }
  for (const path of settings.plugin) {
    const secret = secretIn(path);
    if (secret !== null) throw disclosedSecret(secret);
    const { plugin } = await withSourceOf(context, () => readPluginFile(path));
    const { name, side, permissions } = plugin.manifest;
    if (side !== "keeper") {
      throw settingError(resolved, {
        name: "plugin",
        problem: `names a plugin of the agent: ${JSON.stringify(path)}`,
        hint: 'Push it to agents instead, or write "Side": "keeper" where it is described.',
      });
    }
    const rival = named.find((other) => other.plugin.manifest.name === name);
    if (rival !== undefined) {
      throw settingError(resolved, {
        name: "plugin",
        problem: `names two plugins ${name}: ${JSON.stringify(rival.path)}, ${
          JSON.stringify(path)
        }`,
        hint: "Leave one of them out.",
      });
    }
    refuseExcess(context, { name, asked: permissions, ceiling });
    named.push({ path, plugin, granted: permissions });
  }
  return named;
}

function readCeiling(
  { settings: { plugin, pluginPermissions }, resolved }: Pick<
    ServeContext,
    "settings" | "resolved"
  >,
): PluginPermissions {
  try {
    const ceiling = parsePluginGrants(pluginPermissions);
    refuseOwnVariables(ceiling, { resolved });
    if (plugin.length > 0 || pluginPermissions.length === 0) return ceiling;
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw settingError(resolved, {
      name: "plugin-permissions",
      problem: `cannot be used: ${cause.message}`,
      hint: "Write net=HOST[:PORT], read=/PATH, write=/PATH or env=NAME, with commas between.",
    });
  }
  throw settingError(resolved, {
    name: "plugin-permissions",
    problem: "has no use without --plugin",
    hint: "Name the plugins, too, or leave it out.",
  });
}

/** The keeper's own variables hold its keys. */
function refuseOwnVariables(
  { env }: PluginPermissions,
  { resolved }: Pick<ServeContext, "resolved">,
): void {
  const own = env.find((name) => /^FLUXVAULT_/i.test(name));
  if (own === undefined) return;
  throw settingError(resolved, {
    name: "plugin-permissions",
    problem: `grants ${own}, which is the keeper's own`,
    hint: "Give the plugin a variable of its own.",
  });
}

interface Asked {
  readonly name: string;
  readonly asked: PluginPermissions;
  readonly ceiling: PluginPermissions;
}

function refuseExcess(
  { resolved }: Pick<ServeContext, "resolved">,
  { name, asked, ceiling }: Asked,
): void {
  const excess = findExcessGrants(asked, ceiling);
  if (excess.length === 0) return;
  throw settingError(resolved, {
    name: "plugin-permissions",
    problem: `does not let ${name} do what it asks for: ${excess.join(", ")}`,
    hint: `If it may: --plugin-permissions ${excess.join(",")}. If not: leave the plugin out.`,
  });
}

async function withSourceOf<T>(
  context: Pick<ServeContext, "resolved">,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    return withSource(context, "plugin", () => {
      throw error;
    });
  }
}

/**
 * Starts plugins.
 *
 * @throws {ConfigError} where one does not start, or is granted the folder with the keeper's keys.
 */
export async function startNamedPlugins(
  plugins: readonly NamedPlugin[],
  home: PluginHome,
): Promise<RunningPlugins> {
  for (const { granted } of plugins) await refuseOwnFolder(granted, home);
  const { RunningPlugins } = await import("../../plugins/mod.ts");
  try {
    return await RunningPlugins.start(plugins, home);
  } catch (cause) {
    if (!(cause instanceof CallError)) throw cause;
    throw new ConfigError(`a plugin does not start (${cause.code}): ${cause.message}`, {
      setting: "--plugin",
      hint: "It has to call plugin() once, at its top level, with the actions that it describes.",
    });
  }
}

/** What a plugin stores comes to it by the keeper; the rest of that folder is nobody else's. */
async function refuseOwnFolder(
  { read, write }: PluginPermissions,
  { stateFolder }: Pick<PluginHome, "stateFolder">,
): Promise<void> {
  const own = await findRealPath(stateFolder);
  for (const path of [...read, ...write]) {
    const real = await findRealPath(path);
    if (!isPathGranted(real, [own]) && !isPathGranted(own, [real])) continue;
    throw new ConfigError(`grants ${JSON.stringify(path)}, and with it what the keeper keeps`, {
      setting: "--plugin-permissions",
      hint: "Grant a folder that has nothing to do with --state-dir.",
    });
  }
}

/** Returns where a path leads, though the end of it may not be there yet. */
async function findRealPath(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch {
    const folder = dirname(path);
    return folder === path ? path : join(await findRealPath(folder), basename(path));
  }
}
