/**
 * A store in memory: for tests, examples, and applications that keep their secrets off every disk.
 *
 * @module
 */
import { type Bytes, copyBytes, joinBytes } from "./bytes.ts";
import { sha256Digest } from "./digest.ts";
import { StorageError } from "./errors.ts";
import type { FileEntry } from "./manifest_entry.ts";
import { MemoryFiles } from "./memory_files.ts";
import { type MemoryDeclaration, surveyMemory } from "./memory_survey.ts";
import type { FileResult } from "./results.ts";
import { findPathFault } from "./secret_path.ts";
import type { HeldManifest, ResumedFile, SecretStore, StagedFile } from "./secret_store.ts";
import type { LocalStep, Survey, WantedState } from "./survey.ts";

/**
 * Keeps files as byte strings, and folders as names.
 *
 * Memory has no owners, modes and mounts: what is declared of them holds at once. Sets that belong
 * together are exchanged file by file, and leases do not end.
 *
 * @example
 * ```ts
 * import { MemorySecretStore } from "@fluxvault/fluxvault/protocol";
 *
 * const store = new MemorySecretStore();
 * console.assert(store.read("db.password") === undefined); // Nobody has delivered anything.
 * ```
 */
export class MemorySecretStore implements SecretStore {
  readonly #files = new MemoryFiles();
  /** For whom what is in place was put there; what is not in it was put there by nobody. */
  readonly #declared = new Map<string, MemoryDeclaration>();
  /** What the manifest declares, whether it is in place or not. */
  #declaring: ReadonlyMap<string, MemoryDeclaration> = new Map();
  #manifest: HeldManifest | null = null;

  /** Returns the contents of a file, or `undefined` where there is none. */
  read(path: string): Bytes | undefined {
    return this.#files.read(path);
  }

  /** Returns the paths of all files, in the order in which they first came. */
  paths(): string[] {
    return [...this.#files.files];
  }

  /** Returns the paths of the folders that manifests declared. */
  folders(): string[] {
    return [...this.#files.folders];
  }

  /** Returns the manifest that was kept last. */
  heldManifest(): Promise<HeldManifest | null> {
    return Promise.resolve(this.#manifest);
  }

  /** Compares; see {@linkcode SecretStore.survey}. */
  async survey(wanted: WantedState): Promise<Survey> {
    const state = { files: this.#files, declared: this.#declared };
    return { steps: await surveyMemory(wanted, state) };
  }

  /** Keeps a manifest in place of the one before. */
  keepManifest(held: HeldManifest): Promise<void> {
    const declaring = new Map<string, MemoryDeclaration>();
    this.#manifest = held;
    this.#declaring = declaring;
    for (const entry of held.manifest.entries) {
      if (entry.kind === "keep") continue;
      const { kind, path, strategy } = entry;
      declaring.set(path, { by: held.declaredBy, isOnce: strategy === "ENSURE_CREATED" });
      if (kind === "file" && this.#files.read(path) !== undefined) this.#note(path);
      if (kind !== "folder" || !this.#files.isFolder(path)) continue;
      // It stays a folder when nothing is left in it.
      this.#files.makeFolder(path);
      this.#note(path);
    }
    return Promise.resolve();
  }

  /** Does what needs nothing from the keeper. */
  perform(step: LocalStep): Promise<void> {
    return promiseOf(() => {
      if (step.kind === "make") {
        this.#files.makeFolder(step.entry.path);
        this.#note(step.entry.path);
      } else if (step.kind === "remove") {
        for (const path of this.#files.remove(step.path)) this.#declared.delete(path);
      }
    });
  }

  /** Returns the digest of a file, or `null` where there is none. */
  async inspect(path: string): Promise<Bytes | null> {
    const fault = findPathFault(path);
    if (fault !== null) throw new StorageError("path-refused", `the path ${fault}`);
    const bytes = this.#files.read(path);
    return bytes === undefined ? null : await sha256Digest(bytes);
  }

  /** Opens a file for reading, or returns `null` where there is none. */
  open(path: string): Promise<AsyncIterable<Uint8Array> | null> {
    const bytes = this.#files.read(path);
    async function* pieces(whole: Bytes): AsyncGenerator<Uint8Array, void, undefined> {
      yield await Promise.resolve(whole);
    }
    return Promise.resolve(bytes === undefined ? null : pieces(bytes));
  }

  /** Has no parts of files: what is interrupted is forgotten. */
  resume(_entry: FileEntry): Promise<ResumedFile | null> {
    return Promise.resolve(null);
  }

  /** Opens a place for a file that is on its way. */
  stage(path: string): Promise<StagedFile> {
    const parts: Bytes[] = [];
    const discard = () => {
      parts.length = 0;
      return Promise.resolve();
    };
    return Promise.resolve({
      write: (bytes: Bytes) => {
        parts.push(copyBytes(bytes));
        return Promise.resolve();
      },
      commit: () =>
        promiseOf(() => {
          const outcome = this.#files.read(path) === undefined ? "created" : "updated";
          this.#files.write(path, joinBytes(parts));
          this.#note(path);
          return outcome;
        }),
      discard,
      interrupt: discard,
    });
  }

  /** Remembers for whom something is in place. */
  #note(path: string): void {
    const declaration = this.#declaring.get(path);
    if (declaration !== undefined) this.#declared.set(path, declaration);
  }

  /** Does nothing: memory needs no settling. */
  settle(): Promise<readonly FileResult[]> {
    return Promise.resolve([]);
  }
}

/** Does something at once; what it throws is a rejection. */
function promiseOf<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => resolve(work()));
}
