/** A store in memory that keeps what came of a file when a session breaks. */
import { type Bytes, copyBytes, joinBytes } from "../../protocol/bytes.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import { createHasher } from "../../protocol/hasher.ts";
import type { FileEntry } from "../../protocol/manifest_entry.ts";
import { MemorySecretStore } from "../../protocol/memory_secret_store.ts";
import type { ResumedFile, StagedFile } from "../../protocol/secret_store.ts";

/** Keeps parts of files by their paths. */
export class PartStore extends MemorySecretStore {
  /** What came of each file. */
  readonly parts = new Map<string, Bytes>();
  /** What became of files that were on their way, in order. */
  readonly ends: string[] = [];

  override async resume({ path }: FileEntry): Promise<ResumedFile | null> {
    const part = this.parts.get(path);
    if (part === undefined) return null;
    const hasher = await createHasher();
    hasher.update(part);
    const staged = await this.#stageBehind(path, part);
    return { offset: part.length, prefix: await sha256Digest(part), hasher, staged };
  }

  override stage(path: string): Promise<StagedFile> {
    return this.#stageBehind(path, new Uint8Array(0));
  }

  async #stageBehind(path: string, part: Bytes): Promise<StagedFile> {
    const staged = await super.stage(path);
    await staged.write(part);
    const pieces = [part];
    let isOver = false;
    const end = (how: string): boolean => {
      if (isOver) return false;
      isOver = true;
      this.ends.push(`${how} ${path}`);
      return true;
    };
    return {
      write: async (bytes) => {
        pieces.push(copyBytes(bytes));
        await staged.write(bytes);
      },
      commit: async () => {
        end("commit");
        this.parts.delete(path);
        return await staged.commit();
      },
      discard: async () => {
        if (end("discard")) this.parts.delete(path);
        await staged.discard();
      },
      interrupt: async () => {
        if (end("interrupt")) this.parts.set(path, joinBytes(pieces));
        await staged.interrupt();
      },
    };
  }
}
