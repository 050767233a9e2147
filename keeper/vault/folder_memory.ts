/**
 * What a keeper remembers of the folders of its vault from one run to the next.
 *
 * @module
 */
import { FluxVaultError, type Logger } from "../../protocol/mod.ts";
import type { FolderMark, FolderMarksStore } from "./folder_marks.ts";
import type { Walk } from "./walk.ts";

/** Remembers sources and mounts that held files; without a store, nothing. */
export class FolderMemory {
  readonly #store: FolderMarksStore | undefined;
  readonly #logger: Logger;
  #marks: Map<string, FolderMark> | null = null;
  #hasWarned = false;

  /** Reads nothing yet. */
  constructor(store: FolderMarksStore | undefined, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  /** Reads what was kept, once; where it cannot be read, nothing is remembered, and nothing kept. */
  async load(): Promise<void> {
    if (this.#marks !== null || this.#store === undefined) return;
    try {
      this.#marks = new Map(await this.#store.load());
    } catch (error) {
      this.#warn(error);
    }
  }

  /** Returns what a folder was like when it held files, or `null`. */
  markOf(path: string): FolderMark | null {
    return this.#marks?.get(path) ?? null;
  }

  /** Takes in what was found, and keeps what is new in it. */
  async note(walks: Iterable<Walk>): Promise<void> {
    const marks = this.#marks;
    if (marks === null || this.#store === undefined) return;
    const news = new Map<string, FolderMark | null>();
    for (const walk of walks) {
      for (const [path, mark] of marksOf(walk)) {
        const before = marks.get(path) ?? null;
        if (before?.dev !== mark?.dev || before?.isMount !== mark?.isMount) news.set(path, mark);
      }
    }
    if (news.size === 0) return;
    for (const [path, mark] of news) {
      if (mark === null) marks.delete(path);
      else marks.set(path, mark);
    }
    try {
      await this.#store.merge(news);
    } catch (error) {
      this.#warn(error);
    }
  }

  #warn(error: unknown): void {
    if (!(error instanceof FluxVaultError)) throw error;
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#logger.warn(
      "It cannot be remembered which folders of the vault held files: one whose disk is missing at " +
        "the next start is taken for empty.",
      { code: error.code, reason: error.message },
    );
  }
}

/** Says of the source and of each mount below it whether it holds files. */
function* marksOf({ items }: Walk): Generator<readonly [string, FolderMark | null]> {
  for (const folder of items) {
    if (folder.kind !== "folder" || !(folder.below === "" || folder.isMount)) continue;
    const { path, below, dev, isMount } = folder;
    const holdsFiles = items.some((item) => {
      return item.kind === "file" && (below === "" || item.below.startsWith(`${below}/`));
    });
    yield [path, holdsFiles ? { dev, isMount } : null];
  }
}
