/**
 * What agents were left with, to tell what was changed at an agent from what the vault changed.
 *
 * @module
 */
import type { FileResult, ManifestEntry } from "../../protocol/mod.ts";
import { MAX_REMEMBERED_ADDRESSES } from "../limits.ts";
import { isFileDone, isFileWanted } from "../report/report.ts";

/** A delivery that came to its end. */
export interface EndedDelivery {
  /** Where the agent is, as `host:port`; behind a primary, `host:port/component`. */
  readonly address: string;
  /** The fingerprint of its key. */
  readonly fingerprint: string | null;
  /** What it was declared to hold; the same array where nothing changed. */
  readonly entries: readonly ManifestEntry[];
  /** How each of it ended. */
  readonly files: readonly FileResult[];
}

/** Remembers, for as long as a keeper runs, with what each agent was left as declared. */
export class HeldEntries {
  readonly #held = new Map<string, Pick<EndedDelivery, "fingerprint" | "entries">>();

  /**
   * Notes a delivery.
   *
   * @returns The paths at which something had to be put right although the same was declared before,
   * and the agent was left with it: it was changed there.
   */
  note(delivery: EndedDelivery): string[] {
    const { address, fingerprint, entries, files } = delivery;
    const before = this.#held.get(address);
    const isSame = before !== undefined && before.fingerprint === fingerprint;
    const drifted = isSame ? findDrift(before.entries, entries, files.filter(isFileDone)) : [];
    this.#held.delete(address);
    // Whoever lacks something has it put right later, and nobody changed that.
    if (files.every(isFileWanted)) this.#held.set(address, { fingerprint, entries });
    const [oldest] = this.#held.keys();
    if (this.#held.size > MAX_REMEMBERED_ADDRESSES && oldest !== undefined) {
      this.#held.delete(oldest);
    }
    return drifted;
  }
}

function findDrift(
  before: readonly ManifestEntry[],
  now: readonly ManifestEntry[],
  done: readonly FileResult[],
): string[] {
  if (done.length === 0) return [];
  const current = new Map(now.map((entry) => [entry.path, entry]));
  // What is issued is another each time, whether it was due or changed there.
  const isIssued = (path: string) => current.get(path)?.kind === "issued";
  if (before === now) return done.map(({ path }) => path).filter((path) => !isIssued(path));
  const old = new Map(before.map((entry) => [entry.path, entry]));
  const isSame = (path: string) => isSameEntry(old.get(path), current.get(path));
  return done.filter(({ path, outcome }) => {
    if (outcome !== "removed") return isSame(path) && !isIssued(path);
    // What was declared is removed because it is no more; a stranger, because its folder says so.
    const wasDeclared = before.some((entry) => {
      return entry.path === path || entry.path.startsWith(`${path}/`);
    });
    const folder = folderAbove(path, current);
    return !wasDeclared && folder !== null && isSame(folder);
  }).map(({ path }) => path);
}

function folderAbove(path: string, entries: ReadonlyMap<string, ManifestEntry>): string | null {
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
    const folder = path.slice(0, end);
    if (entries.get(folder)?.kind === "folder") return folder;
  }
  return null;
}

/** Entries have plain members alone, and each kind has them in one order. */
function isSameEntry(a: ManifestEntry | undefined, b: ManifestEntry | undefined): boolean {
  return a !== undefined && b !== undefined && (a === b || JSON.stringify(a) === JSON.stringify(b));
}
