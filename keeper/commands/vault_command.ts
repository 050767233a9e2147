/**
 * `fluxvault vault`: the command line of the original's vault, which implies the original's wire, and
 * offers every file of its folder, once.
 *
 * @module
 */
import { ConfigError } from "../../protocol/mod.ts";
import type { CommandContext } from "../../protocol/host/mod.ts";
import { DEFAULT_DISCOVERY_INTERVAL_MS, DEFAULT_POLLING_INTERVAL_MS } from "../limits.ts";
import type { VAULT_OPTIONS } from "../options.ts";
import { serve } from "./run_command.ts";

/** Serves each node once. */
export async function run(context: CommandContext<typeof VAULT_OPTIONS>): Promise<number> {
  const { settings } = context;
  const { vaultDir } = settings;
  if (vaultDir === undefined) {
    throw new ConfigError("--dir is missing: every file of it is offered, so it must be named", {
      setting: "--dir",
      hint: "Name the folder of the files: --dir files, or --dir . for the one you are in.",
    });
  }
  if (settings.appName === undefined && settings.agentIps.length === 0) {
    throw new ConfigError("--ip is missing, and so is --app", {
      setting: "--ip",
      hint: "Name the node, --ip 203.0.113.20, or the app whose nodes to find, --app NAME.",
    });
  }
  return await serve({
    ...context,
    settings: {
      ...settings,
      loadout: undefined,
      vaultDir,
      managedFiles: [],
      wire: ["original"],
      trust: undefined,
      firstUseLimit: undefined,
      require: [],
      signConnections: false,
      zelid: undefined,
      keyStore: "auto",
      pollingIntervalMs: DEFAULT_POLLING_INTERVAL_MS,
      discoveryIntervalMs: DEFAULT_DISCOVERY_INTERVAL_MS,
      runOnce: true,
      watch: false,
      plugin: [],
      pluginPermissions: [],
    },
  }, { wholeFolder: true });
}
