/**
 * The folder of state that the settings mean, looked at before a command uses it.
 *
 * @module
 */
import { type CommandContext, removeTemporaries } from "../../protocol/host/mod.ts";
import { HALF_WRITTEN_KEPT_MS } from "../limits.ts";
import { findStateFolder } from "../state_folder.ts";
import { isWritableByOthers } from "../state_permissions.ts";

/** What the folder is found with. */
export interface StateFolderContext extends Pick<CommandContext, "env" | "logger"> {
  /** The settings of the command. */
  readonly settings: {
    /** What `--state-dir` says, if it does. */
    readonly stateDir?: string | undefined;
  };
}

/**
 * Finds the folder, and warns where others can put files into it. What keepers that were killed had
 * half-written there is removed, once no keeper can be writing it any more.
 *
 * @throws {ConfigError} where the environment names no home.
 */
export function openStateFolder({ env, logger, settings }: StateFolderContext): string {
  const folder = findStateFolder(env, { stateDir: settings.stateDir });
  if (isWritableByOthers(folder)) {
    logger.warn("Others can change whom this keeper trusts; chmod 700 the folder of state.", {
      folder,
    });
  }
  removeTemporaries(folder, Date.now() - HALF_WRITTEN_KEPT_MS);
  return folder;
}
