/**
 * A store in memory: for tests, examples, and applications that keep their secrets off every disk.
 *
 * @module
 */
import { type Bytes, copyBytes, equalBytes, joinBytes } from "./bytes.ts";
import { sha256Digest } from "./digest.ts";
import { StorageError } from "./errors.ts";
import { findPathFault } from "./secret_path.ts";
import type { HeldManifest, SecretStore, StagedFile } from "./secret_store.ts";

/** Keeps files as byte strings. */
export class MemorySecretStore implements SecretStore {
  readonly #files = new Map<string, Bytes>();
  #manifest: HeldManifest | null = null;

  /** Returns the contents of a file, or `undefined` where there is none. */
  read(path: string): Bytes | undefined {
    return this.#files.get(path);
  }

  /** Returns the paths of all files, in the order in which they first came. */
  paths(): string[] {
    return [...this.#files.keys()];
  }

  /** Returns the manifest, if it has that digest. */
  heldManifest(digest: Bytes): Promise<Bytes | null> {
    const held = this.#manifest;
    const isHeld = held !== null && equalBytes(held.message.digest, digest);
    return Promise.resolve(isHeld ? held.bytes : null);
  }

  /** Keeps a manifest in place of the one before. */
  keepManifest(manifest: HeldManifest): Promise<void> {
    this.#manifest = manifest;
    return Promise.resolve();
  }

  /** Returns the digest of a file, or `null` where there is none. */
  async inspect(path: string): Promise<Bytes | null> {
    const fault = findPathFault(path);
    if (fault !== null) throw new StorageError("path-refused", `the path ${fault}`);
    const bytes = this.#files.get(path);
    return bytes === undefined ? null : await sha256Digest(bytes);
  }

  /** Opens a file for reading, or returns `null` where there is none. */
  open(path: string): Promise<AsyncIterable<Uint8Array> | null> {
    const bytes = this.#files.get(path);
    async function* pieces(whole: Bytes): AsyncGenerator<Uint8Array, void, undefined> {
      yield await Promise.resolve(whole);
    }
    return Promise.resolve(bytes === undefined ? null : pieces(bytes));
  }

  /** Opens a place for a file that is on its way. */
  stage(path: string): Promise<StagedFile> {
    const parts: Bytes[] = [];
    return Promise.resolve({
      write: (bytes: Bytes) => {
        parts.push(copyBytes(bytes));
        return Promise.resolve();
      },
      commit: () => {
        const outcome = this.#files.has(path) ? "updated" : "created";
        this.#files.set(path, joinBytes(parts));
        return Promise.resolve(outcome);
      },
      discard: () => {
        parts.length = 0;
        return Promise.resolve();
      },
    });
  }

  /** Does nothing: memory needs no settling. */
  settle(): Promise<void> {
    return Promise.resolve();
  }
}
