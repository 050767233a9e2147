/**
 * The next state of a folder whose contents are exchanged at once: built whole beside it, and then put
 * in its place.
 *
 * @module
 */
import { type Ownership, RESERVED_PREFIX, StorageError } from "../../../protocol/mod.ts";
import { basename, join, storageError } from "../../../protocol/host/mod.ts";
import {
  type Arrival,
  type DiskPlace,
  formerName,
  generationName,
  generationOf,
  linkName,
  lookAt,
  makeFolders,
  type TreeNode,
  walkTo,
  walkToFolder,
  type WayRules,
} from "../paths/mod.ts";
import {
  exchange,
  mountError,
  ownershipFrom,
  removeTree,
  setOwnership,
  syncFolder,
} from "../files/mod.ts";
import { copyEntry, linkEntry } from "./tree_copy.ts";

const PRIVATE_FOLDER = 0o700;

/** What a survey found of a folder that is exchanged at once. */
export interface SetPlan {
  /** What is declared in it. */
  readonly node: TreeNode;
  /** Where it is. */
  readonly place: DiskPlace;
  /** Where its contents are now, or `null` where it is missing. */
  readonly current: string | null;
  /** Whether it is to be a link to a generation; else a folder, as all others. */
  readonly isLink: boolean;
  /** Whether something is declared in it, or of it; else it goes with the last of what was. */
  readonly isDeclared: boolean;
  /** The paths of all steps that its next state takes. */
  readonly expected: Set<string>;
  /** What is in it now and is not to be in its next state. */
  readonly dropped: Set<string>;
  /** Whether something of it cannot be done: then nothing is. */
  isBlocked: boolean;
}

/** Builds the next state of one set. */
export class SetBuild {
  readonly #plan: SetPlan;
  readonly #rules: WayRules;
  readonly #done = new Set<string>();
  #opening: Promise<string> | null = null;
  /** The folders of the next state, innermost first. */
  readonly #folders = new Map<string, Ownership>();

  /** Makes nothing yet. */
  constructor(plan: SetPlan, rules: WayRules) {
    this.#plan = plan;
    this.#rules = rules;
  }

  /** What a survey found of the set. */
  get plan(): SetPlan {
    return this.#plan;
  }

  /** The paths of what was done for the next state. */
  get done(): ReadonlySet<string> {
    return this.#done;
  }

