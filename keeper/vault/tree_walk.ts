/**
 * A walk over one source of a vault on this machine: a file, or a folder and all that is below it.
 *
 * @module
 */
import { dirname, join, sep as SEPARATOR } from "node:path";
import pLimit from "p-limit";
import {
  type Bytes,
  encodeHex,
  equalBytes,
  findPathFault,
  FluxVaultError,
} from "../../protocol/mod.ts";
import { type FileStamp, isSameStamp, storageError } from "../../protocol/host/mod.ts";
import {
  MAX_TREE_DEPTH,
  MAX_TREE_ITEMS,
  VAULT_FILES_IN_FLIGHT,
  VAULT_FOLDERS_IN_FLIGHT,
} from "../limits.ts";
import type { FileLooks } from "./file_looks.ts";
import { contradictsMark, type FolderMark, hasLostMount } from "./folder_marks.ts";
import type { VaultFaultCode, VaultSource } from "./vault.ts";
import { type DiskItem, joinWalks, type Walk } from "./walk.ts";

/** What the runtime puts into a name that is no valid UTF-8. */
const NO_CHARACTER = "\ufffd";

/** What a walk needs. */
export interface WalkOptions {
  /** The vault folder, with no link on the way to it. */
  readonly root: string;
  /** Looks at files. */
  readonly looks: FileLooks;
  /** Returns the SHA-256 of a file in a state if that is sure, `null` where it has to be hashed. */
  readonly digestOf: (path: string, stamp: FileStamp) => Bytes | null;
  /** Hashes a file at once, or says `null` where it has to be waited for; throws as `hash` rejects. */
  readonly hashNow?: (path: string, stamp: FileStamp) => Bytes | null;
  /** Hashes a file; rejects with a `StorageError` where it cannot be read. */
  readonly hash: (path: string, stamp: FileStamp) => Promise<Bytes>;
  /** What the last walk over the source found, or `null`. */
  readonly last: Walk | null;
  /** Returns what a folder was like when a keeper saw files in it before, or `null`. */
  readonly markOf: (path: string) => FolderMark | null;
  /** How many files and folders the source may hold. @default {MAX_TREE_ITEMS} */
  readonly maxItems?: number;
  /** Ends the walk; its reason is thrown as it is. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Walks over a source. What is wrong in it is a gap.
 *
 * @returns What it found; the last walk itself where that is the same.
 */
export async function walkSource(source: VaultSource, options: WalkOptions): Promise<Walk> {
  return await new TreeWalk(source, options).run();
}

/** Something that was looked at and is to be sorted in. */
interface Found {
  readonly path: string;
  readonly below: string;
  readonly info: Deno.FileInfo;
}

/** A folder that is to be listed, or the one that the source itself is in. */
interface Place {
  readonly path: string;
  readonly below: string;
  /** How many folders of the source it is in. */
  readonly depth: number;
  readonly dev: number;
  /** Its own size in bytes, which grows with the names in it. */
  readonly size: number;
  readonly isMount: boolean;
  /** The real paths of the folders that the walk went through to it, itself the last. */
  readonly trail: readonly string[];
}

class TreeWalk {
  readonly #source: VaultSource;
  readonly #options: WalkOptions;
  readonly #items: DiskItem[] = [];
  readonly #places: Place[] = [];
  /** That there is too much, once there is. */
  #overflow: FluxVaultError | null = null;
  readonly #hashing = pLimit(VAULT_FILES_IN_FLIGHT);

  constructor(source: VaultSource, options: WalkOptions) {
    this.#source = source;
    this.#options = options;
  }

