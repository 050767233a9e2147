/**
 * A store in memory: for tests, examples, and applications that keep their secrets off every disk.
 *
 * @module
 */
import { type Bytes, copyBytes, encodeHex, joinBytes } from "./bytes.ts";
import { sha256Digest } from "./digest.ts";
import { StorageError } from "./errors.ts";
import type { FileEntry, FolderEntry, ManifestEntry } from "./manifest_entry.ts";
import type { FileResult } from "./results.ts";
import { findPathFault } from "./secret_path.ts";
import type { HeldManifest, ResumedFile, SecretStore, StagedFile } from "./secret_store.ts";
import type { LocalStep, Step, Survey, WantedState } from "./survey.ts";

/**
 * Keeps files as byte strings, and folders as names.
 *
 * Memory has no owners, modes and mounts: what is declared of them holds at once. Sets that belong
 * together are exchanged file by file, and leases do not end.
 */
export class MemorySecretStore implements SecretStore {
  readonly #files = new Map<string, Bytes>();
  readonly #folders = new Set<string>();
  /** What manifests declared, and by whom; what none declared is not removed. */
  readonly #declared = new Map<string, { readonly by: string | null; readonly isKept: boolean }>();
  #manifest: HeldManifest | null = null;

  /** Returns the contents of a file, or `undefined` where there is none. */
  read(path: string): Bytes | undefined {
    return this.#files.get(path);
  }

  /** Returns the paths of all files, in the order in which they first came. */
  paths(): string[] {
    return [...this.#files.keys()];
  }

  /** Returns the manifest that was kept last. */
  heldManifest(): Promise<HeldManifest | null> {
    return Promise.resolve(this.#manifest);
  }

  /** Compares; see {@linkcode SecretStore.survey}. */
  async survey({ entries, isWipe, declaredBy }: WantedState): Promise<Survey> {
    const steps: Step[] = [];
    for (const entry of entries) {
      const step = await this.#compare(entry);
      if (step !== null) steps.push(step);
    }
    const declared = new Map(entries.map((entry) => [entry.path, entry]));
    const strict = entries.filter((entry) =>
      entry.kind === "folder" && entry.strategy === "STRICT"
    );
    const extra = [...this.#files.keys(), ...this.#folders].filter((path) => {
      if (declared.has(path) || isBelow(path, keptOf(entries))) return false;
      const before = this.#declared.get(path);
      if (before !== undefined && isWipe) return true;
      if (before !== undefined && before.by === declaredBy && !before.isKept) return true;
      return strict.some((folder) => path.startsWith(`${folder.path}/`));
    });
    const inside = extra.filter((path) => !isBelow(path, new Set(extra)));
    for (const path of inside) steps.push({ kind: "remove", path, isInTheWay: false });
    return { steps };
  }

  /** Keeps a manifest in place of the one before. */
  keepManifest(held: HeldManifest): Promise<void> {
    this.#manifest = held;
    for (const entry of held.manifest.entries) {
      if (entry.kind === "keep") continue;
      const isKept = entry.strategy === "ENSURE_CREATED";
      this.#declared.set(entry.path, { by: held.declaredBy, isKept });
    }
    return Promise.resolve();
  }

  /** Does what needs nothing from the keeper. */
  perform(step: LocalStep): Promise<void> {
    if (step.kind === "make") this.#folders.add(step.entry.path);
    if (step.kind === "remove") {
      for (const names of [this.#files, this.#folders]) {
        for (const path of [...names.keys()]) {
          if (path === step.path || path.startsWith(`${step.path}/`)) names.delete(path);
        }
      }
      this.#declared.delete(step.path);
    }
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
      commit: () => {
        const outcome = this.#files.has(path) ? "updated" : "created";
        this.#files.set(path, joinBytes(parts));
        return Promise.resolve(outcome);
      },
      discard,
      interrupt: discard,
    });
  }

  /** Does nothing: memory needs no settling. */
  settle(): Promise<readonly FileResult[]> {
    return Promise.resolve([]);
  }

  async #compare(entry: ManifestEntry): Promise<Step | null> {
    if (entry.kind === "keep") return null;
    if (entry.kind === "folder") return this.#compareFolder(entry);
    const bytes = this.#files.get(entry.path);
    if (bytes === undefined) return { kind: "bring", entry, held: null };
    if (entry.strategy === "ENSURE_CREATED") return null;
    const held = await sha256Digest(bytes);
    return encodeHex(held) === entry.digest ? null : { kind: "bring", entry, held };
  }

  #compareFolder(entry: FolderEntry): Step | null {
    return this.#folders.has(entry.path) ? null : { kind: "make", entry };
  }
}

function keptOf(entries: readonly ManifestEntry[]): ReadonlySet<string> {
  return new Set(entries.filter(({ kind }) => kind === "keep").map(({ path }) => path));
}

/** Tells whether a path is below one of these. */
function isBelow(path: string, others: ReadonlySet<string>): boolean {
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
    if (others.has(path.slice(0, end))) return true;
  }
  return false;
}
