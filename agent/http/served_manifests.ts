/**
 * Which files there are to serve: those that were delivered since the start, or that a restarted agent
 * vouches for.
 *
 * @module
 */
import type { FileEntry, HeldManifest } from "../../protocol/mod.ts";
import type { AgentSessionReport } from "../delivery/session_report.ts";
import type { RestoredState } from "../trust/mod.ts";
import type { FileChange } from "./change_feed.ts";

type Entries = ReadonlyMap<string, FileEntry>;

/** Follows what is delivered. */
export class ServedManifests {
  readonly #held: () => HeldManifest | null;
  /** What each keeper delivered last, to its end; of one that does not sign under `null`. */
  readonly #settled = new Map<string | null, Entries>();
  #isReady = false;
  /** What is held, in a form to look into. */
  #read: { readonly manifest: HeldManifest; readonly entries: Entries } | null = null;

  readonly #onChange: (changes: readonly FileChange[]) => void;

  /**
   * Takes what tells the manifest that is held: that of a delivery under way, or of the last one.
   *
   * @param onChange Is told what is another than before, once it is in place.
   */
  constructor(
    held: () => HeldManifest | null,
    onChange: (changes: readonly FileChange[]) => void = () => {},
  ) {
    this.#held = held;
    this.#onChange = onChange;
  }

  /** Whether anything may be served yet. */
  get isReady(): boolean {
    return this.#isReady;
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
    const isDelivery = isComplete && !isPlan && isCallsOnly !== true;
    if (isDelivery && held !== null) this.#settle(held);
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
    add(this.#underWay()?.get(path));
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

  #underWay(): Entries | null {
    const held = this.#held();
    return held === null ? null : this.#entriesOf(held);
  }

  #settle(held: HeldManifest): void {
    const { declaredBy, manifest: { entries, isWipe } } = held;
    const before = new Map(this.list().map((entry) => [entry.path, entry]));
    if (isWipe) this.#settled.clear();
    const now = new Map(this.#entriesOf(held));
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
    this.#onChange(this.#changesSince(before));
  }

  #changesSince(before: Entries): FileChange[] {
    const now = this.list();
    const changed = now.filter(({ path, digest }) => before.get(path)?.digest !== digest);
    const left = new Set(now.map(({ path }) => path));
    const gone = [...before.keys()].filter((path) => !left.has(path));
    return [
      ...changed.map(({ path, digest, size }) => ({ path, digest, size })),
      ...gone.map((path) => ({ path, digest: null, size: null })),
    ];
  }

  #entriesOf(manifest: HeldManifest): Entries {
    if (this.#read?.manifest !== manifest) {
      const files = manifest.manifest.entries.filter((entry) => entry.kind === "file");
      this.#read = { manifest, entries: new Map(files.map((entry) => [entry.path, entry])) };
    }
    return this.#read.entries;
  }
}
