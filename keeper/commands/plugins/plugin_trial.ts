/**
 * A plugin that was just built, started once behind its walls: what its author got wrong is told before an
 * operator meets it.
 *
 * @module
 */
import {
  ConfigError,
  NO_PLUGIN_PERMISSIONS,
  type PluginPackage,
  SILENT_LOGGER,
} from "../../../protocol/mod.ts";
import type { PluginEnd } from "../../../protocol/host/plugins/mod.ts";

const ENDS: Readonly<Record<PluginEnd, readonly [problem: string, hint: string]>> = {
  "malformed": [
    "does not do all that is described, or does not call plugin()",
    "Give plugin() each action and event of the description under its name.",
  ],
  "threw": [
    "throws when it is loaded",
    "At its top level it has plugin() and what JavaScript has, and nothing of Deno or a browser.",
  ],
  "timed-out": [
    "does not come to its end when it is loaded",
    "Leave what takes time to the actions.",
  ],
  "memory": [
    "takes more memory than it says when it is loaded",
    "Raise Limits.MemoryMb where it is described, or have it take less.",
  ],
  "exited": ["ends when it is loaded", "Try it again."],
  "flooded": ["says too much when it is loaded", "Have it say less."],
  "stopped": ["was stopped when it was loaded", "Try it again."],
};

/**
 * Starts a plugin, grants it nothing, calls none of its actions, and stops it.
 *
 * @param source Where it comes from, for the error.
 * @throws {ConfigError} where it does not start; nothing that it says is repeated.
 */
export async function tryPlugin(plugin: PluginPackage, source: string): Promise<void> {
  const { PluginRunner, PluginStoppedError, PluginStorage } = await import(
    "../../../protocol/host/plugins/mod.ts"
  );
  try {
    await using _runner = await PluginRunner.start(plugin, {
      granted: NO_PLUGIN_PERMISSIONS,
      storage: PluginStorage.inMemory(),
      log: SILENT_LOGGER,
    });
  } catch (cause) {
    if (!(cause instanceof PluginStoppedError)) throw cause;
    const [problem, hint] = ENDS[cause.end ?? "stopped"];
    throw new ConfigError(`${JSON.stringify(source)} ${problem}`, { hint, cause });
  }
}