  async run(): Promise<Walk> {
    try {
      await this.#begin();
      while (this.#places.length > 0 && this.#overflow === null) {
        const some = this.#places.splice(-VAULT_FOLDERS_IN_FLIGHT);
        await allDone(some.map((place) => this.#list(place)));
      }
      if (this.#overflow !== null) throw this.#overflow;
    } catch (error) {
      const fault = this.#faultIn(error);
      this.#items.length = 0;
      this.#addGap("", fault);
    }
    return joinWalks(this.#items, this.#options.last);
  }

  /** Finds the source itself. */
  async #begin(): Promise<void> {
    const { root, looks } = this.#options;
    const path = join(root, this.#source.source);
    if (this.#source.symlinks === "refuse") await this.#checkWay();
    const real = this.#source.symlinks === "refuse" ? path : await this.#follow(path);
    const [parent, info] = await looks.lookAll([dirname(real), real]);
    if (parent instanceof FluxVaultError) throw parent;
    if (info instanceof FluxVaultError) throw info;
    if (parent === undefined || info === undefined) return;
    const { dev, size } = parent;
    const place = { path: dirname(real), below: "", depth: -1, dev, size, isMount: false };
    await this.#sort([{ path: real, below: "", info }], { ...place, trail: [] });
  }

  /** Refuses links on the way to the source. */
  async #checkWay(): Promise<void> {
    const { root, looks } = this.#options;
    const segments = this.#source.source.split("/").slice(0, -1);
    const folders = segments.map((_, i) => join(root, ...segments.slice(0, i + 1)));
    for (const [i, look] of (await looks.lookAll(folders)).entries()) {
      const folder = folders[i] ?? "";
      if (look instanceof FluxVaultError) throw look;
      if (look.isSymlink) throw refusedLink(folder);
      if (!look.isDirectory) throw faultOf("not-a-file", `${quote(folder)} is no folder`);
    }
  }

  /** Follows links as long as they stay in the vault; returns where they lead. */
  async #follow(path: string): Promise<string> {
    const { root } = this.#options;
    let real: string;
    try {
      real = await Deno.realPath(path);
    } catch (error) {
      const fault = storageError(error, `follow ${quote(path)}`);
      if (fault.code !== "symlink-refused") throw fault;
      throw faultOf("symlink-loop", `${quote(path)} is a link that leads to itself`);
    }
    if (real === root) throw faultOf("symlink-loop", `${quote(path)} leads to the vault itself`);
    if (!isIn(real, root)) {
      throw faultOf("symlink-outside", `${quote(path)} leads out of the vault`);
    }
    return real;
  }

  async #list(place: Place): Promise<void> {
    const { path, below } = place;
    this.#options.signal?.throwIfAborted();
    let names: string[];
    try {
      names = await this.#options.looks.list(path, place.size);
    } catch (error) {
      const fault = storageError(error, `list ${quote(path)}`);
      // One that is gone from the folder that it was in is simply not in it.
      if (fault.code !== "file-missing" || below === "") this.#addGap(below, fault);
      return;
    }
    if (this.#isMountGone(place, names)) {
      const what = `${quote(path)} held files, and what was mounted there is gone`;
      return this.#addGap(below, faultOf("mount-missing", what));
    }
    this.#addFolder(place);
    await this.#sort(await this.#look(place, names), place);
  }

  #isMountGone(place: Place, names: readonly string[]): boolean {
    const { last, markOf } = this.#options;
    const folder = { ...place, names };
    return last === null
      ? contradictsMark(folder, markOf(place.path))
      : hasLostMount(folder, last.known);
  }

  /** Looks at what is in a folder; what is gone already is as if it had not been there. */
  async #look(place: Place, names: readonly string[]): Promise<Found[]> {
    const { looks, last } = this.#options;
    const prefix = place.below === "" ? "" : `${place.below}/`;
    const good = names.filter((name) => {
      const fault = last?.known.has(prefix + name) ? null : findPathFault(name);
      if (fault !== null) this.#addGap(prefix + name, unfitName(name, fault));
      return fault === null;
    });
    const found: Found[] = [];
    const infos = await looks.lookAll(good.map((name) => `${place.path}/${name}`));
    for (const [i, info] of infos.entries()) {
      const name = good[i] ?? "";
      const below = prefix + name;
      if (!(info instanceof FluxVaultError)) {
        found.push({ path: `${place.path}/${name}`, below, info });
      } else if (info.code !== "file-missing") this.#addGap(below, info);
      else if (name.includes(NO_CHARACTER)) {
        this.#addGap(below, unfitName(name, "is no valid UTF-8"));
      }
    }
    return found;
  }

