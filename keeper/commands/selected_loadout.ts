/**
 * The loadout that a command means: the one that is named, else the one that is remembered.
 *
 * @module
 */
import { ConfigError, type Logger } from "../../protocol/mod.ts";
import { type LoadoutProblem, RememberedLoadout } from "../loadout/mod.ts";
import { openStateFolder, type StateFolderContext } from "./opened_state_folder.ts";

/** What a loadout is found with. */
export interface LoadoutContext extends StateFolderContext {
  /** The settings of the command. */
  readonly settings: StateFolderContext["settings"] & {
    /** What `--loadout` says, if it does. */
    readonly loadout?: string | undefined;
  };
}

/**
 * Returns the path of the loadout, as `openLoadout` takes it, or `null` where none is named and none is
 * remembered.
 *
 * @throws {ConfigError} where the environment names no home.
 * @throws {StorageError} where the folder of state cannot be read.
 */
export async function selectLoadout(context: LoadoutContext): Promise<string | null> {
  const { loadout } = context.settings;
  return loadout ?? await new RememberedLoadout(openStateFolder(context)).load();
}

/**
 * Returns the path of the loadout.
 *
 * @throws {ConfigError} where none is named and none is remembered.
 */
export async function requireLoadout(context: LoadoutContext): Promise<string> {
  const path = await selectLoadout(context);
  if (path !== null) return path;
  throw new ConfigError("no loadout is named, and none is remembered", {
    setting: "--loadout",
    hint: "Name one with --loadout, or have one remembered: config load FILE.",
  });
}

const MAX_WARNINGS = 50;

/** Tells what in a loadout is probably not meant; the last of very many are counted. */
export function tellWarnings(logger: Logger, warnings: readonly LoadoutProblem[]): void {
  for (const { place, problem, hint } of warnings.slice(0, MAX_WARNINGS)) {
    logger.warn(`${place}: ${problem}. ${hint}`);
  }
  const left = warnings.length - MAX_WARNINGS;
  if (left > 0) logger.warn(`There is as much to say of ${left} more places.`);
}
