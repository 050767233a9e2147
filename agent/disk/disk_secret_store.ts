/**
 * The disk as the place where an agent puts its secret files.
 *
 * @module
 */
import { isAbsolute, resolve } from "node:path";
import {
  type Bytes,
  createHasher,
  encodeHex,
  type FileEntry,
  type FileResult,
  type HasherFactory,
  type HeldManifest,
  type LocalStep,
  type Logger,
  type ManifestMessage,
  type ResumedFile,
  type SecretStore,
  SILENT_LOGGER,
  type StagedFile,
  type StageOptions,
  type Step,
  StorageError,
  type Survey,
  type WantedState,
} from "../../protocol/mod.ts";
import { DigestCache, storageError, syncFolder } from "../../protocol/host/mod.ts";
import { HASH_PIECE_BYTES } from "../limits.ts";
import type { FileCondition } from "../trust/mod.ts";
import { Claims } from "./claims.ts";
import {
  type DiskPlace,
  type DiskRoot,
  type Forbidden,
  type InodeKey,
  inodeKey,
  makeFolders,
  openAbsoluteRoot,
  openWorkingRoot,
  placeOf,
  walkTo,
} from "./disk_path.ts";
import { compareFile } from "./file_condition.ts";
import { mustRenewManifest, readManifestFile, writeManifestFile } from "./manifest_file.ts";
import { StagedDiskFile } from "./staged_disk_file.ts";
import { type SweepReport, sweepStages } from "./stage_sweep.ts";

/** How many folders are synced at a time: each is an open file. */
const FOLDERS_SYNCED_AT_ONCE = 16;

/** Where a {@linkcode DiskSecretStore} works. */
export interface DiskSecretStoreOptions {
  /** The working folder, for relative paths; must be there. */
  readonly workingFolder: string;
  /** The agent's folder of state, which no path may lead into; `null` keeps the manifest in memory. */
  readonly stateFolder: string | null;
  /** Folders below which absolute paths may lead; they are made if missing. @default {[]} */
  readonly absoluteFolders?: readonly string[];
  /** Makes a SHA-256 hasher; pass a native one where there is one. @default {createHasher} */
  readonly createHasher?: HasherFactory;
  /** Is told of what is odd and no failure of one file. @default {SILENT_LOGGER} */
  readonly logger?: Logger;
}

/**
 * Puts files below a working folder, and below further folders where absolute paths are allowed.
 *
 * Each file is staged beside its target with its declared permissions, synced, and put in place by
 * rename; folders are synced in {@linkcode DiskSecretStore.settle}. A file whose permissions are not
 * as declared counts as missing, so that it is delivered again.
 */
export class DiskSecretStore implements SecretStore {
  readonly #options: DiskSecretStoreOptions;
  readonly #roots: readonly DiskRoot[];
  readonly #forbidden: Forbidden;
  readonly #logger: Logger;
  readonly #cache = new DigestCache();
  /** Folders in which something was put since the last settling. */
  readonly #unsettled = new Set<string>();
  readonly #claims = new Claims();
  /** Devices that do not keep permissions. */
  readonly #modeless = new Set<number>();
  #held: HeldManifest | null = null;
  /** What was written of a manifest last, or read. */
  #written: ManifestMessage | null = null;
  #declared: ReadonlyMap<string, FileEntry> = new Map();

  private constructor(
    options: DiskSecretStoreOptions,
    parts: { readonly roots: readonly DiskRoot[]; readonly forbidden: Forbidden },
  ) {
    this.#options = options;
    this.#roots = parts.roots;
    this.#forbidden = parts.forbidden;
    this.#logger = options.logger ?? SILENT_LOGGER;
  }

  /**
   * Opens the folders and takes up the manifest that is kept there.
   *
   * @throws {StorageError} if a folder cannot be used.
   * @throws {RangeError} if a folder for absolute paths is not absolute itself.
   */
  static async open(options: DiskSecretStoreOptions): Promise<DiskSecretStore> {
    const { workingFolder, stateFolder, absoluteFolders = [] } = options;
    const relative = absoluteFolders.find((folder) => !isAbsolute(folder));
    if (relative !== undefined) throw new RangeError(`${JSON.stringify(relative)} is not absolute`);
    const inodes = new Set<InodeKey>();
    try {
      const roots = [await openWorkingRoot(workingFolder)];
      for (const folder of absoluteFolders) roots.push(await openAbsoluteRoot(folder));
      if (stateFolder !== null) {
        const inode = inodeKey(await Deno.stat(stateFolder));
        if (inode !== null) inodes.add(inode);
      }
      const store = new DiskSecretStore(options, { roots, forbidden: { inodes } });
      await store.#takeUp();
      return store;
    } catch (error) {
      throw storageError(error, `use ${JSON.stringify(resolve(workingFolder))}`);
    }
  }

