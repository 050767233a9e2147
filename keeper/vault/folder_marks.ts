/**
 * Telling a folder that was emptied from one whose mount is gone, so that a disk that is missing takes
 * nothing away from any agent.
 *
 * @module
 */

/** What is remembered of a folder that held files. */
export interface FolderMark {
  /** The device that it is on. */
  readonly dev: number;
  /** Whether it is on another device than the folder that it is in. */
  readonly isMount: boolean;
}

/** What is remembered of folders, by their paths; `null` where a folder is to be forgotten. */
export type FolderMarks = ReadonlyMap<string, FolderMark | null>;

/** Where marks are kept between two runs of a keeper. */
export interface FolderMarksStore {
  /** Reads what is kept. */
  load(): Promise<ReadonlyMap<string, FolderMark>>;
  /** Changes what is kept. */
  merge(news: FolderMarks): Promise<void>;
}

/** A folder and what is in it. */
export interface ListedFolder extends FolderMark {
  /** Where it is below its source; empty where it is the source itself. */
  readonly below: string;
  /** What is in it. */
  readonly names: readonly string[];
}

/**
 * Tells whether a folder is empty now and, by what a keeper remembers of it from an earlier run, may
 * only seem so.
 *
 * The numbers of devices may change when a machine starts anew, so that a folder is kept once too often
 * rather than emptied.
 */
export function contradictsMark(
  { names, dev, isMount }: ListedFolder,
  mark: FolderMark | null,
): boolean {
  if (mark === null || names.length > 0) return false;
  return mark.dev !== dev || (mark.isMount && !isMount);
}

/**
 * Tells whether a folder lost files since the last look because it is on another device: that, and it is
 * empty or no mount any more.
 *
 * @param known What the last look found, by its path below the source.
 */
export function hasLostMount(
  { below, names, dev, isMount }: ListedFolder,
  known: ReadonlyMap<string, { readonly kind: string; readonly dev?: number }>,
): boolean {
  const before = known.get(below);
  if (before?.kind !== "folder" || before.dev === dev) return false;
  const prefix = below === "" ? "" : `${below}/`;
  const now = new Set(names);
  const isLost = (path: string) => {
    const [name = ""] = path.slice(prefix.length).split("/", 1);
    return path.startsWith(prefix) && !now.has(name);
  };
  const lost = [...known].some(([path, { kind }]) => kind === "file" && isLost(path));
  return lost && (names.length === 0 || !isMount);
}
