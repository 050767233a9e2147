/**
 * Which files there are to serve: those that were delivered since the start, or that a restarted agent
 * vouches for.
 *
 * @module
 */
import type { FileEntry, HeldManifest } from "../../protocol/mod.ts";
import type { AgentSessionReport } from "../delivery/session_report.ts";
import type { RestoredState } from "../trust/mod.ts";
import type { RestrictedChange } from "./change_feeds.ts";
import { hasSameReaders } from "./readers.ts";

type Entries = ReadonlyMap<string, FileEntry>;

/** The entries of each path. */
type Places = ReadonlyMap<string, readonly FileEntry[]>;

/** Follows what is delivered. */
export class ServedManifests {
  readonly #held: () => HeldManifest | null;
  /** What each keeper delivered last, to its end; of one that does not sign under `null`. */
  readonly #settled = new Map<string | null, Entries>();
  #isReady = false;
  /** What is held, in a form to look into. */
  #read: ReadEntries | null = null;
  /** Whether one of those that were delivered is not for every component. */
  #isRestricted = false;
  /** What was removed since, because its lease was over. */
  readonly #expired = new Set<string>();
  readonly #onChange: (changes: readonly RestrictedChange[]) => void;

  /**
   * Takes what tells the manifest that is held: that of a delivery under way, or of the last one.
   *
   * @param onChange Is told what is another than before, once it is in place.
   */
  constructor(
    held: () => HeldManifest | null,
    onChange: (changes: readonly RestrictedChange[]) => void = () => {},
  ) {
    this.#held = held;
    this.#onChange = onChange;
  }

  /** Whether anything may be served yet. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Whether any file is not for every component. */
  get isRestricted(): boolean {
    return this.#isRestricted || (this.#underWay()?.isRestricted ?? false);
  }

  /** Takes what a restarted agent vouches for; it vouches for nothing that nobody signed. */
  noteRestored(state: RestoredState): void {
    if (state.isVouched) this.#settle(state.manifest);
  }

  /** Takes how a session ended; a plan changes nothing, and what broke off is not whole. */
  noteReport(
    { isComplete, isPlan, isCallsOnly }: Pick<
      AgentSessionReport,
      "isComplete" | "isPlan" | "isCallsOnly"
    >,
  ): void {
    const held = this.#held();
    if (!isComplete || isPlan || isCallsOnly === true || held === null) return;
    const before = this.#places();
    for (const path of this.#entriesOf(held).entries.keys()) this.#expired.delete(path);
    this.#settle(held, before);
  }

  /** Takes which files were removed because their leases were over. */
  noteExpired(paths: readonly string[]): void {
    const places = this.#places();
    this.#onChange(paths.flatMap((path): RestrictedChange[] => {
      const before = places.get(path);
      if (before === undefined) return [];
      this.#expired.add(path);
      return [{ path, digest: null, size: null, before, now: [], isOther: true }];
    }));
  }

  /**
   * Returns what may be at a path: as it is being delivered, and behind that as it was. Nothing where
   * the path is of no file.
   */
  find(path: string): FileEntry[] {
    const found: FileEntry[] = [];
    const add = (entry: FileEntry | undefined) => {
      if (entry !== undefined && !found.includes(entry)) found.push(entry);
    };
    if (!this.#isReady) return found;
    add(this.#underWay()?.entries.get(path));
    for (const entries of this.#settled.values()) add(entries.get(path));
    return found;
  }

  /** Returns all files in the order of their paths, as they were delivered last. */
  list(): FileEntry[] {
    const all = new Map<string, FileEntry>();
    for (const entries of this.#settled.values()) {
      for (const [path, entry] of entries) if (!all.has(path)) all.set(path, entry);
    }
    return [...all.values()].sort((a, b) => a.path < b.path ? -1 : 1);
  }

  #underWay(): ReadEntries | null {
    const held = this.#held();
    return held === null ? null : this.#entriesOf(held);
  }

  #settle(held: HeldManifest, before: Places = this.#places()): void {
    const { declaredBy, manifest: { entries, isWipe } } = held;
    if (isWipe) this.#settled.clear();
    const now = new Map(this.#entriesOf(held).entries);
    const kept = entries.filter(({ kind }) => kind === "keep").map(({ path }) => path);
    // What the keeper cannot speak for at the moment stays as it was.
    for (const [path, entry] of this.#settled.get(declaredBy) ?? []) {
      const isKept = kept.some((keep) => path === keep || path.startsWith(`${keep}/`));
      if (isKept && !now.has(path)) now.set(path, entry);
    }
    // The one that came last is looked at first.
    const others = [...this.#settled].filter(([declarer]) => declarer !== declaredBy);
    this.#settled.clear();
    this.#settled.set(declaredBy, now);
    for (const [declarer, entries] of others) this.#settled.set(declarer, entries);
    this.#isReady = true;
    this.#isRestricted = [...this.#settled.values()].some(hasReaders);
    this.#onChange(changesBetween(before, this.#places()));
  }

  /** Returns what is at each path, the one that came last first; nothing that expired. */
  #places(): Places {
    const places = new Map<string, FileEntry[]>();
    for (const entries of this.#settled.values()) {
      for (const [path, entry] of entries) {
        const others = places.get(path);
        if (others !== undefined) others.push(entry);
        else if (!this.#expired.has(path)) places.set(path, [entry]);
      }
    }
    return places;
  }

  #entriesOf(manifest: HeldManifest): ReadEntries {
    if (this.#read?.manifest !== manifest) {
      const files = manifest.manifest.entries.filter((entry) => entry.kind === "file")
        // A private key that was made here is for the application beside it alone.
        .filter(({ issued }) => issued?.part !== "key");
      const entries = new Map(files.map((entry) => [entry.path, entry]));
      this.#read = { manifest, entries, isRestricted: hasReaders(entries) };
    }
    return this.#read;
  }
}

/** A manifest in a form to look into. */
interface ReadEntries {
  readonly manifest: HeldManifest;
  readonly entries: Entries;
  readonly isRestricted: boolean;
}

function hasReaders(entries: Entries): boolean {
  for (const { readers } of entries.values()) if (readers !== undefined) return true;
  return false;
}

/** Says what is another than before, of contents or of readers, in the order of the paths. */
function changesBetween(before: Places, after: Places): RestrictedChange[] {
  const changes: RestrictedChange[] = [];
  for (const [path, now] of after) {
    const [entry] = now;
    const was = before.get(path) ?? [];
    if (entry === undefined) continue;
    const { digest, size } = entry;
    const isOther = was[0]?.digest !== digest;
    if (!isOther && isReadAlike(was, now)) continue;
    changes.push({ path, digest, size, before: was, now, isOther });
  }
  for (const [path, was] of before) {
    if (after.has(path)) continue;
    changes.push({ path, digest: null, size: null, before: was, now: [], isOther: true });
  }
  return changes.sort((a, b) => a.path < b.path ? -1 : 1);
}

function isReadAlike(before: readonly FileEntry[], now: readonly FileEntry[]): boolean {
  return before.length === now.length && before.every((entry, i) => {
    const other = now[i];
    return other !== undefined && hasSameReaders(entry, other);
  });
}
