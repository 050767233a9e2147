/**
 * How what is on the disk differs from what is declared: each folder is looked at once, and nothing is
 * changed but for what a process that was killed left between two names.
 *
 * @module
 */
import {
  encodeHex,
  type FileEntry,
  type FolderEntry,
  StorageError,
  type StorageErrorCode,
  type WantedState,
} from "../../../protocol/mod.ts";
import {
  checkEntry,
  fileError,
  findStrangers,
  folderError,
  generationOf,
  joinName,
  lookAt,
  reportedPath,
  type TreeNode,
  type WayRules,
} from "../paths/mod.ts";
import {
  type DeviceTraits,
  type FileDigests,
  type MemoryBacking,
  restoreFormer,
} from "../files/mod.ts";
import type { Findings } from "./findings.ts";
import { surveyGone } from "./gone_survey.ts";
import { type Inventory, Pace } from "../state/mod.ts";
import { isWhollyOurs } from "./our_tree.ts";
import type { SetPlan } from "../sets/mod.ts";

/** What a survey looks at, and knows already. */
export interface SurveyParts {
  /** What may be on the way. */
  readonly rules: WayRules;
  /** What devices keep of owners and modes. */
  readonly traits: DeviceTraits;
  /** What files hold. */
  readonly digests: FileDigests;
  /** What was put in place before. */
  readonly inventory: Inventory;
  /** Whether files lie in memory. */
  readonly memory: MemoryBacking;
  /** Tells a file that is found to be a mount of its own. */
  readonly isMount: (at: string, info: Deno.FileInfo) => boolean;
  /** Waits until what an earlier process left half-written is gone. */
  readonly swept: () => Promise<unknown>;
}

/** The folder in which something is looked at. */
interface Surroundings {
  /** Its real path, or `null` where it is missing. */
  readonly at: string | null;
  /** Whether it is below a root: what is above one is not looked at. */
  readonly isBelowRoot: boolean;
  /** Whether nobody but the keeper decides what is in it. */
  readonly isStrict: boolean;
  /** The device of it, or of the nearest folder above that is there. */
  readonly dev: number;
  /** The nearest folder that is there. */
  readonly there: string;
  /** The set that it belongs to. */
  readonly set: SetPlan | null;
}

/** The place of a declared file. */
interface FoundPlace {
  readonly entry: FileEntry;
  /** Its real path, or `null` where its folder is missing. */
  readonly at: string | null;
  readonly around: Surroundings;
}

/** A file that is there. */
interface FoundFile {
  readonly at: string;
  readonly info: Deno.FileInfo;
}

type FolderNode = TreeNode & { readonly entry: FolderEntry | null };

const ABOVE_ROOTS: Surroundings = {
  at: "",
  isBelowRoot: false,
  isStrict: false,
  dev: 0,
  there: "/",
  set: null,
};

/** Compares; see {@linkcode SecretStore.survey}. */
export async function surveyDisk(
  wanted: WantedState,
  { findings, parts }: { readonly findings: Findings; readonly parts: SurveyParts },
): Promise<void> {
  const walk = new SurveyWalk(wanted, { findings, parts });
  await walk.run();
  await surveyGone(wanted, { findings, ...parts });
  findings.closeSets();
}

/** Returns an error about what is on the disk; throws any other. */
function storageErrorIn(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  throw error;
}

class SurveyWalk {
  readonly #wanted: WantedState;
  readonly #findings: Findings;
  readonly #parts: SurveyParts;
  readonly #pace = new Pace();
  /** Why no file may be put into a folder, by the folder. */
  readonly #refusals = new Map<string, StorageError | null>();

  constructor(
    wanted: WantedState,
    { findings, parts }: { readonly findings: Findings; readonly parts: SurveyParts },
  ) {
    this.#wanted = wanted;
    this.#findings = findings;
    this.#parts = parts;
  }

