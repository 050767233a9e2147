/**
 * Whether a command is about the apps of a loadout, and which.
 *
 * @module
 */
import { ConfigErrors } from "../../../protocol/mod.ts";
import { isGiven, settingError } from "../../../protocol/host/mod.ts";
import { isSameApp } from "../../app_name.ts";
import {
  type AppLoadout,
  findApp,
  findLoadoutFiles,
  type OpenedLoadout,
  openLoadout,
  RememberedLoadout,
} from "../../loadout/mod.ts";
import type { ServeContext } from "../run_context.ts";

/** What a loadout says of each app, and no flag may say besides. */
const OF_ONE_APP = [
  "managed-files",
  "agent-ips",
  "comms-port",
  "wire",
  "trust",
  "first-use-limit",
  "require",
  "sign-connections",
  "zelid",
] as const;

/** A loadout, and which of its apps are meant. */
export interface ChosenLoadout {
  /** The loadout. */
  readonly opened: OpenedLoadout;
  /** Tells whether an app is meant: all are, or that of `--app-name`. */
  readonly isMeant: (app: AppLoadout) => boolean;
}

/** The options of {@linkcode chooseLoadout}. */
export interface ChooseLoadoutOptions {
  /** Returns the folder of state; asked only where a loadout may be remembered there. */
  readonly stateFolder: () => string;
  /**
   * Whether the vault plays no part, as where agents are to remove all: then flags, and apps that no
   * loadout has, go before one that is not named.
   *
   * @default {false}
   */
  readonly isVaultUnused?: boolean;
  /** Whether an app that the loadout has not is a mistake all the same. @default {false} */
  readonly isListedOnly?: boolean;
}

/**
 * Opens the loadout that is meant: that of `--loadout`, of the folders of `--vault-dir`, the one that is
 * remembered, or that of the folders of the default vault. Where files are named, none is.
 *
 * @returns `null` where the flags are about one app.
 * @throws {ConfigError} where the loadout has mistakes or not the app of `--app-name`, and where flags
 * say what is its to say.
 */
export async function chooseLoadout(
  context: ServeContext,
  options: ChooseLoadoutOptions,
): Promise<ChosenLoadout | null> {
  const { settings, resolved } = context;
  const { isVaultUnused = false, isListedOnly = false } = options;
  const { appName, loadout: named } = settings;
  const path = await findPath(context, options);
  if (path === null) return null;
  const isFree = isVaultUnused && named === undefined;
  for (const name of OF_ONE_APP) {
    if (!isGiven(resolved, name)) continue;
    if (isFree) return null;
    throw settingError(resolved, {
      name,
      problem: `has no use beside the loadout ${path}, which says it of each app`,
      hint: "Write it there, or leave the loadout out (config unload).",
    });
  }
  if (isGiven(resolved, "vault-dir") && path !== settings.vaultDir) {
    throw settingError(resolved, {
      name: "vault-dir",
      problem: "has no use beside --loadout, which says it of each app",
      hint: "Leave one of them out.",
    });
  }
  const opened = await openLoadout(path);
  const isMeant = ({ app }: AppLoadout) => appName === undefined || isSameApp(app, appName);
  if (appName === undefined || findApp(opened.loadout, appName) !== undefined) {
    return { opened, isMeant };
  }
  if (isFree && !isListedOnly) return null;
  throw settingError(resolved, {
    name: "app-name",
    problem: `names no app of the loadout ${path}`,
    hint: `Its apps are: ${opened.loadout.apps.map(({ app }) => app).join(", ")}.`,
  });
}

async function findPath(
  { settings: { loadout, managedFiles, vaultDir }, resolved }: ServeContext,
  { stateFolder }: ChooseLoadoutOptions,
): Promise<string | null> {
  if (loadout !== undefined) return loadout;
  if (managedFiles.length > 0) return null;
  if (isGiven(resolved, "vault-dir")) return await holdsApps(vaultDir) ? vaultDir : null;
  const remembered = await new RememberedLoadout(stateFolder()).load();
  if (remembered !== null) return remembered;
  return await holdsApps(vaultDir) ? vaultDir : null;
}

/** Tells whether a folder has the file of an app in it, or in one of its folders. */
async function holdsApps(folder: string): Promise<boolean> {
  try {
    return (await findLoadoutFiles(folder)).length > 0;
  } catch (error) {
    if (error instanceof ConfigErrors) return false;
    throw error;
  }
}
