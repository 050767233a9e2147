/**
 * Whether an agent takes plugins, and what they may do, as the operator says it.
 *
 * @module
 */
import { parsePluginGrants, type PluginPermissions } from "../../protocol/mod.ts";
import { basename, dirname, isGiven, join, settingError } from "../../protocol/host/mod.ts";
import type { PluginCeiling } from "../plugins/mod.ts";
import type { Access } from "./access.ts";
import type { ServeContext } from "./serve_context.ts";
import type { ServedPlugins, ServedPluginsParts } from "./serve_plugins.ts";
import { isInside, type StateFolder } from "../state_folder.ts";

/** What plugins are opened with. */
export interface PluginParts
  extends Omit<ServedPluginsParts, "stateFolder" | "trust" | "settings"> {
  /** What they may do. */
  readonly settings: PluginCeiling;
  /** The folder of state. */
  readonly state: StateFolder;
  /** Whose signature counts, or `null` where keepers need not sign. */
  readonly trust: ServedPluginsParts["trust"] | null;
}

/** What only an agent with plugins can be told. */
const OF_PLUGINS = ["plugin-permissions", "plugin-memory"];

/**
 * Reads whether plugins are taken, and what they may do.
 *
 * @returns `null` where none are taken.
 * @throws {ConfigError} where the settings contradict each other, or grant what this process may not do.
 */
export function readPlugins(
  context: ServeContext,
  { signers }: Pick<Access, "signers">,
): PluginCeiling | null {
  const { settings: { plugins: settings }, resolved } = context;
  if (settings?.allowPlugins !== true) {
    for (const name of settings === null ? [] : OF_PLUGINS) {
      if (!isGiven(resolved, name)) continue;
      throw settingError(resolved, {
        name,
        problem: "has no use without --allow-plugins",
        hint: "Add --allow-plugins, so that keepers may put plugins here.",
      });
    }
    return null;
  }
  if (signers === null) {
    throw settingError(resolved, {
      name: "allow-plugins",
      problem: "needs --signed-vault-connections: whoever has the address of a keeper could run " +
        "what he wants here",
      hint: "Add --signed-vault-connections, so that every keeper has to sign.",
    });
  }
  return { permissions: readPermissions(context), memoryMb: settings.pluginMemory };
}

function readPermissions(
  { settings: { plugins }, resolved }: ServeContext,
): PluginPermissions {
  const fail = (problem: string, hint: string) =>
    settingError(resolved, { name: "plugin-permissions", problem, hint });
  let permissions: PluginPermissions;
  try {
    permissions = parsePluginGrants(plugins?.pluginPermissions ?? []);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw fail(
      `cannot be used: ${error.message}`,
      "Write net=api.example.com:443,read=/run/secrets, for example.",
    );
  }
  const own = permissions.env.find((name) => /^FLUXVAULT_/i.test(name));
  if (own !== undefined) {
    throw fail(`grants ${own}, which is the agent's own`, "Give the plugin a variable of its own.");
  }
  const denied = listDescriptors(permissions).find((descriptor) => {
    return Deno.permissions.querySync(descriptor).state !== "granted";
  });
  if (denied === undefined) return permissions;
  throw fail(
    `grants what this agent may not do itself: ${describe(denied)}`,
    "Start it with that permission, or leave it out.",
  );
}

function listDescriptors(
  { net, read, write, env }: PluginPermissions,
): Deno.PermissionDescriptor[] {
  return [
    ...net.map((host) => ({ name: "net", host }) as const),
    ...read.map((path) => ({ name: "read", path }) as const),
    ...write.map((path) => ({ name: "write", path }) as const),
    ...env.map((variable) => ({ name: "env", variable }) as const),
  ];
}

function describe(descriptor: Deno.PermissionDescriptor): string {
  const { name, host, path, variable } = descriptor as unknown as Record<string, string>;
  return `${name}=${host ?? path ?? variable}`;
}

/**
 * Loads what runs plugins.
 *
 * @throws {ConfigError} where there is no folder to keep them in, or it could be read by them.
 */
export async function openPlugins(
  context: ServeContext,
  { settings, state, trust, ...parts }: PluginParts,
): Promise<ServedPlugins> {
  // `readPlugins` has refused that.
  if (trust === null) throw new TypeError("plugins need keepers that sign");
  const { path: stateFolder } = state;
  if (stateFolder === null) {
    throw settingError(context.resolved, {
      name: "allow-plugins",
      problem: "needs a folder of state: it is not known which versions were here else",
      hint: "Name a folder that this user may write to with --state-dir.",
      cause: state.problem,
    });
  }
  await checkOwnFolder(context, { settings, stateFolder });
  const { ServedPlugins } = await import("./serve_plugins.ts");
  return await ServedPlugins.open(context, { ...parts, settings, stateFolder, trust });
}

/** Checks that no plugin can be granted the folder with the identity of the agent. */
async function checkOwnFolder(
  { resolved }: ServeContext,
  { settings, stateFolder }: { readonly settings: PluginCeiling; readonly stateFolder: string },
): Promise<void> {
  const { read, write } = settings.permissions;
  for (const path of [...read, ...write]) {
    const real = await findRealPath(path);
    if (!isInside(stateFolder, real) && !isInside(real, stateFolder)) continue;
    throw settingError(resolved, {
      name: "plugin-permissions",
      problem: `grants ${JSON.stringify(path)}, and with it what the agent keeps its identity in`,
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
