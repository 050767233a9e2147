/**
 * A vault that is a folder on this machine.
 *
 * Only what is below the folder is read, and no symbolic link is followed that a declaration does not
 * want followed, or that leads out: the permission system of the runtime does not stop links that do.
 *
 * @module
 */
import pLimit from "p-limit";
import {
  type Bytes,
  delay as waitFor,
  type Logger,
  type ResumePoint,
  type SecretContent,
  SILENT_LOGGER,
  StorageError,
} from "../../protocol/mod.ts";
import { DigestCache, type FileStamp, storageError } from "../../protocol/host/mod.ts";
import { GONE_AGAIN_MS, VAULT_SOURCES_IN_FLIGHT } from "../limits.ts";
import {
  type DiskFile,
  hashFile,
  type HashFileOptions,
  hashSmallFile,
  openFile,
} from "./disk_file.ts";
import { FileLooks } from "./file_looks.ts";
import type { FolderMarksStore } from "./folder_marks.ts";
import { FolderMemory } from "./folder_memory.ts";
import { type SmallFiles, smallFiles } from "./small_files.ts";
import { walkSource } from "./tree_walk.ts";
import type {
  SourceContents,
  Vault,
  VaultFile,
  VaultInspectOptions,
  VaultSource,
  VaultView,
} from "./vault.ts";
import { hasLostFiles, type Walk } from "./walk.ts";

/** The options of a {@linkcode DiskVault}. */
export interface DiskVaultOptions {
  /** Is warned once where others on the machine can look into the vault. @default {SILENT_LOGGER} */
  readonly logger?: Logger;
  /** Where it is kept which folders held files; in memory alone by default. */
  readonly marks?: FolderMarksStore;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
  /** Waits; rejects with the reason of the signal. The real clock by default. */
  readonly delay?: (durationMs: number, signal?: AbortSignal) => Promise<void>;
}

