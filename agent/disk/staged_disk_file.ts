/**
 * A file on its way: beside its target under a name of its own, until it is whole and verified.
 *
 * @module
 */
import { join } from "node:path";
import {
  type Bytes,
  encodeHex,
  randomBytes,
  STAGE_PREFIX,
  StorageError,
} from "../../protocol/mod.ts";
import { storageError } from "../../protocol/host/mod.ts";

/** How a staged file is put in place. */
export interface StagePlan {
  /** The folder of the file, which is there. */
  readonly folder: string;
  /** Where it is to go, in the same folder. */
  readonly target: string;
  /** Its permission bits. */
  readonly mode: number;
  /** Checks the way again, right before the file is put in place; throws where it may not be. */
  readonly check: () => Promise<void>;
}

/** Makes a name for a staged file. */
export function stageName(): string {
  return STAGE_PREFIX + encodeHex(randomBytes(12));
}

/** Holds the file open until it is put in place or forgotten. */
export class StagedDiskFile {
  readonly #plan: StagePlan;
  readonly #path: string;
  #file: Deno.FsFile | null;

  private constructor(
    plan: StagePlan,
    opened: { readonly path: string; readonly file: Deno.FsFile },
  ) {
    this.#plan = plan;
    this.#path = opened.path;
    this.#file = opened.file;
  }

  /**
   * Makes an empty file with the declared permissions, so that it never has any others.
   *
   * @throws {StorageError}
   */
  static async create(plan: StagePlan): Promise<StagedDiskFile> {
    const path = join(plan.folder, stageName());
    try {
      const file = await Deno.open(path, { write: true, createNew: true, mode: plan.mode });
      const staged = new StagedDiskFile(plan, { path, file });
      try {
        await staged.#fixMode();
        return staged;
      } catch (error) {
        await staged.discard();
        throw error;
      }
    } catch (error) {
      throw storageError(error, `stage ${JSON.stringify(plan.target)}`);
    }
  }

  /** The umask of the process cuts bits off what was asked for; they are set again. */
  async #fixMode(): Promise<void> {
    if (Deno.build.os === "windows" || this.#file === null) return;
    const info = this.#file.statSync();
    if (info.mode !== null && (info.mode & 0o777) !== this.#plan.mode) {
      await Deno.chmod(this.#path, this.#plan.mode);
    }
  }

  /** Appends bytes. */
  async write(bytes: Bytes): Promise<void> {
    try {
      const file = this.#open();
      for (let offset = 0; offset < bytes.length;) {
        offset += await file.write(offset === 0 ? bytes : bytes.subarray(offset));
      }
    } catch (error) {
      throw storageError(error, `write ${JSON.stringify(this.#plan.target)}`);
    }
  }

  /**
   * Puts the file in place at once.
   *
   * @returns What is known of it there.
   */
  async commit(): Promise<Deno.FileInfo> {
    try {
      const file = this.#open();
      await file.sync();
      const info = file.statSync();
      await this.#plan.check();
      await Deno.rename(this.#path, this.#plan.target);
      this.#close();
      return info;
    } catch (error) {
      throw storageError(error, `put ${JSON.stringify(this.#plan.target)} in place`);
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

  #open(): Deno.FsFile {
    if (this.#file !== null) return this.#file;
    throw new StorageError("io-failed", "a staged file was used after its end");
  }

  #close(): void {
    this.#file?.close();
    this.#file = null;
  }
}