  async run(): Promise<void> {
    const findings = this.#findings;
    for (const entry of this.#wanted.entries) {
      if (this.#pace.isDue) await this.#pace.rest();
      try {
        findings.tree.plant(entry);
      } catch (error) {
        findings.refuse(entry.path, storageErrorIn(error).code);
      }
    }
    for (const path of this.#parts.inventory.othersThan(this.#wanted.declaredBy)) {
      if (!this.#wanted.isWipe) this.#findings.tree.plantForeign(path);
    }
    // What a hook touches or reads is somebody's, whoever it is.
    for (const { action } of this.#wanted.hooks) {
      const path = action.kind === "touch" ? action.path : "pidFile" in action && action.pidFile;
      if (typeof path === "string") this.#findings.tree.plantForeign(path);
    }
    await this.#lookInto(this.#findings.tree.top, ABOVE_ROOTS);
  }

  async #lookInto(folder: TreeNode, around: Surroundings): Promise<void> {
    for (const node of folder.children.values()) {
      if (node.isKept || !node.isDeclared) continue;
      if (this.#pace.isDue) await this.#pace.rest();
      try {
        const visit = this.#visit(node, around);
        if (visit !== undefined) await visit;
      } catch (error) {
        this.#refuseAll(node, storageErrorIn(error).code);
      }
    }
  }

  /** Returns nothing where there is nothing to be waited for: so it is with most files. */
  #visit(node: TreeNode, around: Surroundings): Promise<void> | undefined {
    if (!node.isRoot && !around.isBelowRoot) return this.#lookInto(node, around);
    const { entry } = node;
    const at = node.isRoot
      ? node.target || "/"
      : around.at === null
      ? null
      : joinName(around.at, node.name);
    if (entry?.kind !== "file") return this.#visitFolder(node as FolderNode, { at, around });
    return this.#visitFile(node, { entry, at, around });
  }

  async #visitFolder(
    node: FolderNode,
    { at, around }: { readonly at: string | null; readonly around: Surroundings },
  ): Promise<void> {
    const { entry } = node;
    let info = at === null ? null : lookAt(at);
    if (at !== null && info === null && around.at !== null) {
      if (restoreFormer(around.at, node.name)) info = lookAt(at);
    }
    const isLink = at !== null && info?.isSymlink === true && around.set === null &&
      (entry !== null || !node.isForeign) && generationOf(at) !== null;
    if (at !== null && info !== null && !info.isDirectory && !isLink) {
      if (!await this.#clear(node, { at, info, around })) throw folderError(at, info);
      info = null;
    }
    if (around.set === null && (entry?.together === true || isLink)) {
      return await this.#visitSet(node, { at: info === null ? null : at, isLink, around });
    }
    if (at === null || info === null) return await this.#visitMissing(node, around);
    await this.#visitThere(node, { at, info, around });
  }

  async #visitMissing(
    node: FolderNode,
    around: Surroundings,
  ): Promise<void> {
    if (node.entry !== null) this.#findings.add({ kind: "make", entry: node.entry });
    if (!node.isRoot) this.#findings.noteMissing(node.path);
    await this.#lookInto(node, { ...around, at: null, isBelowRoot: true, isStrict: false });
  }

