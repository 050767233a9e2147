/**
 * A file on its way: beside its target under a name of its own, until it is whole and verified.
 *
 * @module
 */
import { type Bytes, limits, type Ownership, StorageError } from "../../../protocol/mod.ts";
import { errnoOf, join, storageError } from "../../../protocol/host/mod.ts";
import { mountError } from "./removal.ts";
import { differsInOwner, setOwnership } from "./ownership.ts";
import { stageName } from "./stage_name.ts";

/** How a staged file is put in place. */
export interface StagePlan {
  /** The folder in which it waits, on the file system of its target. */
  readonly folder: string;
  /** Where it is to go. */
  readonly target: string;
  /** Its mode, and its owner where one is declared. */
  readonly ownership: Ownership;
  /** Its name until then where what came of it is kept for the rest; one of its own by default. */
  readonly partName?: string | null;
  /** Checks the way again, right before the file is put in place; throws where it may not be. */
  readonly check: () => void;
}

interface OpenedFile {
  readonly path: string;
  readonly file: Deno.FsFile;
  readonly size: number;
}

const OWNER_READS_AND_WRITES = 0o600;

/** The options of {@linkcode StagedDiskFile.create}. */
export interface CreateOptions {
  /**
   * Whether it is short enough to be written at once: to wait in turn for each call takes longer than
   * the call. It is synced in turn all the same.
   *
   * @default {false}
   */
  readonly isSmall?: boolean;
}

/** Holds the file open until it is put in place or forgotten. */
export class StagedDiskFile {
  readonly #plan: StagePlan;
  readonly #path: string;
  #file: Deno.FsFile | null;
  #size: number;
  readonly #isSmall: boolean;
  /** Whether the mode was only asked for and not looked at yet. */
  #isModeDue = false;

  private constructor(plan: StagePlan, opened: OpenedFile, isSmall: boolean) {
    this.#plan = plan;
    this.#isSmall = isSmall;
    this.#path = opened.path;
    this.#file = opened.file;
    this.#size = opened.size;
  }

  /**
   * Makes an empty file with the declared mode and owner, so that it never has any others.
   *
   * @throws {StorageError}
   */
  static async create(
    plan: StagePlan,
    { isSmall = false }: CreateOptions = {},
  ): Promise<StagedDiskFile> {
    const { folder, partName = null, ownership: { mode } } = plan;
    const path = join(folder, partName ?? stageName());
    // Through other bits the file could not be opened again to set them.
    const isPlain = (mode & OWNER_READS_AND_WRITES) === OWNER_READS_AND_WRITES;
    try {
      if (partName !== null) await removeLeftOver(path);
      const options: Deno.OpenOptions = {
        read: true,
        write: true,
        createNew: true,
        mode: isPlain && plan.ownership.uid === undefined && plan.ownership.gid === undefined
          ? mode
          : OWNER_READS_AND_WRITES,
      };
      const file = isSmall ? Deno.openSync(path, options) : await Deno.open(path, options);
      const staged = new StagedDiskFile(plan, { path, file, size: 0 }, isSmall);
      const { uid, gid } = plan.ownership;
      // Of a small file that is its own the mode is looked at when it is whole.
      staged.#isModeDue = isSmall && isPlain && uid === undefined && gid === undefined;
      if (staged.#isModeDue) return staged;
      try {
        await staged.#setOwnership();
        return staged;
      } catch (error) {
        await staged.discard();
        throw error;
      }
    } catch (error) {
      throw storageError(error, `stage ${JSON.stringify(plan.target)}`);
    }
  }

  /**
   * Goes on with a file of which a part came before.
   *
   * @throws {StorageError} and closes the file.
   */
  static async resume(plan: StagePlan, opened: OpenedFile): Promise<StagedDiskFile> {
    const staged = new StagedDiskFile(plan, opened, false);
    try {
      await staged.#setOwnership();
      return staged;
    } catch (error) {
      await staged.interrupt();
      throw error;
    }
  }

  /**
   * The umask of the process cuts bits off what was asked for, and the owner is the agent.
   *
   * @returns What is known of the file then.
   */
  async #setOwnership(): Promise<Deno.FileInfo> {
    const { ownership } = this.#plan;
    const file = this.#open();
    const before = file.statSync();
    if (Deno.build.os === "windows") return before;
    const isRight = ((before.mode ?? 0) & 0o777) === ownership.mode;
    if (isRight && !differsInOwner(before, ownership)) return before;
    await setOwnership(this.#path, { before, wanted: ownership });
    return file.statSync();
  }

  /** Appends bytes. */
  async write(bytes: Bytes): Promise<void> {
    try {
      const file = this.#open();
      for (let offset = 0; offset < bytes.length;) {
        const rest = offset === 0 ? bytes : bytes.subarray(offset);
        offset += this.#isSmall ? file.writeSync(rest) : await file.write(rest);
      }
      this.#size += bytes.length;
    } catch (error) {
      throw storageError(error, `write ${JSON.stringify(this.#plan.target)}`);
    }
  }

  /**
   * Reads some of what was written; nothing can be appended after it.
   *
   * @throws {StorageError}
   */
  async read(offset: number, length: number): Promise<Bytes> {
    try {
      const file = this.#open();
      await file.seek(offset, Deno.SeekMode.Start);
      const buffer = new Uint8Array(length);
      return buffer.subarray(0, await file.read(buffer) ?? 0);
    } catch (error) {
      throw storageError(error, `read ${JSON.stringify(this.#path)}`);
    }
  }

  /**
   * Puts the file in place at once.
   *
   * @returns What is known of it there.
   * @throws {StorageError}
   */
  async commit(): Promise<Deno.FileInfo> {
    const { target } = this.#plan;
    try {
      const file = this.#open();
      const known = this.#isModeDue ? await this.#setOwnership() : null;
      await file.sync();
      const info = known ?? file.statSync();
      this.#plan.check();
      if (this.#isSmall) Deno.renameSync(this.#path, target);
      else await Deno.rename(this.#path, target);
      this.#close();
      return info;
    } catch (error) {
      if (errnoOf(error) === "EBUSY") throw mountError(target, error);
      throw storageError(error, `put ${JSON.stringify(target)} in place`);
    }
  }

  /** Removes the file; never rejects. */
  async discard(): Promise<void> {
    if (this.#file === null) return;
    this.#close();
    try {
      await Deno.remove(this.#path);
    } catch {
      // Somebody removed it, or its folder; the sweep at the next start finds what is left.
    }
  }

  /**
   * Gives up for now: what came is kept where it is worth it; never rejects.
   *
   * @returns Where it is kept, or `null`.
   */
  async interrupt(): Promise<string | null> {
    const { partName = null } = this.#plan;
    const isKept = partName !== null && this.#size >= limits.MIN_RESUMED_BYTES;
    if (!isKept) return await this.discard().then(() => null);
    if (this.#file === null) return null;
    this.#close();
    return this.#path;
  }

  #open(): Deno.FsFile {
    if (this.#file !== null) return this.#file;
    throw new StorageError("io-failed", "a staged file was used after its end");
  }

  #close(): void {
    this.#file?.close();
    this.#file = null;
  }
}

async function removeLeftOver(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
