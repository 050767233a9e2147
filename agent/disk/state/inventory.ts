/**
 * What the agent has put in place, and for whom: what it may remove once nobody declares it any more.
 *
 * @module
 */
import type { FileEntry, ManifestEntry } from "../../../protocol/mod.ts";
import { MAX_PENDING_DIGESTS } from "../../limits.ts";

/** Who declared something: the address of a keeper's key, or `null` for keepers that do not sign. */
export type Declarer = string | null;

/** One thing that was put in place. */
export interface Holding {
  /** A folder is remembered only where the agent made it. */
  readonly kind: "file" | "folder";
  /** Whether it belongs to the application once it is there. */
  readonly isOnce: boolean;
  /** After how many seconds without a delivery it is removed; `null` for never. */
  readonly leaseS: number | null;
  /**
   * Which digests it may have if the agent put it there; empty where it is known to have done so.
   * Something else is somebody else's.
   */
  readonly pending: readonly string[];
  /**
   * Whether a folder that the agent made may be in the place of the file: the one was about to give way
   * to the other.
   */
  readonly mayBeFolder: boolean;
}

/** How a survey found a declared file. */
export type FoundFile =
  /** It is as declared. */
  | "intact"
  /** It is about to be put in place. */
  | "brought"
  /** It cannot be put in place. */
  | "refused";

/** What was put in place for one declarer, by path. */
export type Holdings = ReadonlyMap<string, Holding>;

const NOTHING_PENDING: readonly string[] = [];
const SETTLED_FILE: Holding = makeFile(false, null);
const SETTLED_ONCE: Holding = makeFile(true, null);

/** A folder that the agent made. */
export const MADE_FOLDER: Holding = {
  kind: "folder",
  isOnce: false,
  leaseS: null,
  pending: NOTHING_PENDING,
  mayBeFolder: false,
};

/** Returns a file that is in place; most share one object. */
export function settledFile(isOnce: boolean, leaseS: number | null): Holding {
  if (leaseS !== null) return makeFile(isOnce, leaseS);
  return isOnce ? SETTLED_ONCE : SETTLED_FILE;
}

function makeFile(isOnce: boolean, leaseS: number | null): Holding {
  return { kind: "file", isOnce, leaseS, pending: NOTHING_PENDING, mayBeFolder: false };
}

/** Remembers what was put in place. */
export class Inventory {
  readonly #declared = new Map<Declarer, Map<string, Holding>>();
  /** What the agent was told to ask for, and no manifest declares. */
  readonly #besides = new Map<string, Holding>();
  #isDirty = false;

  /** Whether something changed since {@linkcode Inventory.markWritten}. */
  get isDirty(): boolean {
    return this.#isDirty;
  }

  /** Notes that all of it was written down. */
  markWritten(): void {
    this.#isDirty = false;
  }

  /** Notes that what was written down is not all of it. */
  markDirty(): void {
    this.#isDirty = true;
  }

  /** Who declared something. */
  get declarers(): Declarer[] {
    return [...this.#declared.keys()];
  }

  /** What no manifest declares. */
  get besides(): Holdings {
    return this.#besides;
  }

  /** Returns what was put in place for one declarer. */
  of(declarer: Declarer): Holdings {
    return this.#declared.get(declarer) ?? new Map();
  }

  /** Returns the paths of what was put in place for anybody else. */
  *othersThan(declarer: Declarer): Generator<string, void, undefined> {
    for (const [other, holdings] of this.#declared) {
      if (other !== declarer) yield* holdings.keys();
    }
    yield* this.#besides.keys();
  }

  /** Remembers something. */
  set(declarer: Declarer, path: string, { holding }: { readonly holding: Holding }): void {
    let holdings = this.#declared.get(declarer);
    if (holdings === undefined) this.#declared.set(declarer, holdings = new Map());
    if (isSame(holdings.get(path), holding)) return;
    holdings.set(path, holding);
    this.#isDirty = true;
  }

  /** Remembers a file that no manifest declares, or a folder that was made for one. */
  addBesides(path: string, kind: Holding["kind"] = "file"): void {
    if (this.#besides.has(path)) return;
    this.#besides.set(path, kind === "file" ? SETTLED_FILE : MADE_FOLDER);
    this.#isDirty = true;
  }

  /** Forgets something, whoever declared it. */
  forgetAll(path: string): void {
    for (const declarer of this.declarers) this.forget(declarer, path);
    if (this.#besides.delete(path)) this.#isDirty = true;
  }

  /** Forgets something that was put in place for one declarer. */
  forget(declarer: Declarer, path: string): void {
    const holdings = this.#declared.get(declarer);
    if (holdings?.delete(path) !== true) return;
    if (holdings.size === 0) this.#declared.delete(declarer);
    this.#isDirty = true;
  }

  /**
   * Remembers what a manifest declares before anything of it is put in place, so that nothing is in
   * place that is not remembered, whenever the process ends.
   *
   * @param find Says how a file was found, by its path.
   */
  declare(
    declarer: Declarer,
    entries: readonly ManifestEntry[],
    { find }: { readonly find: (path: string) => FoundFile },
  ): void {
    const known = this.of(declarer);
    for (const entry of entries) {
      if (entry.kind !== "file") continue;
      const holding = declaredFile(entry, {
        known: known.get(entry.path),
        found: find(entry.path),
      });
      if (holding !== null) this.set(declarer, entry.path, { holding });
    }
  }

  /** Remembers a folder that is about to be made; a file may be in its place still, and may stay. */
  expectFolder(declarer: Declarer, path: string): void {
    const known = this.of(declarer).get(path);
    const holding = known?.kind === "file" ? { ...known, mayBeFolder: true } : MADE_FOLDER;
    this.set(declarer, path, { holding });
  }

  /** Notes that a declared file is in place. */
  settle(declarer: Declarer, path: string): void {
    const known = this.of(declarer).get(path);
    if (known === undefined || !isUnsettled(known)) return;
    this.set(declarer, path, { holding: settledFile(known.isOnce, known.leaseS) });
  }
}

/** Tells whether what is in place may be something else than what was declared last. */
export function isUnsettled({ pending, mayBeFolder }: Holding): boolean {
  return pending.length > 0 || mayBeFolder;
}

/** Returns what is remembered of a file; `null` where the agent has nothing to do with what is there. */
function declaredFile(
  entry: FileEntry,
  { known, found }: { readonly known: Holding | undefined; readonly found: FoundFile },
): Holding | null {
  const isOnce = entry.strategy === "ENSURE_CREATED";
  const leaseS = entry.leaseS ?? null;
  const before = known?.kind === "file" ? known : null;
  if (before !== null && before.pending.length === 0) {
    return before.mayBeFolder ? { ...before, isOnce, leaseS } : settledFile(isOnce, leaseS);
  }
  if (found === "intact" && !isOnce) return settledFile(isOnce, leaseS);
  if (found !== "brought") return before === null ? null : { ...before, isOnce, leaseS };
  const pending = (before?.pending ?? NOTHING_PENDING).filter((digest) => digest !== entry.digest);
  return {
    kind: "file",
    isOnce,
    leaseS,
    pending: [...pending.slice(1 - MAX_PENDING_DIGESTS), entry.digest],
    mayBeFolder: known?.kind === "folder" || known?.mayBeFolder === true,
  };
}

function isSame(a: Holding | undefined, b: Holding): boolean {
  return a === b || (a !== undefined && a.kind === b.kind && a.isOnce === b.isOnce &&
    a.leaseS === b.leaseS && a.mayBeFolder === b.mayBeFolder &&
    a.pending.join() === b.pending.join());
}
