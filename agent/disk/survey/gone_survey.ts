/**
 * What was put in place and is declared no more.
 *
 * @module
 */
import { join } from "../../../protocol/host/mod.ts";
import { RESERVED_PREFIX, StorageError, type WantedState } from "../../../protocol/mod.ts";
import {
  type DiskPlace,
  EVERY_SET,
  generationOf,
  lookAt,
  saysElsewhere,
  type TreeNode,
  walkTo,
  walkToFolder,
  type WayRules,
} from "../paths/mod.ts";
import { type FileDigests, isPartName } from "../files/mod.ts";
import type { Findings } from "./findings.ts";
import { type Holding, type Inventory, Pace } from "../state/mod.ts";
import { isOurFile } from "./our_tree.ts";
import type { SetPlan } from "../sets/mod.ts";

/** What the search works with. */
export interface GoneParts {
  /** Takes what is found. */
  readonly findings: Findings;
  /** What was put in place before. */
  readonly inventory: Inventory;
  /** What may be on the way. */
  readonly rules: WayRules;
  /** What files hold. */
  readonly digests: FileDigests;
  /** Waits until what an earlier process left half-written is gone. */
  readonly swept: () => Promise<unknown>;
}

/** Has everything removed that was put in place and is declared no more. */
export async function surveyGone(wanted: WantedState, parts: GoneParts): Promise<void> {
  const search = new GoneSearch(wanted, parts);
  const pace = new Pace();
  const folders: string[] = [];
  for (const [path, holding] of heldFor(wanted, parts.inventory)) {
    if (pace.isDue) await pace.rest();
    if (holding.kind === "folder" || search.isFolderOfOurs(path, holding)) folders.push(path);
    else {
      const finding = search.findFile(path, holding);
      if (finding !== undefined) await finding;
    }
  }
  // The innermost first: a folder may be empty once those in it are gone.
  for (const path of folders.sort((a, b) => b.length - a.length)) {
    if (pace.isDue) await pace.rest();
    await search.findFolder(path);
  }
}

function* heldFor(
  { isWipe, declaredBy }: WantedState,
  inventory: Inventory,
): Generator<readonly [string, Holding], void, undefined> {
  for (const declarer of isWipe ? inventory.declarers : [declaredBy]) {
    yield* inventory.of(declarer);
  }
  if (isWipe) yield* inventory.besides;
}

class GoneSearch {
  readonly #wanted: WantedState;
  readonly #parts: GoneParts;
  readonly #rules: WayRules;

  constructor(wanted: WantedState, parts: GoneParts) {
    this.#wanted = wanted;
    this.#parts = parts;
    // The set may be declared no more either: what leads to our own folder beside it was one.
    this.#rules = { ...parts.rules, sets: EVERY_SET };
  }

  /** Tells whether a folder that the agent made has, or still has, the place of a file. */
  isFolderOfOurs(path: string, { mayBeFolder }: Holding): boolean {
    if (!mayBeFolder || this.#nodeAt(path) === "refused") return false;
    const found = this.#attempt(path, (place) => {
      const folder = walkToFolder(place, this.#rules);
      if (folder === null) return null;
      const at = join(folder, place.target.slice(place.folder.length));
      return lookAt(generationOf(at) ?? at);
    });
    return found !== null && found !== "unknown" && found.isDirectory;
  }

