/**
 * How what is in memory differs from what should be there (spec, section 8).
 *
 * @module
 */
import { encodeHex } from "./bytes.ts";
import { sha256Digest } from "./digest.ts";
import type { FileEntry, FolderEntry, ManifestEntry } from "./manifest_entry.ts";
import { foldersAbove, type MemoryFiles } from "./memory_files.ts";
import type { Step, WantedState } from "./survey.ts";

/** What is remembered of something that was put in place. */
export interface MemoryDeclaration {
  /** Who declared it. */
  readonly by: string | null;
  /** Whether it belongs to the application once it is there. */
  readonly isOnce: boolean;
}

/** What a survey compares with. */
export interface MemoryState {
  /** What is there. */
  readonly files: MemoryFiles;
  /** What was put in place, by path. */
  readonly declared: ReadonlyMap<string, MemoryDeclaration>;
}

/** Compares; see {@linkcode SecretStore.survey}. */
export function surveyMemory(wanted: WantedState, state: MemoryState): Promise<Step[]> {
  return new MemorySurvey(wanted, state).run();
}

class MemorySurvey {
  readonly #wanted: WantedState;
  readonly #files: MemoryFiles;
  readonly #declared: MemoryState["declared"];
  readonly #entries: ReadonlyMap<string, ManifestEntry>;
  /** The folders on the way to entries. */
  readonly #above = new Set<string>();
  /** What another keeper declared, and the folders on the way there. */
  readonly #others = new Set<string>();
  /** What this keeper did not declare, and the folders on the way there. */
  readonly #foreign = new Set<string>();
  /** What goes, with all that is in it. */
  readonly #gone = new Set<string>();
  readonly #steps: Step[] = [];

  constructor(wanted: WantedState, { files, declared }: MemoryState) {
    this.#wanted = wanted;
    this.#files = files;
    this.#declared = declared;
    this.#entries = new Map(wanted.entries.map((entry) => [entry.path, entry]));
    for (const path of this.#entries.keys()) addAbove(path, this.#above);
    for (const path of this.#names()) {
      const known = declared.get(path);
      if (known?.by === wanted.declaredBy && known !== undefined) continue;
      addWithAbove(path, this.#foreign);
      if (known !== undefined) addWithAbove(path, this.#others);
    }
  }

  async run(): Promise<Step[]> {
    for (const entry of this.#wanted.entries) {
      if (entry.kind === "keep" || !this.#isWayClear(entry)) continue;
      if (entry.kind === "folder") this.#compareFolder(entry);
      else await this.#compareFile(entry);
    }
    this.#findStrangers();
    this.#findUndeclared();
    return this.#steps;
  }

  *#names(): Generator<string, void, undefined> {
    yield* this.#files.files;
    yield* this.#files.folders;
  }

  #compareFolder(entry: FolderEntry): void {
    const { path } = entry;
    if (!this.#files.isFolder(path) || this.#isGone(path)) {
      this.#steps.push({ kind: "make", entry });
    }
  }

  async #compareFile(entry: FileEntry): Promise<void> {
    const bytes = this.#files.read(entry.path);
    if (bytes === undefined || this.#isGone(entry.path)) {
      this.#steps.push({ kind: "bring", entry, isThere: false });
    } else if (entry.strategy === "STRICT") {
      const held = await sha256Digest(bytes);
      if (encodeHex(held) !== entry.digest) {
        this.#steps.push({ kind: "bring", entry, isThere: true });
      }
    }
  }

  /** Has what is in the way of an entry removed, or refuses the entry. */
  #isWayClear({ kind, path, strategy }: FileEntry | FolderEntry): boolean {
    const isInPlace = kind === "file"
      ? this.#files.isFolder(path)
      : this.#files.read(path) !== undefined;
    const obstacle = isInPlace ? path : this.#files.findFileAbove(path);
    if (obstacle === null || this.#isGone(obstacle)) return true;
    const mayGo = !this.#others.has(obstacle) &&
      (!this.#foreign.has(obstacle) ||
        (strategy !== "ENSURE_CREATED" && this.#isInStrict(obstacle)));
    if (mayGo) this.#remove(obstacle, { isInTheWay: true });
    else this.#steps.push({ kind: "refuse", path, code: "not-a-file" });
    return mayGo;
  }

  /** Finds what is in strict folders and is no entry, nor on the way to one or to another's. */
  #findStrangers(): void {
    for (const name of this.#names()) {
      let stranger: string | null = null;
      for (const path of [name, ...foldersAbove(name)]) {
        const isWanted = this.#entries.has(path) || this.#above.has(path) || this.#others.has(path);
        if (!isWanted && this.#isInStrict(path)) stranger = path;
      }
      if (stranger !== null) this.#remove(stranger);
    }
  }

  /**
   * Finds what this keeper declared before, in a wipe what any did; folders go where nothing stays in
   * them.
   */
  #findUndeclared(): void {
    const staying = new Set<string>();
    for (const path of this.#files.files) {
      if (this.#isUndeclared(path)) this.#remove(path);
      else if (!this.#isGone(path)) addAbove(path, staying);
    }
    // The innermost first: a folder may be empty once those in it are gone.
    for (const path of [...this.#files.folders].sort((a, b) => b.length - a.length)) {
      if (this.#isUndeclared(path) && !staying.has(path)) this.#remove(path);
      else if (!this.#isGone(path)) addAbove(path, staying);
    }
  }

  #isUndeclared(path: string): boolean {
    const { isWipe, declaredBy } = this.#wanted;
    const known = this.#declared.get(path);
    if (known === undefined) return false;
    const isOurs = isWipe || (known.by === declaredBy && !known.isOnce);
    const isInUse = this.#entries.has(path) || this.#above.has(path) || this.#isKept(path);
    return isOurs && !isInUse;
  }

  #isKept(path: string): boolean {
    for (const folder of foldersAbove(path)) {
      if (this.#entries.get(folder)?.kind === "keep") return true;
    }
    return false;
  }

  #isInStrict(path: string): boolean {
    const [parent = ""] = foldersAbove(path);
    const folder = this.#entries.get(parent);
    return folder?.kind === "folder" && folder.strategy === "STRICT";
  }

  #isGone(path: string): boolean {
    if (this.#gone.has(path)) return true;
    for (const folder of foldersAbove(path)) if (this.#gone.has(folder)) return true;
    return false;
  }

  #remove(path: string, { isInTheWay = false }: { readonly isInTheWay?: boolean } = {}): void {
    if (this.#isGone(path)) return;
    this.#gone.add(path);
    this.#steps.push({ kind: "remove", path, isInTheWay });
  }
}

function addAbove(path: string, folders: Set<string>): void {
  for (const folder of foldersAbove(path)) {
    // Those above it have been added with it.
    if (folders.has(folder)) return;
    folders.add(folder);
  }
}

function addWithAbove(path: string, paths: Set<string>): void {
  paths.add(path);
  addAbove(path, paths);
}