  /** Looks at a folder that is there, and into it. */
  async #visitThere(
    node: FolderNode,
    { at, info, around, set = around.set }: {
      readonly at: string;
      readonly info: Deno.FileInfo;
      readonly around: Surroundings;
      readonly set?: SetPlan | null;
    },
  ): Promise<void> {
    const { entry } = node;
    checkEntry(at, { info, rules: this.#parts.rules });
    if (entry !== null && entry.strategy !== "ENSURE_CREATED") {
      if (this.#parts.traits.differs(info, entry)) this.#findings.add({ kind: "reown", entry });
    }
    const isStrict = entry?.strategy === "STRICT";
    const inside = { at, isBelowRoot: true, isStrict, dev: info.dev, there: at, set };
    await this.#lookInto(node, inside);
    if (!isStrict) return;
    await this.#attempt(
      () => this.#findStrangers(node, { at, info, set }),
      (code) => this.#findings.refuse(node.path, code),
    );
  }

  async #findStrangers(
    node: TreeNode,
    { at, info, set }: {
      readonly at: string;
      readonly info: Deno.FileInfo;
      readonly set: SetPlan | null;
    },
  ): Promise<void> {
    const strangers = await findStrangers(at, { declared: node.children, info });
    for (const { name, isReachable } of strangers) {
      const path = reportedPath(node.path, name);
      if (!isReachable) {
        this.#findings.refuse(path, "path-refused");
        continue;
      }
      const place = this.#findings.placeIn(node, name);
      const removal = { place, at: joinName(at, name), extent: "tree", set } as const;
      this.#findings.remove(path, removal);
    }
  }

  async #visitSet(
    node: FolderNode,
    { at, isLink, around }: {
      readonly at: string | null;
      readonly isLink: boolean;
      readonly around: Surroundings;
    },
  ): Promise<void> {
    const { entry } = node;
    const current = at !== null && isLink ? generationOf(at) : at;
    const info = current === null ? null : lookAt(current);
    const isThere = info?.isDirectory === true;
    const set = this.#findings.addSet(node, {
      current: isThere ? current : null,
      isLink: entry?.together === true,
      isDeclared: true,
    });
    if (current === null || !isThere) return await this.#visitMissing(node, { ...around, set });
    await this.#visitThere(node, { at: current, info, around, set });
    // A folder becomes a link, or a link a folder.
    if (isLink !== (entry?.together === true)) this.#findings.addRebuild(node);
  }

  #visitFile(node: TreeNode, found: FoundPlace): Promise<void> | undefined {
    const refusal = this.#refusals.get(found.around.there);
    if (refusal === undefined) return this.#visitFirstFile(node, found);
    if (refusal !== null) throw refusal;
    const { entry, at } = found;
    const info = at === null ? null : lookAt(at);
    if (at === null || info === null) {
      return void this.#findings.bring(entry, { isThere: false });
    }
    if (!info.isFile) return this.#replace(node, { ...found, at, info });
    this.#findings.claims.claimInode(entry.path, info);
    if (entry.strategy === "ENSURE_CREATED") return undefined;
    return this.#compare(entry, { at, info });
  }

  async #visitFirstFile(node: TreeNode, found: FoundPlace): Promise<void> {
    await this.#checkMemory(found.around);
    await this.#visitFile(node, found);
  }

  async #replace(
    node: TreeNode,
    { entry, at, info, around }: FoundPlace & {
      readonly at: string;
      readonly info: Deno.FileInfo;
    },
  ): Promise<void> {
    if (!await this.#clear(node, { at, info, around })) throw fileError(at, info);
    this.#findings.bring(entry, { isThere: false });
  }

  /** Looks once at each folder into which files are put. */
  async #checkMemory({ there, dev }: Surroundings): Promise<void> {
    let refusal: StorageError | null = null;
    await this.#attempt(() => this.#parts.memory.check(there, dev), (_code, error) => {
      refusal = error;
    });
    this.#refusals.set(there, refusal);
  }

  #compare(entry: FileEntry, found: FoundFile): Promise<void> | undefined {
    const { at, info } = found;
    this.#findings.noteFile(at);
    // What has another length need not be read.
    const isSame = info.size === entry.size && this.#parts.digests.holds(at, info, entry.digest);
    if (isSame === null) return this.#compareContents(entry, found);
    this.#settle(entry, { at, info, isSame });
    return undefined;
  }

  async #compareContents(entry: FileEntry, { at, info }: FoundFile): Promise<void> {
    // What cannot be read is replaced.
    const held = await this.#parts.digests.of(at, info).catch(() => null);
    const isSame = held !== null && encodeHex(held) === entry.digest;
    this.#settle(entry, { at, info, isSame });
  }

  #settle(
    entry: FileEntry,
    { at, info, isSame }: FoundFile & { readonly isSame: boolean },
  ): void {
    const { traits, isMount } = this.#parts;
    if (isSame) {
      if (traits.differs(info, entry)) this.#findings.add({ kind: "reown", entry });
    } else if (isMount(at, info) && entry.inPlace !== true) {
      this.#findings.refuse(entry.path, "file-mounted");
    } else this.#findings.bring(entry, { isThere: true });
  }

  /** Has what is in the way removed, where that is ours to do. */
  async #clear(
    node: TreeNode,
    { at, info, around }: {
      readonly at: string;
      readonly info: Deno.FileInfo;
      readonly around: Surroundings;
    },
  ): Promise<boolean> {
    if (node.isForeign || node.isRoot) return false;
    const { entry, path } = node;
    const isOnce = entry?.kind !== "keep" && entry?.strategy === "ENSURE_CREATED";
    const { inventory, digests } = this.#parts;
    const holdings = inventory.of(this.#wanted.declaredBy);
    const mayGo = (around.isStrict && !isOnce) ||
      await isWhollyOurs({ at, path, info }, { holdings, digests });
    if (!mayGo) return false;
    const place = this.#findings.placeOf(path);
    const removal = { place, at, extent: "tree", set: around.set } as const;
    this.#findings.remove(path, removal, { isInTheWay: true });
    return true;
  }

  #refuseAll(node: TreeNode, code: StorageErrorCode): void {
    const { entry } = node;
    if (entry !== null && entry.kind !== "keep") this.#findings.refuse(entry.path, code);
    for (const child of node.children.values()) this.#refuseAll(child, code);
  }

  async #attempt(
    work: () => Promise<void> | void,
    refuse: (code: StorageErrorCode, error: StorageError) => void,
  ): Promise<void> {
    try {
      await work();
    } catch (error) {
      const refusal = storageErrorIn(error);
      refuse(refusal.code, refusal);
    }
  }
}