  /** Whether all that the next state takes was done. */
  get isComplete(): boolean {
    const { expected, isBlocked } = this.#plan;
    return !isBlocked && [...expected].every((path) => this.#done.has(path));
  }

  /** Notes that something was done, by its path. */
  note(path: string): void {
    this.#done.add(path);
  }

  /** Looks at the file that is now at a place in the set; `null` where none is. */
  look(place: DiskPlace): Deno.FileInfo | null {
    try {
      return this.#walkToCurrent(place).info;
    } catch {
      // Something else is there, which the next state does not have.
      return null;
    }
  }

  /**
   * Makes the folders for a file of the next state.
   *
   * @returns Where it waits, and where it is to go.
   * @throws {StorageError}
   */
  async openPlace(place: DiskPlace): Promise<{ readonly folder: string; readonly target: string }> {
    const folder = await this.#open();
    const target = join(folder, this.#wayTo(place));
    try {
      await Deno.mkdir(join(target, ".."), { recursive: true, mode: PRIVATE_FOLDER });
    } catch (error) {
      throw storageError(error, `make the folder of ${JSON.stringify(target)}`);
    }
    return { folder, target };
  }

  /**
   * Copies a file into the next state, with another mode or owner.
   *
   * @throws {StorageError}
   */
  async reown(place: DiskPlace, ownership: Ownership): Promise<void> {
    const { target: from, info } = this.#walkToCurrent(place);
    if (info === null) {
      throw new StorageError("file-changed", `${JSON.stringify(place.target)} vanished`);
    }
    const { target } = await this.openPlace(place);
    await copyEntry({ at: from, info }, { to: target, ownership });
  }

  /**
   * Adds what stays as it is, and puts the next state in place.
   *
   * @returns The folder in which something was exchanged.
   * @throws {StorageError} and the set is as it was.
   */
  async complete(): Promise<string> {
    const { place, current, node, isDeclared } = this.#plan;
    const next = await this.#open();
    try {
      const count = await this.#carry(next, { from: current, node });
      if (!isDeclared && count === 0) {
        await Deno.remove(next, { recursive: true });
        return await this.#vanish();
      }
      for (const [at, ownership] of this.#folders) await this.#finishFolder(at, ownership);
      if (!this.#plan.isLink) await makeLinks(next, node);
      await this.#putInPlace(next);
      return place.folder;
    } catch (error) {
      await this.abandon();
      throw storageError(error, `exchange ${JSON.stringify(place.target)}`);
    }
  }

  /** Forgets the next state; never rejects. */
  async abandon(): Promise<void> {
    try {
      const folder = await this.#opening;
      if (folder !== null) await Deno.remove(folder, { recursive: true });
    } catch {
      // Never made, or in place already; the sweep at the next start finds what is left.
    }
  }

  #wayTo({ target }: DiskPlace): string {
    return target.slice(this.#plan.place.target.length);
  }

  #walkToCurrent(place: DiskPlace): Arrival {
    const { current: root, place: { target: named } } = this.#plan;
    if (root === null) return { folder: null, dev: null, target: place.target, info: null };
    const within = (path: string) => join(root, path.slice(named.length));
    const folders = place.folders.filter((folder) => folder.length > named.length).map(within);
    const folder = within(place.folder);
    return walkTo({ root, folders, folder, target: within(place.target) }, this.#rules);
  }

  #open(): Promise<string> {
    this.#opening ??= this.#make();
    return this.#opening;
  }

  async #make(): Promise<string> {
    const { place } = this.#plan;
    await makeFolders(place, this.#rules);
    const folder = join(place.folder, generationName());
    try {
      await Deno.mkdir(folder, { mode: PRIVATE_FOLDER });
    } catch (error) {
      throw storageError(error, `make ${JSON.stringify(folder)}`);
    }
    return folder;
  }

  /** Takes over what stays, and notes how the folder is to be; returns how much is in it. */
  async #carry(
    to: string,
    { from, node }: { readonly from: string | null; readonly node: TreeNode | undefined },
  ): Promise<number> {
    const before = from === null ? null : lookAt(from);
    let count = 0;
    if (from !== null && before?.isDirectory === true) {
      for await (const { name } of Deno.readDir(from)) {
        count += await this.#carryEntry(name, { from, to, node, device: before.dev });
      }
    }
    for (const child of node?.children.values() ?? []) {
      const at = join(to, child.name);
      if (!hasFolder(child) || this.#folders.has(at)) continue;
      await makePrivate(at);
      count += 1 + await this.#carry(at, { from: null, node: child });
    }
    this.#folders.set(to, ownershipOf(node, before));
    return count;
  }

  async #carryEntry(
    name: string,
    { from, to, node, device }: {
      readonly from: string;
      readonly to: string;
      readonly node: TreeNode | undefined;
      readonly device: number;
    },
  ): Promise<number> {
    const target = join(to, name);
    // What was a set inside of this one is a folder of it.
    const at = generationOf(join(from, name)) ?? join(from, name);
    if (name.startsWith(RESERVED_PREFIX) || this.#plan.dropped.has(at)) return 0;
    const info = lookAt(at);
    const child = node?.children.get(name);
    const present = lookAt(target);
    if (info === null) return 0;
    if (!info.isDirectory) {
      // What was brought has its place already; and where a folder is declared no file stays.
      if (present !== null || (child !== undefined && hasFolder(child))) return 0;
      await linkEntry({ at, info }, { to: target });
      return 1;
    }
    if (child?.entry?.kind === "file" || present?.isFile === true) return 0;
    if (info.dev !== device) throw mountError(at);
    await makePrivate(target);
    const count = await this.#carry(target, { from: at, node: child });
    return 1 + count;
  }

  async #finishFolder(at: string, wanted: Ownership): Promise<void> {
    const before = lookAt(at);
    if (before === null) throw new StorageError("file-missing", `${JSON.stringify(at)} vanished`);
    await setOwnership(at, { before, wanted });
    await syncFolder(at);
  }

  async #putInPlace(next: string): Promise<void> {
    const { place, isLink } = this.#plan;
    const { folder, target } = place;
    const name = basename(target);
    if (walkToFolder(place, this.#rules) === null) {
      throw new StorageError("file-missing", `${JSON.stringify(folder)} vanished`);
    }
    await this.#removeFormer(name);
    const old = generationOf(target);
    let put = next;
    if (isLink) {
      put = join(folder, linkName());
      await Deno.symlink(basename(next), put);
    }
    let former: string | null;
    try {
      former = exchange(folder, { name, next: put });
    } catch (error) {
      if (isLink) await Deno.remove(put);
      throw error;
    }
    this.#opening = null;
    await syncFolder(folder);
    // What is left of the state before does no harm; the sweep at the next start finds it.
    for (const rest of [former, old]) await this.#removeRest(rest).catch(() => {});
  }

  /** An earlier process had exchanged it, and did not come to this. */
  async #removeFormer(name: string): Promise<void> {
    const former = formerName(name);
    const { folder, target } = this.#plan.place;
    if (former !== null && lookAt(target) !== null) await this.#removeRest(join(folder, former));
  }

  async #removeRest(at: string | null): Promise<void> {
    const info = at === null ? null : lookAt(at);
    if (at !== null && info !== null) await removeTree(at, { info, rules: this.#rules });
  }

  /** Nothing is left in the set: it goes at once, with all that was in it. */
  async #vanish(): Promise<string> {
    const { folder, target } = this.#plan.place;
    this.#opening = null;
    await this.#removeRest(target);
    await syncFolder(folder);
    return folder;
  }
}

/** Tells whether something declared makes this a folder: a file in it, or itself. */
function hasFolder({ entry, isKept, children }: TreeNode): boolean {
  if (isKept || entry?.kind === "file") return false;
  return entry?.kind === "folder" || [...children.values()].some((child) => {
    return child.entry?.kind === "file" || hasFolder(child);
  });
}

/** Has links stand for the sets in what is itself a set no more. */
async function makeLinks(folder: string, { children }: TreeNode): Promise<void> {
  for (const child of children.values()) {
    const at = join(folder, child.name);
    if (child.entry?.kind !== "folder" || child.entry.together !== true) {
      await makeLinks(at, child);
      continue;
    }
    const name = generationName();
    await Deno.rename(at, join(folder, name));
    await Deno.symlink(name, at);
    await syncFolder(folder);
  }
}

async function makePrivate(folder: string): Promise<void> {
  if (lookAt(folder)?.isDirectory === true) return;
  await Deno.mkdir(folder, { mode: PRIVATE_FOLDER });
}

/** What is declared counts, then what was so before. */
function ownershipOf(node: TreeNode | undefined, before: Deno.FileInfo | null): Ownership {
  const entry = node?.entry;
  const isOnce = entry?.kind === "folder" && entry.strategy === "ENSURE_CREATED";
  if (entry?.kind === "folder" && !(isOnce && before !== null)) return entry;
  return before === null ? { mode: PRIVATE_FOLDER } : ownershipFrom(before);
}