/**
 * Reads the files below a folder.
 *
 * @example
 * ```ts
 * import { DiskVault } from "@fluxvault/fluxvault/keeper";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/db.password`, "correct horse");
 * await Deno.symlink("/etc/passwd", `${folder}/leak`);
 * const vault = new DiskVault(folder); // For `new Keeper({ vault, ... })`.
 * const secret = { source: "db.password", symlinks: "refuse" } as const;
 * const leak = { source: "leak", symlinks: "copy" } as const;
 * const view = await vault.inspect([secret, leak]);
 * const [file] = view.contentsOf(secret).items;
 * console.assert(file?.kind === "file" && file.size === 13);
 * const [gap] = view.contentsOf(leak).items;
 * console.assert(gap?.kind === "gap" && gap.code === "symlink-outside");
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class DiskVault implements Vault {
  readonly #folder: string;
  readonly #logger: Logger;
  readonly #memory: FolderMemory;
  readonly #now: () => number;
  readonly #delay: (durationMs: number, signal?: AbortSignal) => Promise<void>;
  readonly #digests = new DigestCache();
  /** What each source held when it was looked at last. */
  #walks: ReadonlyMap<string, Walk> = new Map();
  #hasWarned = false;

  /** Names the folder; touches nothing yet. A link in place of the folder itself is followed. */
  constructor(folder: string, options: DiskVaultOptions = {}) {
    this.#folder = folder;
    this.#logger = options.logger ?? SILENT_LOGGER;
    this.#memory = new FolderMemory(options.marks, this.#logger);
    this.#now = options.now ?? Date.now;
    this.#delay = options.delay ?? waitFor;
  }

  /** Looks at sources; see {@linkcode Vault.inspect}. */
  async inspect(
    sources: readonly VaultSource[],
    options: VaultInspectOptions = {},
  ): Promise<VaultView> {
    const { signal } = options;
    signal?.throwIfAborted();
    const root = await this.#openRoot();
    await this.#memory.load();
    const looks = new FileLooks();
    const small = await smallFiles();
    const walks = new Map<string, Walk>();
    const inTurn = pLimit(VAULT_SOURCES_IN_FLIGHT);
    const bySource = new Map(sources.map((source) => [keyOf(source), source]));
    await allDone([...bySource].map(([key, source]) =>
      inTurn(async () => {
        signal?.throwIfAborted();
        walks.set(key, await this.#walk(source, { root, looks, small, signal }));
      })
    ));
    await this.#settle(walks);
    return new DiskVaultView(walks, looks);
  }

  async #openRoot(): Promise<string> {
    try {
      const root = await Deno.realPath(this.#folder);
      const info = await Deno.stat(root);
      if (!info.isDirectory) {
        throw new StorageError("not-a-file", `cannot read the vault: ${root} is no folder`);
      }
      this.#warnIfOpen(root, info);
      return root;
    } catch (error) {
      throw storageError(error, `read the vault ${JSON.stringify(this.#folder)}`);
    }
  }

  #warnIfOpen(root: string, info: Deno.FileInfo): void {
    if (this.#hasWarned || info.mode === null || (info.mode & 0o005) === 0) return;
    this.#hasWarned = true;
    this.#logger.warn("Everyone on this machine can look into the vault; chmod 700 stops that.", {
      vault: root,
    });
  }

  async #walk(source: VaultSource, inspection: Inspection): Promise<Walk> {
    const { root, looks, small, signal } = inspection;
    const last = this.#walks.get(keyOf(source)) ?? null;
    const walk = () =>
      walkSource(source, {
        root,
        looks,
        last,
        signal,
        digestOf: (path, stamp) => this.#digests.get(path, stamp),
        hashNow: (path, stamp) => this.#hashNow(path, { stamp, looks, small }),
        hash: (path, stamp) => this.#hash(path, { stamp, looks, signal }),
        markOf: (path) => this.#memory.markOf(path),
      });
    const found = await walk();
    if (last === null || !hasLostFiles(found, last)) return found;
    // Many a program replaces a file by taking it away first.
    await this.#delay(GONE_AGAIN_MS, signal);
    return await walk();
  }

  #hashNow(path: string, options: Parameters<typeof hashSmallFile>[1]): Bytes | null {
    const startedMs = this.#now();
    const digest = hashSmallFile(path, options);
    if (digest !== null) this.#remember(path, { digest, stamp: options.stamp, startedMs });
    return digest;
  }

  async #hash(path: string, options: HashFileOptions): Promise<Bytes> {
    const startedMs = this.#now();
    const digest = await hashFile(path, options);
    this.#remember(path, { digest, stamp: options.stamp, startedMs });
    return digest;
  }

  /** What was read to its end was the same after it as before. */
  #remember(path: string, { digest, stamp, startedMs }: {
    readonly digest: Bytes;
    readonly stamp: FileStamp;
    readonly startedMs: number;
  }): void {
    this.#digests.set(path, { digest, before: stamp, after: stamp, startedMs });
  }

  /** Keeps what was found for the next look. */
  async #settle(walks: ReadonlyMap<string, Walk>): Promise<void> {
    const before = this.#walks;
    const news = [...walks].filter(([key, walk]) => before.get(key) !== walk);
    this.#walks = walks;
    if (news.length === 0 && before.size === walks.size) return;
    const paths = new Set<string>();
    for (const { known } of walks.values()) {
      for (const item of known.values()) if (item.kind === "file") paths.add(item.path);
    }
    this.#digests.retain(paths);
    await this.#memory.note(news.map(([, walk]) => walk));
  }
}

/** What one look at the vault works with. */
interface Inspection extends VaultInspectOptions {
  readonly root: string;
  readonly looks: FileLooks;
  readonly small: SmallFiles;
}

/** What a {@linkcode DiskVault} held when it was looked at. */
class DiskVaultView implements VaultView {
  readonly #walks: ReadonlyMap<string, Walk>;
  readonly #looks: FileLooks;

  constructor(walks: ReadonlyMap<string, Walk>, looks: FileLooks) {
    this.#walks = walks;
    this.#looks = looks;
  }

  contentsOf(source: VaultSource): SourceContents {
    const walk = this.#walks.get(keyOf(source));
    if (walk === undefined) throw new RangeError("a source of the vault was not looked at");
    return walk;
  }

  async open(file: VaultFile, from: ResumePoint): Promise<SecretContent | null> {
    return isDiskFile(file) ? await openFile(file, { from, looks: this.#looks }) : null;
  }
}

function isDiskFile(file: VaultFile): file is DiskFile {
  return "path" in file && "stamp" in file;
}

/** Waits for all, and throws what the first that failed threw. */
async function allDone(work: readonly Promise<void>[]): Promise<void> {
  for (const end of await Promise.allSettled(work)) {
    if (end.status === "rejected") throw end.reason;
  }
}

function keyOf({ source, symlinks }: VaultSource): string {
  return `${symlinks}:${source}`;
}
