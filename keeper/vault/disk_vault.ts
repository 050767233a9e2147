/**
 * A vault that is a folder on this machine.
 *
 * Only regular files below the folder are read, and no symbolic link on the way to them is followed:
 * the permission system of the runtime does not stop links that lead out of a folder.
 *
 * @module
 */
import { join } from "node:path";
import {
  type Bytes,
  encodeHex,
  equalBytes,
  type FileEntry,
  type Logger,
  type ResumePoint,
  type SecretContent,
  SILENT_LOGGER,
  StorageError,
} from "../../protocol/mod.ts";
import {
  createNodeHasher,
  DigestCache,
  type FileStamp,
  isSameStamp,
  storageError,
} from "../../protocol/host/mod.ts";
import { READ_BUFFER_BYTES, VAULT_FILES_IN_FLIGHT } from "../limits.ts";
import type { ManagedFile } from "./managed_files.ts";
import type { Vault, VaultFault, VaultInspectOptions, VaultView } from "./vault.ts";

/** The options of a {@linkcode DiskVault}. */
export interface DiskVaultOptions {
  /** Is warned once where others on the machine can look into the vault. @default {SILENT_LOGGER} */
  readonly logger?: Logger;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
}

/** A file that was found, and what it held. */
interface FoundFile {
  readonly path: string;
  readonly stamp: FileStamp;
  readonly entry: FileEntry;
}

/** Reads the files below a folder. */
export class DiskVault implements Vault {
  readonly #folder: string;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #digests = new DigestCache();
  #hasWarned = false;

  /** Names the folder; touches nothing yet. A link in place of the folder itself is followed. */
  constructor(folder: string, options: DiskVaultOptions = {}) {
    this.#folder = folder;
    this.#logger = options.logger ?? SILENT_LOGGER;
    this.#now = options.now ?? Date.now;
  }

  /** Looks at files; see {@linkcode Vault.inspect}. */
  async inspect(
    files: readonly ManagedFile[],
    options: VaultInspectOptions = {},
  ): Promise<VaultView> {
    const root = await this.#openRoot();
    const found = new Map<string, FoundFile>();
    const faults: VaultFault[] = [];
    const folders = new Map<string, Promise<void>>();
    const queue = [...files].reverse();
    const work = async (): Promise<void> => {
      for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
        options.signal?.throwIfAborted();
        try {
          found.set(file.remote, await this.#look(file, { root, folders, ...options }));
        } catch (error) {
          if (!(error instanceof StorageError)) throw error;
          faults.push({ file, code: error.code });
        }
      }
    };
    await Promise.all(Array.from({ length: VAULT_FILES_IN_FLIGHT }, work));
    this.#digests.retain(new Set([...found.values()].map(({ path }) => path)));
    return new DiskVaultView(found, faults);
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

  async #look(
    file: ManagedFile,
    options: VaultInspectOptions & {
      readonly root: string;
      readonly folders: Map<string, Promise<void>>;
    },
  ): Promise<FoundFile> {
    const { root, folders, signal } = options;
    const segments = file.local.split("/");
    let folder = root;
    for (const segment of segments.slice(0, -1)) {
      folder = join(folder, segment);
      const checked = folders.get(folder) ?? checkFolder(folder);
      folders.set(folder, checked);
      await checked;
    }
    const path = join(folder, segments.at(-1) ?? "");
    const info = await lookAt(path);
    if (info.isSymlink) throw refusedLink(path);
    if (!info.isFile) throw new StorageError("not-a-file", `${quote(path)} is no regular file`);
    const stamp: FileStamp = info;
    const digest = this.#digests.get(path, stamp) ?? await this.#hash(path, { stamp, signal });
    const mode = ((info.mode ?? 0) & 0o100) === 0 ? 0o600 : 0o700;
    const entry = {
      kind: "file",
      path: file.remote,
      digest: encodeHex(digest),
      size: stamp.size,
      mode,
      strategy: "STRICT",
    } as const;
    return { path, stamp, entry };
  }

  async #hash(
    path: string,
    { stamp, signal }: { readonly stamp: FileStamp; readonly signal: AbortSignal | undefined },
  ): Promise<Bytes> {
    const startedMs = this.#now();
    try {
      using file = await openUnchanged(path, stamp);
      const hasher = await createNodeHasher();
      for await (const piece of readPieces(file, { path, stamp })) {
        signal?.throwIfAborted();
        hasher.update(piece);
      }
      const digest = hasher.digest();
      // What was read to its end was the same after it as before.
      this.#digests.set(path, { digest, before: stamp, after: stamp, startedMs });
      return digest;
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw storageError(error, `read ${quote(path)}`);
    }
  }
}

/** What a {@linkcode DiskVault} held when it was looked at. */
class DiskVaultView implements VaultView {
  readonly entries: readonly FileEntry[];
  readonly missing: ReadonlySet<string>;
  readonly faults: readonly VaultFault[];
  readonly #found: ReadonlyMap<string, FoundFile>;

