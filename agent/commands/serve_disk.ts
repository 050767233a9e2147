/**
 * All of the agent program that has to do with the disk: where files go, when they expire, and what is
 * left of them at the end.
 *
 * @module
 */
import {
  type CertificateDesk,
  delay,
  FluxVaultError,
  type Logger,
  recallIssued,
  STAGE_PREFIX,
} from "../../protocol/mod.ts";
import {
  isAbsolute,
  relative,
  resolve,
  settingError,
  storageError,
} from "../../protocol/host/mod.ts";
import type { Agent } from "../agent.ts";
import { DiskSecretStore, isInMemory } from "../disk/mod.ts";
import type { HooksOnDemand } from "../hooks/mod.ts";
import { IssuedRecord, IssuingDesk, openIssuedJournal } from "../issued/mod.ts";
import { LEASE_RETRY_MS, MAX_LEASE_PAUSE_MS } from "../limits.ts";
import type { StateFolder } from "../state_folder.ts";
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

/** Tells whether a path is below a folder, or the folder itself, by its text. */
export function isInside(path: string, folder: string): boolean {
  const way = relative(resolve(folder), resolve(path));
  return way === "" || !(way === ".." || way.startsWith("../") || isAbsolute(way));
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

/** What a {@linkcode LeaseWatch} works with. */
export interface LeaseWatchParts {
  /** Where the files are. */
  readonly store: Pick<DiskSecretStore, "expireLeases">;
  /** Has it done between two deliveries. */
  readonly agent: Pick<Agent, "doInTurn">;
  /** Runs the hooks that tell of what expires. */
  readonly hooks: Pick<HooksOnDemand, "expire">;
  /** Is told what expired, once the hooks were. */
  readonly onExpired: (paths: readonly string[]) => void;
  /** Is told what expired. */
  readonly logger: Logger;
  /** Waits. @default {delay} */
  readonly delay?: (durationMs: number, signal: AbortSignal) => Promise<void>;
}

/** Has files removed when their lease is over, and that told like any other change. */
export class LeaseWatch {
  readonly #parts: LeaseWatchParts;
  #woken: AbortController = new AbortController();
  readonly #looked: PromiseWithResolvers<void> = Promise.withResolvers<void>();
  #telling: Promise<unknown> = Promise.resolve();

  /** Looks at nothing yet. */
  constructor(parts: LeaseWatchParts) {
    this.#parts = parts;
  }

  /** Resolves once what expired before the agent started is gone, as far as it can be removed. */
  get looked(): Promise<void> {
    return this.#looked.promise;
  }

  /** Has it look again: a delivery may have brought a lease that is over soon. */
  wake(): void {
    this.#woken.abort();
  }

  /** Looks whenever something may be due, until the signal is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { delay: wait = delay } = this.#parts;
    while (!signal.aborted) {
      this.#woken = new AbortController();
      const pauseMs = await this.#look(signal);
      this.#looked.resolve();
      await wait(pauseMs, AbortSignal.any([signal, this.#woken.signal])).catch(() => {});
    }
    this.#looked.resolve();
    await this.#telling;
  }

  /** Looks once; returns after how long it has to look again, in milliseconds. */
  async #look(signal: AbortSignal): Promise<number> {
    const { store, agent, hooks, logger } = this.#parts;
    let told = Promise.resolve();
    const expire = () =>
      store.expireLeases(async (due, remove) => {
        ({ told } = await hooks.expire(due, remove));
      });
    try {
      const { expired, nextInMs } = await agent.doInTurn(expire, { signal });
      for (const path of expired) {
        logger.warn("removed a file that no keeper has renewed in time", { path });
      }
      if (expired.length > 0) this.#tell(expired, told);
      return Math.min(nextInMs ?? Infinity, MAX_LEASE_PAUSE_MS);
    } catch (error) {
      // A delivery takes long, or the agent ends.
      if (!(error instanceof FluxVaultError) && !signal.aborted) {
        logger.error("the leases of files could not be looked at", { error });
      }
      return LEASE_RETRY_MS;
    }
  }

  /** What takes long to be told holds up no other file that expires. */
  #tell(expired: readonly string[], told: Promise<void>): void {
    const telling = told.then(() => this.#parts.onExpired(expired));
    this.#telling = Promise.all([this.#telling, telling]);
  }
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
