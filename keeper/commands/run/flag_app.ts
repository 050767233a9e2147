/**
 * The one app that the flags of `run` mean.
 *
 * @module
 */
import { settingError } from "../../../protocol/host/mod.ts";
import { parseWires } from "../../contact/wire.ts";
import { type Declarations, declareForAll } from "../../vault/declarations.ts";
import { parseManagedFiles } from "../../vault/managed_files.ts";
import { requireLevels } from "../../vault/required_levels.ts";
import { declareWholeFolder } from "../../vault/whole_folder.ts";
import { checkTrust, readFleet } from "../fleet_settings.ts";
import { checkSigning, signerIn } from "../key_settings.ts";
import { type ServeContext, withSource } from "../run_context.ts";
import type { AppWish } from "./app_wish.ts";

/** The options of {@linkcode readFlagApp}. */
export interface FlagAppOptions {
  /** Whether every file of the vault folder is offered, as the original did. */
  readonly isWholeFolder: boolean;
  /** Whether the vault plays no part, so that nothing has to be named. @default {false} */
  readonly isVaultUnused?: boolean;
}

/**
 * Reads what the flags say.
 *
 * @throws {ConfigError} that names the setting at fault.
 */
export async function readFlagApp(
  context: ServeContext,
  { isWholeFolder, isVaultUnused = false }: FlagAppOptions,
): Promise<AppWish> {
  const { vaultDir } = context.settings;
  const declared = isVaultUnused ? declareForAll([]) : isWholeFolder ? null : readFiles(context);
  return await wishWith(context, {
    declare: async () => declared ?? declareForAll(await declareWholeFolder(vaultDir)),
    isWholeFolder,
    filesSetting: "managed-files",
  });
}

/** What goes where, as flags say it. */
export interface FlagDeclarations extends Pick<AppWish, "declare" | "isWholeFolder"> {
  /** The name of the option that says it. */
  readonly filesSetting: string;
}

/**
 * Returns what it takes to serve the one app of the flags.
 *
 * @throws {ConfigError} that names the setting at fault.
 */
export async function wishWith(
  context: ServeContext,
  { filesSetting, ...declarations }: FlagDeclarations,
): Promise<AppWish> {
  const { settings, resolved } = context;
  const { vaultDir: vaultFolder, pollingIntervalMs, discoveryIntervalMs } = settings;
  const wires = withSource(context, "wire", () => parseWires(settings.wire));
  checkTrust(context, wires);
  checkSigning(context, wires);
  return {
    name: null,
    ...await readFleet(context),
    wires,
    signWith: signerIn(context),
    vaultFolder,
    ...declarations,
    pollingIntervalMs,
    discoveryIntervalMs,
    mistake: ({ about, ...mistake }) => {
      const name = about === "vault" ? "vault-dir" : filesSetting;
      return settingError(resolved, { name, ...mistake });
    },
  };
}

function readFiles(context: ServeContext): Declarations {
  const { settings, resolved } = context;
  if (settings.managedFiles.length === 0) {
    throw settingError(resolved, {
      name: "managed-files",
      problem: "is missing: there is nothing to deliver",
      hint: "Name the files and folders of the vault, for example --managed-files " +
        "db.password,tls; or what goes where in a loadout: --loadout FILE.",
    });
  }
  const files = withSource(context, "managed-files", () => {
    return parseManagedFiles(settings.managedFiles);
  });
  return declareForAll(withSource(context, "require", () => {
    return requireLevels(settings.require, files);
  }));
}