  constructor(found: ReadonlyMap<string, FoundFile>, faults: readonly VaultFault[]) {
    this.#found = found;
    this.entries = [...found.values()].map(({ entry }) => entry);
    this.faults = faults;
    this.missing = new Set(faults.map(({ file }) => file.remote));
  }

  async open(entry: FileEntry, from: ResumePoint): Promise<SecretContent | null> {
    const found = this.#found.get(entry.path);
    if (found === undefined || found.entry.digest !== entry.digest) return null;
    const { path, stamp } = found;
    try {
      using file = await openUnchanged(path, stamp);
      const offset = await hasPrefix(file, { path, stamp, from }) ? from.offset : 0;
      // What fits one piece is read now: to open a file costs more than to read it.
      const isSmall = from.prefix === null && stamp.size <= READ_BUFFER_BYTES;
      const opened = { path, stamp, offset };
      return { offset, chunks: isSmall ? await readNow(file, opened) : contentsOf(opened) };
    } catch (error) {
      const refusal = storageError(error, `read ${quote(path)}`);
      if (refusal.code === "file-changed" || refusal.code === "file-missing") return null;
      throw refusal;
    }
  }
}

interface OpenedFile {
  readonly path: string;
  readonly stamp: FileStamp;
  readonly offset?: number;
}

/**
 * Yields what is left of a file; each piece is used up before the next is read.
 *
 * It opens the file itself, so that contents which nobody comes to read hold nothing open.
 */
async function* contentsOf(opened: OpenedFile): AsyncGenerator<Uint8Array> {
  const { path, stamp, offset = 0 } = opened;
  try {
    using file = await openUnchanged(path, stamp);
    if (offset > 0) await file.seek(offset, Deno.SeekMode.Start);
    yield* readPieces(file, opened);
  } catch (error) {
    throw storageError(error, `read ${quote(path)}`);
  }
}

/** Reads a small file to its end and returns what will yield it. */
async function readNow(
  file: Deno.FsFile,
  opened: OpenedFile,
): Promise<AsyncGenerator<Uint8Array>> {
  const pieces: Uint8Array[] = [];
  for await (const piece of readPieces(file, opened)) pieces.push(piece.slice());
  return async function* () {
    yield* pieces;
  }();
}

/** Reads a file from where it stands to its end, through one buffer, and checks that it lasted. */
async function* readPieces(file: Deno.FsFile, opened: OpenedFile): AsyncGenerator<Uint8Array> {
  const { path, stamp, offset = 0 } = opened;
  let left = stamp.size - offset;
  const buffer = new Uint8Array(Math.min(left, READ_BUFFER_BYTES));
  while (left > 0) {
    const length = await file.read(left < buffer.length ? buffer.subarray(0, left) : buffer);
    if (length === null) throw changed(path);
    left -= length;
    // The check comes before the last piece, which alone makes the file whole at the other end.
    if (left === 0 && !isSameStamp(file.statSync(), stamp)) throw changed(path);
    yield buffer.subarray(0, length);
  }
}

async function hasPrefix(
  file: Deno.FsFile,
  { path, stamp, from }: OpenedFile & { readonly from: ResumePoint },
): Promise<boolean> {
  if (from.prefix === null || from.offset === 0 || from.offset > stamp.size) return false;
  const hasher = await createNodeHasher();
  const buffer: Bytes = new Uint8Array(Math.min(from.offset, READ_BUFFER_BYTES));
  for (let left = from.offset; left > 0;) {
    const length = await file.read(left < buffer.length ? buffer.subarray(0, left) : buffer);
    if (length === null) throw changed(path);
    hasher.update(buffer.subarray(0, length));
    left -= length;
  }
  return equalBytes(hasher.digest(), from.prefix);
}

/**
 * Opens a file that was looked at before; one that took its place meanwhile is a change.
 *
 * What an open file is like the system knows by heart: to ask for it at once is ten times as cheap.
 */
async function openUnchanged(path: string, stamp: FileStamp): Promise<Deno.FsFile> {
  const file = await Deno.open(path, { read: true });
  try {
    if (isSameStamp(file.statSync(), stamp)) return file;
  } catch (error) {
    file.close();
    throw error;
  }
  file.close();
  throw changed(path);
}

async function checkFolder(path: string): Promise<void> {
  const info = await lookAt(path);
  if (info.isSymlink) throw refusedLink(path);
  if (!info.isDirectory) throw new StorageError("not-a-file", `${quote(path)} is no folder`);
}

async function lookAt(path: string): Promise<Deno.FileInfo> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    throw storageError(error, `read ${quote(path)}`);
  }
}

function changed(path: string): StorageError {
  return new StorageError("file-changed", `${quote(path)} changed while it was read`);
}

function refusedLink(path: string): StorageError {
  return new StorageError("symlink-refused", `${quote(path)} is a symbolic link`, {
    hint: "Put the file itself into the vault.",
  });
}

function quote(path: string): string {
  return JSON.stringify(path);
}
