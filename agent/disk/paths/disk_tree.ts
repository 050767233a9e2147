/**
 * What is declared, as a tree of places on the disk: two paths to one place meet here.
 *
 * @module
 */
import type { ManifestEntry } from "../../../protocol/mod.ts";
import { type DiskRoot, refusePath, rootOf } from "./disk_path.ts";

/** One place in the tree. */
export interface TreeNode {
  /** Where it is, by the names of what is declared. */
  readonly target: string;
  /** Its name in its folder. */
  readonly name: string;
  /** How it is called on the wire. */
  readonly path: string;
  /** What is declared of it, or `null` where it is on the way to something that is. */
  readonly entry: ManifestEntry | null;
  /** Whether it, and all that is below it, is nobody's business here. */
  readonly isKept: boolean;
  /** Whether somebody else declared it: then it is not removed. */
  readonly isForeign: boolean;
  /** Whether something is declared of it, or below it. */
  readonly isDeclared: boolean;
  /** Whether files are put below it, and nowhere above. */
  readonly isRoot: boolean;
  /** What is in it. */
  readonly children: ReadonlyMap<string, TreeNode>;
}

interface GrowingNode extends TreeNode {
  target: string;
  entry: ManifestEntry | null;
  isKept: boolean;
  isForeign: boolean;
  isDeclared: boolean;
  isRoot: boolean;
  isOwn: boolean;
  children: Map<string, GrowingNode>;
  readonly parent: GrowingNode | null;
}

const NO_CHILDREN: Map<string, GrowingNode> = new Map();

/** Gathers what is declared. */
export class DiskTree {
  readonly #roots: readonly DiskRoot[];
  readonly #top: GrowingNode = makeNode({ target: "", name: "", path: "" }, null);
  readonly #rootNodes = new Map<DiskRoot, GrowingNode>();

  /** Starts with the folders below which files are put. */
  constructor(roots: readonly DiskRoot[]) {
    this.#roots = roots;
    for (const root of roots) {
      const node = this.#growAlong(root.folder);
      node.isRoot = true;
      node.target = root.folder === "/" ? "" : root.folder;
      this.#rootNodes.set(root, node);
    }
  }

  /** The folder above all others. */
  get top(): TreeNode {
    return this.#top;
  }

  /**
   * Adds what is declared.
   *
   * @throws {StorageError} `path-refused` for a path that leads nowhere, to what another path leads to,
   * or through what is no folder.
   */
  plant(entry: ManifestEntry): void {
    const node = this.#growTo(entry.path);
    if (node.entry !== null) {
      throw refusePath(entry.path, `is the same file as ${JSON.stringify(node.entry.path)}`);
    }
    if (entry.kind === "file" && (node.isRoot || node.children.size > 0)) {
      throw refusePath(entry.path, "is a folder on the way to something else");
    }
    if (entry.kind === "folder" && entry.together === true && isFixed(node)) {
      throw refusePath(entry.path, "holds what must not move, and cannot be exchanged at once");
    }
    node.entry = entry;
    if (entry.kind === "keep") node.isKept = true;
    else markDeclared(node);
  }

  /** Marks what somebody else declared, by its path; a path that leads nowhere is none. */
  plantForeign(path: string): void {
    try {
      this.#growTo(path).isForeign = true;
    } catch {
      // It is not below what this agent may write to, or something of ours is in its place; then what
      // is there is not ours to remove, since the other may be in it.
      const inPlace = this.#nearest(path);
      if (inPlace?.entry?.kind === "file") inPlace.isForeign = true;
    }
  }

  /** Marks a folder of the agent's own, by its real path. */
  plantOwn(folder: string): void {
    const node = this.#growAlong(folder);
    node.isKept = true;
    node.isOwn = true;
  }

  /**
   * Finds a place by its path.
   *
   * @returns The place, or what is kept above it; `null` where nothing is declared.
   * @throws {StorageError} `path-refused`.
   */
  find(path: string): TreeNode | null {
    const root = rootOf(path, this.#roots);
    let node: GrowingNode | undefined = this.#rootNodes.get(root);
    for (let start = root.prefix.length; start <= path.length;) {
      const slash = path.indexOf("/", start);
      const end = slash < 0 ? path.length : slash;
      node = node?.children.get(path.slice(start, end));
      if (node === undefined) return null;
      if (node.isKept) return node;
      start = end + 1;
    }
    return node ?? null;
  }

  /** Returns what is planted of the way to a path, as far as anything is. */
  #nearest(path: string): GrowingNode | null {
    let node: GrowingNode | undefined;
    try {
      const root = rootOf(path, this.#roots);
      node = this.#rootNodes.get(root);
      for (const name of path.slice(root.prefix.length).split("/")) {
        const next: GrowingNode | undefined = node?.children.get(name);
        if (next === undefined) break;
        node = next;
      }
    } catch {
      // It is below no root.
    }
    return node ?? null;
  }

  #growAlong(folder: string): GrowingNode {
    const path = folder.replaceAll("\\", "/");
    return this.#grow(this.#top, { way: path.replace(/^\//, ""), path });
  }

  #growTo(path: string): GrowingNode {
    const root = rootOf(path, this.#roots);
    const from = this.#rootNodes.get(root) ?? this.#top;
    return this.#grow(from, { way: path.slice(root.prefix.length), path });
  }

  #grow(
    from: GrowingNode,
    { way, path }: { readonly way: string; readonly path: string },
  ): GrowingNode {
    const offset = path.length - way.length;
    let node = from;
    for (let start = 0; start < way.length;) {
      const slash = way.indexOf("/", start);
      const end = slash < 0 ? way.length : slash;
      const name = way.slice(start, end);
      if (node.entry?.kind === "file") {
        throw refusePath(path, `has the file ${JSON.stringify(node.entry.path)} on its way`);
      }
      let next = node.children.get(name);
      if (next === undefined) {
        const target = `${node.target}/${name}`;
        next = makeNode({ target, name, path: path.slice(0, offset + end) }, node);
        if (node.children === NO_CHILDREN) node.children = new Map();
        node.children.set(name, next);
      }
      if (next.isKept) {
        throw refusePath(path, "leads to what is kept as it is, or to the agent's own");
      }
      node = next;
      start = end + 1;
    }
    return node;
  }
}

/** Tells whether something is a root or the agent's own, or has one in it. */
function isFixed({ isRoot, isOwn, children }: GrowingNode): boolean {
  return isRoot || isOwn || [...children.values()].some(isFixed);
}

/** Marks a place and all above it, up to what is marked already. */
function markDeclared(from: GrowingNode): void {
  for (let node: GrowingNode | null = from; node?.isDeclared === false; node = node.parent) {
    node.isDeclared = true;
  }
}

function makeNode(
  names: Pick<TreeNode, "target" | "name" | "path">,
  parent: GrowingNode | null,
): GrowingNode {
  return {
    ...names,
    parent,
    entry: null,
    isKept: false,
    isForeign: false,
    isDeclared: false,
    isRoot: false,
    isOwn: false,
    children: NO_CHILDREN,
  };
}
