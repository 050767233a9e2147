/**
 * All of the agent program that has to do with the disk: where files go, and what is left of them at the end.
 *
 * @module
 */
import { type CertificateDesk, recallIssued, STAGE_PREFIX } from "../../protocol/mod.ts";
import { settingError, storageError } from "../../protocol/host/mod.ts";
import { DiskSecretStore, isInMemory } from "../disk/mod.ts";
import { IssuedRecord, IssuingDesk, openIssuedJournal } from "../issued/mod.ts";
import { isInside, type StateFolder } from "../state_folder.ts";
import type { ServeContext } from "./serve_context.ts";

/** The folders of an agent. */
export interface ServedFolders {
  /** The real path of the working folder. */
  readonly workingFolder: string;
  /** The folder of state. */
  readonly state: StateFolder;
}

/**
 * Makes the working folder and tries to write to it, so that the operator learns of it now.
 *
 * @throws {ConfigError} where no file can be put there, or not into memory where that is asked for.
 */
export async function openWorkingFolder({ resolved, settings }: ServeContext): Promise<string> {
  let folder: string;
  try {
    await Deno.mkdir(settings.workingDir, { recursive: true, mode: 0o700 });
    folder = await Deno.realPath(settings.workingDir);
    const probe = await Deno.makeTempFile({ dir: folder, prefix: STAGE_PREFIX });
    await Deno.remove(probe);
  } catch (cause) {
    throw settingError(resolved, {
      name: "working-dir",
      problem: `names ${JSON.stringify(settings.workingDir)}, where no file can be put`,
      hint: "Name a folder that this user may write to.",
      cause: storageError(cause, "write there"),
    });
  }
  if (!settings.requireTmpfs || await isInMemory(folder)) return folder;
  throw settingError(resolved, {
    name: "require-tmpfs",
    problem: `is given, and the working folder ${JSON.stringify(folder)} is not known to be one`,
    hint: "Mount a tmpfs there, or name a folder on one with --working-dir.",
  });
}

/**
 * Checks that no secret file can get among the agent's own.
 *
 * @throws {ConfigError}
 */
export function checkFolders({ resolved }: ServeContext, folders: ServedFolders): void {
  const { workingFolder, state } = folders;
  if (state.path === null) return;
  if (!isInside(state.path, workingFolder) && !isInside(workingFolder, state.path)) return;
  throw settingError(resolved, {
    name: "state-dir",
    problem: "and --working-dir must not be one inside the other",
    hint: "Put them side by side, for example ./state and ./files.",
  });
}

/** Opens what has certificates issued for the application, and remembers which were. */
export async function openCertificates(
  { logger }: ServeContext,
  { state }: Pick<ServedFolders, "state">,
): Promise<IssuingDesk> {
  const journal = await openIssuedJournal(state.path, logger);
  return new IssuingDesk({ record: new IssuedRecord(journal, { logger }), logger });
}

/**
 * Opens the place for the files.
 *
 * @param folders The folders, and who remembers what was issued.
 * @throws {StorageError} where a folder cannot be used.
 */
export function openStore(
  { settings, logger }: ServeContext,
  { workingFolder, state, certificates: desk = null }: ServedFolders & {
    /** Remembers what was issued. @default {null} */
    readonly certificates?: Pick<CertificateDesk, "recall"> | null;
  },
): Promise<DiskSecretStore> {
  return DiskSecretStore.open({
    workingFolder,
    stateFolder: state.path,
    absoluteFolders: settings.allowAbsolute,
    requiresMemory: settings.requireTmpfs,
    logger,
    recall: (manifest, declaredBy) => recallIssued(manifest, { desk, declaredBy }),
  });
}

/** Removes all that was put in place; what cannot be removed is said. */
export async function wipeOnExit(
  { settings, logger }: ServeContext,
  store: Pick<DiskSecretStore, "wipe">,
): Promise<void> {
  if (!settings.wipeOnExit) return;
  try {
    const { removed, failed } = await store.wipe();
    if (failed > 0) logger.error("not all files could be removed", { removed, failed });
    else logger.info("removed all that was put in place", { removed });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger.error("the files could not be removed", { reason });
  }
}
