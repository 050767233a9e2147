/**
 * A file that is written over where it is, as a mount of a single file asks for: it cannot be replaced.
 *
 * Whoever reads it meanwhile sees a part of each, and a machine that stops then leaves it so. What can
 * be done is done: nothing is written before all of it is here and verified, and what needs further
 * room is written first, so that a full disk leaves the file as it was.
 *
 * @module
 */
import { type Bytes, type Ownership, StorageError } from "../../../protocol/mod.ts";
import { storageError } from "../../../protocol/host/mod.ts";
import { HASH_PIECE_BYTES, MAX_IN_MEMORY_BYTES } from "../../limits.ts";
import { openUnchanged } from "./file_digests.ts";
import { setOwnership } from "./ownership.ts";
import { StagedDiskFile } from "./staged_disk_file.ts";

/** How a file is written over. */
export interface InPlacePlan {
  /** The folder in which a file waits that is too large for memory. */
  readonly folder: string;
  /** The file, which is there. */
  readonly target: string;
  /** Its length in bytes, or `null` where it is not known. */
  readonly size: number | null;
  /** Its mode, and its owner where one is declared. */
  readonly ownership: Ownership;
  /** Looks at the file again, right before it is written; throws where it may not be. */
  readonly look: () => Deno.FileInfo;
}

/** What waits to be written. */
interface Waiting {
  readonly length: number;
  write(bytes: Bytes): Promise<void>;
  /** Reads from an offset on. */
  read(offset: number, length: number): Promise<Bytes>;
  discard(): Promise<void>;
}

/** Holds contents until they are written over what is there. */
export class InPlaceFile {
  readonly #plan: InPlacePlan;
  readonly #waiting: Waiting;

  private constructor(plan: InPlacePlan, waiting: Waiting) {
    this.#plan = plan;
    this.#waiting = waiting;
  }

  /**
   * Takes a small file in memory, where no other file need be made, and any other beside its place.
   *
   * @throws {StorageError}
   */
  static async create(plan: InPlacePlan): Promise<InPlaceFile> {
    const isSmall = plan.size !== null && plan.size <= MAX_IN_MEMORY_BYTES;
    return new InPlaceFile(plan, isSmall ? new InMemory() : await OnDisk.create(plan));
  }

  /** Appends bytes. */
  write(bytes: Bytes): Promise<void> {
    return this.#waiting.write(bytes);
  }

  /**
   * Writes all of it over what is there.
   *
   * @returns What is known of the file now.
   * @throws {StorageError}
   */
  async commit(): Promise<Deno.FileInfo> {
    const { target, ownership, look } = this.#plan;
    try {
      const before = look();
      if (before.nlink !== null && before.nlink > 1) {
        throw new StorageError("not-a-file", `${JSON.stringify(target)} has several names`);
      }
      using file = await openUnchanged(target, before);
      await setOwnership(target, { before, wanted: ownership });
      await this.#writeOver(file, before.size);
      await file.sync();
      const info = file.statSync();
      await this.#waiting.discard();
      return info;
    } catch (error) {
      throw storageError(error, `write over ${JSON.stringify(target)}`);
    }
  }

  /** Forgets the contents; never rejects. */
  discard(): Promise<void> {
    return this.#waiting.discard();
  }

  async #writeOver(file: Deno.FsFile, sizeBefore: number): Promise<void> {
    const { length } = this.#waiting;
    try {
      await this.#writeRange(file, { from: sizeBefore, to: length });
    } catch (error) {
      await file.truncate(sizeBefore);
      throw error;
    }
    await this.#writeRange(file, { from: 0, to: Math.min(sizeBefore, length) });
    await file.truncate(length);
  }

  async #writeRange(
    file: Deno.FsFile,
    { from, to }: { readonly from: number; readonly to: number },
  ): Promise<void> {
    if (from >= to) return;
    await file.seek(from, Deno.SeekMode.Start);
    for (let offset = from; offset < to;) {
      const bytes = await this.#waiting.read(offset, Math.min(HASH_PIECE_BYTES, to - offset));
      if (bytes.length === 0) throw new StorageError("io-failed", "a staged file became shorter");
      for (let written = 0; written < bytes.length;) {
        written += await file.write(bytes.subarray(written));
      }
      offset += bytes.length;
    }
    // Some file systems find out that there is no room only when they write it down.
    await file.sync();
  }
}

class InMemory implements Waiting {
  readonly #pieces: Bytes[] = [];
  #whole: Bytes | null = null;
  length = 0;

  write(bytes: Bytes): Promise<void> {
    this.#pieces.push(bytes.slice());
    this.length += bytes.length;
    return Promise.resolve();
  }

  read(offset: number, length: number): Promise<Bytes> {
    this.#whole ??= this.#join();
    return Promise.resolve(this.#whole.subarray(offset, offset + length));
  }

  discard(): Promise<void> {
    this.#pieces.length = 0;
    this.#whole = null;
    return Promise.resolve();
  }

  #join(): Bytes {
    const whole = new Uint8Array(this.length);
    let offset = 0;
    for (const piece of this.#pieces) {
      whole.set(piece, offset);
      offset += piece.length;
    }
    return whole;
  }
}

class OnDisk implements Waiting {
  readonly #staged: StagedDiskFile;
  length = 0;

  private constructor(staged: StagedDiskFile) {
    this.#staged = staged;
  }

  static async create({ folder, target }: InPlacePlan): Promise<OnDisk> {
    const ownership = { mode: 0o600 };
    return new OnDisk(
      await StagedDiskFile.create({ folder, target, ownership, check: () => {} }),
    );
  }

  async write(bytes: Bytes): Promise<void> {
    await this.#staged.write(bytes);
    this.length += bytes.length;
  }

  read(offset: number, length: number): Promise<Bytes> {
    return this.#staged.read(offset, length);
  }

  discard(): Promise<void> {
    return this.#staged.discard();
  }
}