  /** Removes what an earlier process staged and left; never rejects. */
  async sweep(beforeMs: number): Promise<SweepReport> {
    const reports: SweepReport[] = [];
    const folders = new Set<string>();
    for (const path of this.#declared.keys()) {
      if (!path.startsWith("/")) continue;
      try {
        folders.add(placeOf(path, this.#roots).folder);
      } catch {
        // No longer allowed: then it is no longer ours to sweep either.
      }
    }
    const [working] = this.#roots;
    if (working !== undefined) reports.push(await sweepStages(working.folder, { beforeMs }));
    for (const folder of folders) {
      reports.push(await sweepStages(folder, { beforeMs, maxDepth: 0 }));
    }
    return {
      removed: reports.reduce((sum, { removed }) => sum + removed, 0),
      isWhole: reports.every(({ isWhole }) => isWhole),
    };
  }

  /** The manifest that is held: kept by an earlier process, or given since; `null` for none. */
  get held(): HeldManifest | null {
    return this.#held;
  }

  /** Returns the manifest that was kept last. */
  heldManifest(): Promise<HeldManifest | null> {
    return Promise.resolve(this.#held);
  }

  /** Compares; see {@linkcode SecretStore.survey}. */
  async survey({ entries }: WantedState): Promise<Survey> {
    const steps: Step[] = [];
    for (const entry of entries) {
      if (entry.kind !== "file") continue;
      const { path } = entry;
      try {
        const place = placeOf(path, this.#roots);
        const info = await walkTo(place, this.#forbidden);
        if (info !== null && entry.strategy === "ENSURE_CREATED") continue;
        const held = info === null ? null : await this.#digestOf(place.target, info);
        const isIntact = info !== null && held !== null && encodeHex(held) === entry.digest &&
          !this.#differsInMode(info, entry.mode);
        if (!isIntact) steps.push({ kind: "bring", entry, held });
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        steps.push({ kind: "refuse", path, code: error.code });
      }
    }
    return { steps };
  }

  /** Does what needs nothing from the keeper. */
  perform(step: LocalStep): Promise<void> {
    throw new StorageError("not-a-file", `cannot ${step.kind} anything`);
  }

  /** Has no parts of files. */
  resume(): Promise<ResumedFile | null> {
    return Promise.resolve(null);
  }

  /** Keeps a manifest in place of the one before, and begins a delivery. */
  async keepManifest(manifest: HeldManifest): Promise<void> {
    const { stateFolder } = this.#options;
    this.#hold(manifest);
    this.#claims.clear();
    const { message } = manifest;
    if (stateFolder === null || !mustRenewManifest(this.#written, message)) return;
    try {
      await writeManifestFile(stateFolder, manifest);
      this.#written = message;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#logger.warn("the manifest is kept in memory only", { reason });
    }
  }

  /**
   * Returns the digest of what is at a path.
   *
   * @throws {StorageError} if the path or what is on the way is refused, or the file cannot be read.
   */
  async inspect(path: string): Promise<Bytes | null> {
    const place = this.#claim(path);
    const info = await walkTo(place, this.#forbidden);
    if (info === null) return null;
    this.#claims.claimInode(path, info);
    if (this.#hasDrifted(path, info)) return null;
    return await this.#digestOf(place.target, info);
  }

  /** Compares a file with its entry, beside any delivery; see {@linkcode compareFile}. */
  compare(entry: FileEntry): Promise<FileCondition> {
    return compareFile(entry, {
      roots: this.#roots,
      forbidden: this.#forbidden,
      differsInMode: (info, mode) => this.#differsInMode(info, mode),
      digestOf: (target, info) => this.#digestOf(target, info),
    });
  }

  /**
   * Opens what is at a path for reading.
   *
   * @throws {StorageError} as {@linkcode DiskSecretStore.inspect}, and so do the contents.
   */
  async open(path: string): Promise<AsyncIterable<Uint8Array> | null> {
    const place = this.#claim(path);
    const info = await walkTo(place, this.#forbidden);
    return info === null ? null : readPieces(place.target, info);
  }

  /** Opens a place for a file that is on its way. */
  async stage(path: string, { mode }: StageOptions): Promise<StagedFile> {
    const place = this.#claim(path);
    await walkTo(place, this.#forbidden);
    for (const parent of await makeFolders(place, this.#forbidden)) this.#unsettled.add(parent);
    let before: Deno.FileInfo | null = null;
    const file = await StagedDiskFile.create({
      folder: place.folder,
      target: place.target,
      mode,
      check: async () => {
        before = await walkTo(place, this.#forbidden);
        if (before !== null) this.#claims.claimInode(path, before);
      },
    });
    return {
      write: (bytes) => file.write(bytes),
      discard: () => file.discard(),
      interrupt: () => file.discard(),
      commit: async () => {
        const info = await file.commit();
        this.#cache.delete(place.target);
        this.#unsettled.add(place.folder);
        if (before !== null) this.#claims.releaseInode(path, before);
        this.#claims.claimInode(path, info);
        if (((info.mode ?? mode) & 0o777) !== mode) this.#modeless.add(info.dev);
        return before === null ? "created" : "updated";
      },
    };
  }

  /** Makes what was put in place outlast a crash, and ends a delivery. */
  async settle(): Promise<readonly FileResult[]> {
    this.#cache.retain(this.#claims.targets);
    this.#claims.clear();
    const folders = this.#unsettled.values();
    await Promise.all(Array.from({ length: FOLDERS_SYNCED_AT_ONCE }, async () => {
      for (const folder of folders) {
        await this.#settleFolder(folder);
        this.#unsettled.delete(folder);
      }
    }));
    return [];
  }

  async #settleFolder(folder: string): Promise<void> {
    try {
      await syncFolder(folder);
    } catch (error) {
      // A folder that is gone has nothing in it that could be lost.
      if (error instanceof Deno.errors.NotFound) return;
      throw storageError(error, `sync the folder ${JSON.stringify(folder)}`);
    }
  }

  async #takeUp(): Promise<void> {
    const { stateFolder } = this.#options;
    if (stateFolder === null) return;
    try {
      const held = await readManifestFile(stateFolder);
      if (held === null) return;
      this.#hold(held);
      this.#written = held.message;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#logger.warn("the manifest that was kept cannot be used; the keeper sends it again", {
        reason,
      });
    }
  }

  #hold(manifest: HeldManifest): void {
    this.#held = manifest;
    this.#declared = new Map(
      manifest.manifest.entries.flatMap((entry) => {
        return entry.kind === "file" ? [[entry.path, entry]] : [];
      }),
    );
  }

  #claim(path: string): DiskPlace {
    const place = placeOf(path, this.#roots);
    this.#claims.claimTarget(path, place.target);
    return place;
  }

  /** Tells whether a file that is kept as declared has other permissions than declared. */
  #hasDrifted(path: string, info: Deno.FileInfo): boolean {
    const entry = this.#declared.get(path);
    if (entry?.strategy !== "STRICT" || info.mode === null) return false;
    if (!this.#differsInMode(info, entry.mode)) return false;
    this.#logger.info("the permissions of a file are not as declared", {
      path,
      declared: entry.mode.toString(8),
      found: (info.mode & 0o777).toString(8),
    });
    return true;
  }

  /** Tells whether permissions differ, where the device keeps any. */
  #differsInMode(info: Deno.FileInfo, mode: number): boolean {
    return info.mode !== null && !this.#modeless.has(info.dev) && (info.mode & 0o777) !== mode;
  }

  async #digestOf(target: string, info: Deno.FileInfo): Promise<Bytes> {
    return this.#cache.get(target, info) ?? await this.#hash(target, info);
  }

  async #hash(target: string, before: Deno.FileInfo): Promise<Bytes> {
    const startedMs = Date.now();
    try {
      using file = await openUnchanged(target, before);
      const hasher = await (this.#options.createHasher ?? createHasher)();
      for await (const piece of piecesOf(file)) hasher.update(piece);
      const digest = hasher.digest();
      this.#cache.set(target, { digest, before, after: file.statSync(), startedMs });
      return digest;
    } catch (error) {
      throw storageError(error, `read ${JSON.stringify(target)}`);
    }
  }
}

/** Opens a regular file that was looked at before. */
async function openUnchanged(target: string, before: Deno.FileInfo): Promise<Deno.FsFile> {
  const file = await Deno.open(target);
  const opened = file.statSync();
  if (opened.isFile && inodeKey(opened) === inodeKey(before)) return file;
  file.close();
  throw new StorageError("file-changed", `${JSON.stringify(target)} was exchanged`);
}

/** Reads a file to its end through one buffer. */
async function* piecesOf(file: Deno.FsFile): AsyncGenerator<Bytes, void, undefined> {
  const buffer = new Uint8Array(Math.min(file.statSync().size + 1, HASH_PIECE_BYTES));
  for (let length; (length = await file.read(buffer)) !== null;) {
    yield buffer.subarray(0, length);
  }
}

/** Opens and reads a file once somebody asks for its first piece. */
async function* readPieces(
  target: string,
  before: Deno.FileInfo,
): AsyncGenerator<Bytes, void, undefined> {
  try {
    using file = await openUnchanged(target, before);
    yield* piecesOf(file);
  } catch (error) {
    throw storageError(error, `read ${JSON.stringify(target)}`);
  }
}
