/** Random trees of a vault: what is in them, how they change, and how an agent is to hold them. */
import { encodeHex } from "../../protocol/bytes.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import { sampleBytes } from "./site.ts";

/** A file by its contents, which follow from two numbers, or a folder. */
export type VaultNode =
  | { readonly kind: "file"; readonly size: number; readonly seed: number; readonly isRun: boolean }
  | { readonly kind: "folder" };

/** What is below one source of a vault, by path; every folder on the way is in it. */
export type VaultTree = ReadonlyMap<string, VaultNode>;

/** Draws a number below another. */
export type Random = (below: number) => number;

const FOLDER: VaultNode = { kind: "folder" };
const NAMES = ["a", "b", "c", "D", "caf\u00e9", "x y"];
const SIZES = [0, 9, 700, 5_000, 40_000, 70_000, 150_000];
const MAX_DEPTH = 3;

/** Draws one of several. */
export function pick<T>(random: Random, items: readonly T[]): T {
  return items[random(items.length)] as T;
}

/** Makes a file that no other draw makes. */
export function newFile(random: Random, size = pick(random, SIZES)): VaultNode {
  return { kind: "file", size, seed: 1 + random(2_000_000_000), isRun: random(5) === 0 };
}

/** Makes a tree of some edits to nothing. */
export function newTree(random: Random, edits: number): VaultTree {
  return editTree(new Map([["kept", newFile(random, 900)]]), { random, edits });
}

/**
 * Changes a tree: files come, change and go, and become folders, which become files; some folders are
 * empty. A file `kept` is never taken away, so that the tree is none that may be a disk that is gone.
 */
export function editTree(
  tree: VaultTree,
  { random, edits }: { readonly random: Random; readonly edits: number },
): VaultTree {
  const next = new Map(tree);
  for (let i = 0; i < edits; i++) editOnce(next, random);
  return next;
}

function editOnce(tree: Map<string, VaultNode>, random: Random): void {
  const present = [...tree.keys()];
  const path = random(2) === 0 && present.length > 0 ? pick(random, present) : newPath(random);
  const node = tree.get(path);
  if (path === "kept") {
    tree.set(path, newFile(random, 900));
    return;
  }
  const deed = random(10);
  if (node !== undefined && deed < 3) {
    removeBelow(tree, path);
  } else if (node?.kind === "file" && deed < 5) {
    // A folder in the place of a file, with something in it or without.
    tree.set(path, FOLDER);
    if (random(3) > 0) tree.set(`${path}/${pick(random, NAMES)}`, newFile(random));
  } else if (node?.kind === "file" && deed === 5) {
    tree.set(path, { ...node, isRun: !node.isRun });
  } else if (deed === 6) {
    removeBelow(tree, path);
    put(tree, path, FOLDER);
  } else {
    // A file in the place of whatever was there.
    removeBelow(tree, path);
    put(tree, path, newFile(random));
  }
}

function newPath(random: Random): string {
  return Array.from({ length: 1 + random(MAX_DEPTH) }, () => pick(random, NAMES)).join("/");
}

function removeBelow(tree: Map<string, VaultNode>, path: string): void {
  for (const other of [...tree.keys()]) {
    if (other === path || other.startsWith(`${path}/`)) tree.delete(other);
  }
}

function put(tree: Map<string, VaultNode>, path: string, node: VaultNode): void {
  for (let end = path.indexOf("/"); end > 0; end = path.indexOf("/", end + 1)) {
    tree.set(path.slice(0, end), FOLDER);
  }
  tree.set(path, node);
}

/** Makes a folder hold a tree where it held another; what is the same in both is left as it is. */
export async function storeTree(
  folder: string,
  { before, next }: { readonly before: VaultTree; readonly next: VaultTree },
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [path, node] of before) {
    if (next.get(path)?.kind === node.kind) continue;
    await Deno.remove(`${folder}/${path}`, { recursive: true }).catch(() => {});
  }
  for (const path of [...next.keys()].sort()) {
    const node = next.get(path);
    if (node?.kind === "folder") {
      await Deno.mkdir(`${folder}/${path}`, { recursive: true, mode: 0o700 });
    } else if (node !== undefined && node !== before.get(path)) {
      await storeFile(`${folder}/${path}`, node);
    }
  }
}

/** Writes a file of a vault. */
export async function storeFile(path: string, node: VaultNode): Promise<void> {
  if (node.kind !== "file") throw new TypeError(`${path} is a folder`);
  await Deno.writeFile(path, sampleBytes(node.size, node.seed));
  await Deno.chmod(path, node.isRun ? 0o700 : 0o600);
}

/** What a directive says of modes. */
export interface DeclaredModes {
  /** Of files; by default it is whether their owner may run them. */
  readonly mode?: number;
  /** Of folders. @default {0o700} */
  readonly folderMode?: number;
}

/** Says how an agent is to hold a file or folder, in the words of {@linkcode takePicture}. */
export async function describeNode(node: VaultNode, modes: DeclaredModes = {}): Promise<string> {
  const { folderMode = 0o700 } = modes;
  if (node.kind === "folder") return `folder ${folderMode.toString(8)}`;
  const { mode = node.isRun ? 0o700 : 0o600 } = modes;
  return describeFile(mode, await digestText(sampleBytes(node.size, node.seed)));
}

/** Says what a file is that has this mode and these contents. */
function describeFile(mode: number, digest: string): string {
  return `file ${mode.toString(8)} ${digest}`;
}

/** Returns the digest of contents as text. */
export async function digestText(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return encodeHex(await sha256Digest(bytes));
}