  async #sort(found: readonly Found[], place: Place): Promise<void> {
    const hashing: Promise<void>[] = [];
    for (const each of found) {
      if (this.#overflow !== null) break;
      if (this.#options.looks.isTired) await this.#options.looks.rest();
      const target = each.info.isSymlink ? await this.#followFound(each, place) : each;
      if (target === null) continue;
      const { info, path, below } = target;
      if (info.isDirectory) this.#addPlace(target, place);
      else if (!info.isFile) {
        this.#addGap(below, faultOf("not-a-file", `${quote(path)} is no regular file`));
      } else if (!this.#addHashed(target)) hashing.push(this.#hashing(() => this.#hash(target)));
    }
    await allDone(hashing);
  }

  async #followFound({ path, below }: Found, place: Place): Promise<Found | null> {
    try {
      if (this.#source.symlinks === "refuse") throw refusedLink(path);
      const real = await this.#follow(path);
      const trail = [...place.trail, place.path];
      if (trail.some((folder) => folder === real || isIn(folder, real))) {
        throw faultOf("symlink-loop", `${quote(path)} leads back to a folder that it is in`);
      }
      const [info] = await this.#options.looks.lookAll([real]);
      if (info === undefined || info instanceof FluxVaultError) throw info;
      return { path: real, below, info };
    } catch (error) {
      this.#addGap(below, this.#faultIn(error));
      return null;
    }
  }

  #addPlace({ path, below, info }: Found, parent: Place): void {
    const depth = parent.depth + 1;
    if (depth > MAX_TREE_DEPTH) {
      const what = `${quote(path)} is more than ${MAX_TREE_DEPTH} folders deep`;
      return this.#addGap(below, faultOf("too-deep", what));
    }
    const trail = this.#source.symlinks === "refuse" ? [] : [...parent.trail, path];
    const isMount = info.dev !== parent.dev;
    const { dev, size } = info;
    this.#places.push({ path, below, depth, dev, size, isMount, trail });
  }

  #addFolder({ path, below, dev, isMount }: Place): void {
    const last = this.#options.last?.known.get(below);
    const isSame = last?.kind === "folder" && last.path === path && last.dev === dev &&
      last.isMount === isMount;
    this.#add(isSame ? last : { kind: "folder", below, path, dev, isMount });
  }

  /** Adds a file whose contents are known, or soon read; `false` where they have to be waited for. */
  #addHashed(found: Found): boolean {
    const { digestOf, hashNow } = this.#options;
    const { path, info } = found;
    try {
      const digest = digestOf(path, info) ?? hashNow?.(path, info) ?? null;
      if (digest === null) return false;
      this.#addFile(found, digest);
    } catch (error) {
      this.#addUnread(found, error);
    }
    return true;
  }

  async #hash(found: Found): Promise<void> {
    try {
      this.#addFile(found, await this.#options.hash(found.path, stampOf(found.info)));
    } catch (error) {
      this.#addUnread(found, error);
    }
  }

  /** One that is gone meanwhile is simply not there. */
  #addUnread({ below }: Found, error: unknown): void {
    const fault = this.#faultIn(error);
    if (fault.code !== "file-missing" || below === "") this.#addGap(below, fault);
  }

  #addFile({ path, below, info }: Found, sha256: Bytes): void {
    const isProgram = ((info.mode ?? 0) & 0o100) !== 0;
    const last = this.#options.last?.known.get(below);
    if (
      last?.kind === "file" && last.path === path && last.isProgram === isProgram &&
      isSameStamp(last.stamp, info) && equalDigests(last.sha256, sha256)
    ) return this.#add(last);
    const stamp = stampOf(info);
    const digest = encodeHex(sha256);
    this.#add({ kind: "file", below, digest, size: stamp.size, isProgram, path, stamp, sha256 });
  }

  #addGap(below: string, { code, message }: FluxVaultError): void {
    this.#items.push({
      kind: "gap",
      below,
      code: code as VaultFaultCode,
      reason: message,
    });
  }

  #add(item: DiskItem): void {
    const { maxItems = MAX_TREE_ITEMS } = this.#options;
    this.#items.push(item);
    if (this.#items.length <= maxItems || this.#overflow !== null) return;
    const what = `${quote(this.#source.source)} holds more than ${maxItems} files and folders`;
    this.#overflow = faultOf("too-many-files", what);
  }

  /** Returns what went wrong with a source; throws what did not. */
  #faultIn(error: unknown): FluxVaultError {
    this.#options.signal?.throwIfAborted();
    if (error instanceof FluxVaultError) return error;
    throw error;
  }
}

/** Waits for all, and throws what the first that failed threw. */
async function allDone(work: readonly Promise<void>[]): Promise<void> {
  for (const end of await Promise.allSettled(work)) {
    if (end.status === "rejected") throw end.reason;
  }
}

/** Makes an error that becomes a gap. */
function faultOf(code: VaultFaultCode, reason: string): FluxVaultError {
  return new FluxVaultError(code, reason);
}

function refusedLink(path: string): FluxVaultError {
  return faultOf("symlink-refused", `${quote(path)} is a symbolic link`);
}

/** Keeps of what the system says of a file what tells its states apart. */
function stampOf({ dev, ino, size, mtime, ctime }: Deno.FileInfo): FileStamp {
  return { dev, ino, size, mtime, ctime };
}

function equalDigests(a: Bytes, b: Bytes): boolean {
  return a === b || equalBytes(a, b);
}

function unfitName(name: string, fault: string): FluxVaultError {
  return faultOf("path-refused", `${quote(name)} cannot be delivered: its name ${fault}`);
}

function isIn(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith(SEPARATOR) ? folder : folder + SEPARATOR);
}

function quote(path: string): string {
  return JSON.stringify(path);
}