  /** Returns nothing where there is nothing to be waited for: so it is with all that is declared still. */
  findFile(path: string, holding: Holding): Promise<void> | undefined {
    const node = this.#nodeAt(path);
    if (node === "refused" || (node !== null && this.#isDeclared(node))) return undefined;
    const isForeign = node?.isForeign === true && !this.#wanted.isWipe;
    if (isForeign || (holding.isOnce && !this.#wanted.isWipe)) {
      return void this.#parts.findings.forget(path);
    }
    return this.#findGoneFile(path, holding);
  }

  async #findGoneFile(path: string, holding: Holding): Promise<void> {
    const { findings, digests } = this.#parts;
    const arrival = this.#attempt(path, (place) => walkTo(place, this.#rules));
    if (arrival === "unknown") return;
    const info = arrival?.info ?? null;
    if (arrival === null || info === null) return findings.forget(path);
    const at = arrival.target;
    // It goes with what is above it; if that goes.
    if (findings.isRemoved(at)) return;
    if (!await isOurFile({ at, info }, { holding, digests })) return findings.forget(path);
    const place = findings.placeOf(path);
    findings.remove(path, { place, at, extent: "file", set: this.#setOf(path) });
  }

  async findFolder(path: string): Promise<void> {
    const { findings } = this.#parts;
    const node = this.#nodeAt(path);
    if (node === "refused" || (node !== null && isInUse(node))) return;
    if (node?.isForeign === true && !this.#wanted.isWipe) return findings.forget(path);
    const place = findings.placeOf(path);
    const folder = this.#attempt(path, (place) => walkToFolder(place, this.#rules));
    if (folder === "unknown") return;
    if (folder === null) return findings.forget(path);
    const at = join(folder, place.target.slice(place.folder.length));
    const inside = generationOf(at) ?? at;
    if (lookAt(inside)?.isDirectory !== true) return findings.forget(path);
    if (findings.isRemoved(inside)) return;
    const rest = await this.#restOf(inside);
    if (rest === "some") return;
    const set = inside === at ? this.#setOf(path) : this.#setAt(path, inside);
    if (inside !== at) findings.noteVanishing(at);
    const isLate = rest === "late" && set === null;
    findings.remove(path, { place, at: inside, extent: "folder", set, isLate });
  }

  #nodeAt(path: string): TreeNode | null | "refused" {
    try {
      return this.#parts.findings.tree.find(path);
    } catch {
      // It is no longer below what this agent may write to: then it is no longer ours to remove.
      return "refused";
    }
  }

  #isDeclared(node: TreeNode): boolean {
    return node.isKept || node.entry?.kind === "file" || node.isDeclared;
  }

  /** What has something else in its place, or on its way, is not there. */
  #attempt<T>(path: string, walk: (place: DiskPlace) => T): T | null | "unknown" {
    const { findings } = this.#parts;
    try {
      return walk(findings.placeOf(path));
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      if (saysElsewhere(error)) return null;
      findings.refuse(path, error.code);
      return "unknown";
    }
  }

  /** Says what is left in a folder once all is removed: nothing, nothing at the end, or something. */
  async #restOf(folder: string): Promise<"none" | "late" | "some"> {
    const { findings, swept } = this.#parts;
    let rest: "none" | "late" = "none";
    try {
      let names = await listNames(folder);
      if (names.some((name) => name.startsWith(RESERVED_PREFIX))) {
        await swept();
        names = await listNames(folder);
      }
      for (const name of names) {
        const at = join(folder, name);
        if (isPartName(name)) {
          // Nothing is declared here any more, so it goes at the end.
          rest = "late";
          continue;
        }
        if (!findings.isRemoved(at)) return "some";
        if (findings.isLate(at)) rest = "late";
      }
      return rest;
    } catch {
      // What cannot be listed is not known to be empty.
      return "some";
    }
  }

  /** Returns the set that something is in, which may be declared no more. */
  #setOf(path: string): SetPlan | null {
    const { findings } = this.#parts;
    const known = findings.setOf(path);
    if (known !== null) return known;
    const { folders } = findings.placeOf(path);
    for (const [i, folder] of folders.entries()) {
      const generation = generationOf(folder);
      if (generation === null) continue;
      const above = path.split("/").slice(0, i - folders.length).join("/");
      return this.#setAt(above, generation);
    }
    return null;
  }

  #setAt(path: string, current: string): SetPlan {
    const { findings } = this.#parts;
    const known = findings.setOf(path);
    if (known !== null) return known;
    const node = findings.tree.find(path) ?? emptyNode(path);
    return findings.addSet(node, { path, current, isLink: true, isDeclared: false });
  }
}

async function listNames(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
}

/** Tells whether a folder is on the way to something, or nobody's business here. */
function isInUse({ isKept, isRoot, isDeclared, children }: TreeNode): boolean {
  return isKept || isRoot || isDeclared || children.size > 0;
}

function emptyNode(path: string): TreeNode {
  return {
    target: "",
    name: "",
    path,
    entry: null,
    isKept: false,
    isForeign: false,
    isDeclared: false,
    isRoot: false,
    children: new Map(),
  };
}
