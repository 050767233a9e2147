/**
 * What a survey found: the steps, and what is known of the places that they are about.
 *
 * @module
 */
import type {
  FileEntry,
  FolderEntry,
  ManifestEntry,
  Step,
  StorageErrorCode,
} from "../../../protocol/mod.ts";
import {
  Claims,
  type DiskPlace,
  type DiskRoot,
  DiskTree,
  generationOf,
  placeOf,
  refusePath,
  type TreeNode,
} from "../paths/mod.ts";
import type { FoundFile } from "../state/mod.ts";
import type { Removal } from "../files/mod.ts";
import type { SetPlan } from "../sets/mod.ts";

/** Something that is to be removed, by where it was found. */
export interface FoundRemoval extends Removal {
  /** Its real path. */
  readonly at: string;
  /** The set that it is in, where it goes with the exchange. */
  readonly set: SetPlan | null;
  /** Whether it is removed at the end: a set that goes with the exchange is in it. */
  readonly isLate?: boolean;
}

/** The mode of a folder that nobody declared. */
const PRIVATE_FOLDER = 0o700;
const SET_INCOMPLETE: StorageErrorCode = "set-incomplete";

/** Gathers what a survey finds. */
export class Findings {
  /** What is declared, by place. */
  readonly tree: DiskTree;
  /** Which path has which file. */
  readonly claims = new Claims();
  readonly #roots: readonly DiskRoot[];
  readonly #steps: Step[] = [];
  /** What is to be made, or to get another owner or mode. */
  readonly #local = new Set<ManifestEntry>();
  readonly #removals = new Map<string, FoundRemoval[]>();
  /** What is removed, by its real path. */
  readonly #removed = new Set<string>();
  /** What of it goes at the end. */
  readonly #late = new Set<string>();
  readonly #sets = new Map<string, SetPlan>();
  readonly #files = new Set<string>();
  readonly #missing: string[] = [];
  readonly #unconfirmed = new Set<string>();
  readonly #refused = new Set<string>();
  readonly #forgotten: string[] = [];

  /** Starts with nothing found; no path may lead into a folder of the agent's own. */
  constructor(roots: readonly DiskRoot[], ownFolder: string | null) {
    this.#roots = roots;
    this.tree = new DiskTree(roots);
    if (ownFolder !== null) this.tree.plantOwn(ownFolder);
  }

  /** The steps, folders before what is in them. */
  get steps(): readonly Step[] {
    return this.#steps;
  }

  /** The sets, by where they are. */
  get sets(): ReadonlyMap<string, SetPlan> {
    return this.#sets;
  }

  /** The real paths of files whose digests are worth to be remembered. */
  get files(): ReadonlySet<string> {
    return this.#files;
  }

  /** The paths of folders that are missing, declared or on the way. */
  get missing(): readonly string[] {
    return this.#missing;
  }

  /** The paths of declared files that are not as declared. */
  get unconfirmed(): Set<string> {
    return this.#unconfirmed;
  }

  /** Says how a declared file was found. */
  find(path: string): FoundFile {
    if (this.#refused.has(path)) return "refused";
    return this.#unconfirmed.has(path) ? "brought" : "intact";
  }

  /** The paths of what need not be remembered any more. */
  get forgotten(): readonly string[] {
    return this.#forgotten;
  }

  /** Returns what is to be removed by the name that it was given; nothing where nothing is. */
  removalsOf(path: string): readonly FoundRemoval[] {
    return this.#removals.get(path) ?? [];
  }

  /** Returns where a path leads. */
  placeOf(path: string): DiskPlace {
    return placeOf(path, this.#roots);
  }

  /**
   * Returns where a path leads, and claims it: of two paths to one place the second is refused.
   *
   * @throws {StorageError} `path-refused`.
   */
  claimPlace(path: string): DiskPlace {
    const place = this.placeOf(path);
    const entry = this.tree.find(path)?.entry ?? null;
    if (entry !== null && entry.path !== path) {
      throw refusePath(path, `is the same file as ${JSON.stringify(entry.path)}`);
    }
    this.claims.claimTarget(path, place.target);
    return place;
  }

  /** Returns the place of something in a declared folder, whatever it is called. */
  placeIn(folder: TreeNode, name: string): DiskPlace {
    const { root, folders, target } = this.placeOf(folder.path);
    return { root, folders: [...folders, target], folder: target, target: `${target}/${name}` };
  }

  /** Adds a step. */
  add(step: Extract<Step, { readonly kind: "make" | "reown" }>): void {
    this.#steps.push(step);
    this.#local.add(step.entry);
  }

  /** Adds a file whose contents have to come. */
  bring(entry: FileEntry, { isThere }: { readonly isThere: boolean }): void {
    this.#unconfirmed.add(entry.path);
    this.#steps.push({ kind: "bring", entry, isThere });
  }

  /** Adds something that cannot be done. */
  refuse(path: string, code: StorageErrorCode): void {
    this.#unconfirmed.add(path);
    this.#refused.add(path);
    this.#steps.push({ kind: "refuse", path, code });
  }

  /** Adds something that is to be removed; what has the same name for a keeper goes with it. */
  remove(
    path: string,
    removal: FoundRemoval,
    { isInTheWay = false }: { readonly isInTheWay?: boolean } = {},
  ): void {
    this.#removed.add(removal.at);
    // A link to a generation goes with it.
    const behind = removal.extent === "tree" ? generationOf(removal.at) : null;
    if (behind !== null) {
      this.#removed.add(behind);
      removal.set?.dropped.add(behind);
    }
    if (removal.isLate === true) this.#late.add(removal.at);
    removal.set?.dropped.add(removal.at);
    const same = this.#removals.get(path);
    if (same !== undefined) return void same.push(removal);
    this.#removals.set(path, [removal]);
    this.#steps.push({ kind: "remove", path, isInTheWay });
  }

  /** Tells whether something is removed, by itself or with a folder above it. */
  isRemoved(at: string): boolean {
    for (let end = at.length; end > 0; end = at.lastIndexOf("/", end - 1)) {
      if (this.#removed.has(at.slice(0, end))) return true;
    }
    return false;
  }

  /** Notes the link of a set of which nothing is left. */
  noteVanishing(link: string): void {
    this.#removed.add(link);
    this.#late.add(link);
  }

  /** Tells whether something that is removed goes at the end. */
  isLate(at: string): boolean {
    return this.#late.has(at);
  }

  /** Notes a file that was looked into. */
  noteFile(at: string): void {
    this.#files.add(at);
  }

  /** Notes a folder that is missing. */
  noteMissing(path: string): void {
    this.#missing.push(path);
  }

  /** Notes something that need not be remembered any more. */
  forget(path: string): void {
    this.#forgotten.push(path);
  }

  /** Adds a folder whose contents are exchanged at once. */
  addSet(
    node: TreeNode,
    { path = node.path, ...found }:
      & Pick<SetPlan, "current" | "isLink" | "isDeclared">
      & { readonly path?: string },
  ): SetPlan {
    const place = this.placeOf(path);
    const set: SetPlan = {
      ...found,
      node,
      place,
      expected: new Set(),
      dropped: new Set(),
      isBlocked: false,
    };
    this.#sets.set(place.target, set);
    return set;
  }

  /** Adds the step of a set that is to become a folder as all others, or the other way round. */
  addRebuild({ path, entry }: TreeNode): void {
    if (entry?.kind === "folder") {
      if (!this.#local.has(entry)) this.add({ kind: "reown", entry });
      return;
    }
    const folder: FolderEntry = {
      kind: "folder",
      path,
      mode: PRIVATE_FOLDER,
      strategy: "ALLOW_ADDS",
    };
    this.add({ kind: "make", entry: folder });
  }

  /** Returns the set that a path leads into, or to; `null` where it does to none. */
  setOf(path: string): SetPlan | null {
    if (this.#sets.size === 0) return null;
    const { folders, target } = this.placeOf(path);
    for (const folder of [target, ...folders]) {
      const set = this.#sets.get(folder);
      if (set !== undefined) return set;
    }
    return null;
  }

  /**
   * Notes for each set which steps its next state takes. Where one of them cannot be done none is.
   */
  closeSets(): void {
    if (this.#sets.size === 0) return;
    const sets = this.#steps.map((step) => this.#findSet(step));
    for (const [i, step] of this.#steps.entries()) {
      const set = sets[i] ?? null;
      set?.expected.add(pathOf(step));
      if (step.kind === "refuse" && set !== null) set.isBlocked = true;
    }
    for (const [i, step] of this.#steps.entries()) {
      if (sets[i]?.isBlocked !== true || step.kind === "refuse") continue;
      const path = pathOf(step);
      this.#unconfirmed.add(path);
      this.#refused.add(path);
      this.#steps[i] = { kind: "refuse", path, code: SET_INCOMPLETE };
    }
  }

  #findSet(step: Step): SetPlan | null {
    const path = pathOf(step);
    const [removal] = step.kind === "remove" ? this.removalsOf(path) : [];
    if (removal !== undefined) return removal.set;
    try {
      return this.setOf(path);
    } catch {
      // A path that leads nowhere leads into no set.
      return null;
    }
  }
}

function pathOf(step: Step): string {
  return "entry" in step ? step.entry.path : step.path;
}
