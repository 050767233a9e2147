/** A vault of everything that can be declared, which changes at random, and what follows from it. */
import type { Picture } from "./disk_picture.ts";
import { sampleBytes, type Site } from "./site.ts";
import {
  type DeclaredModes,
  describeNode,
  editTree,
  newFile,
  newTree,
  type Random,
  storeFile,
  storeTree,
  type VaultNode,
  type VaultTree,
} from "./vault_tree.ts";

/** The large file, whose beginning is kept when it does not come whole. */
export const LARGE = "deep/large";
/** The file that is written over where it is. */
export const IN_PLACE = "in-place";
/** The folder that is exchanged as a whole, for most of the time. */
export const SET = "set";
/** The folder whose files expire. */
export const LEASED = "leased";
/** The folder in which others may put things. */
export const SHARED = "shared";

const MIB = 1_048_576;
/** How large a file is of which a part is kept, at least, and how much larger it may be. */
const LARGE_BYTES = 10 * MIB;
const LARGE_RANGE = 8 * MIB;
const IN_PLACE_BYTES = 100_000;
const IN_PLACE_RANGE = 6 * MIB;

interface Source extends DeclaredModes {
  /** What the directive says beside its source, as YAML writes it. */
  readonly says: string;
  /** Whether it is there at some times alone. */
  readonly isFickle?: boolean;
}

const FOLDERS: Readonly<Record<string, Source>> = {
  strict: { says: "" },
  [SHARED]: {
    says: ", strategy: ALLOW_ADDS, mode: 0640, folder_mode: 0750",
    mode: 0o640,
    folderMode: 0o750,
  },
  [SET]: { says: ", together: true" },
  [LEASED]: { says: ", lease: 24h" },
  passing: { says: ", folder_mode: 0755", folderMode: 0o755, isFickle: true },
};

const FILES: Readonly<Record<string, Source>> = {
  [LARGE]: { says: "", isFickle: true },
  [IN_PLACE]: { says: ", in_place: true, mode: 0644", mode: 0o644 },
  single: { says: "", isFickle: true },
};

/** The vault of a site. */
export class CrashVault {
  readonly #site: Site;
  readonly #random: Random;
  readonly #trees = new Map<string, VaultTree>();
  readonly #files = new Map<string, VaultNode>();
  readonly #absent = new Set<string>();
  /** What each file is to be, by what decides it: reckoning it anew would take long. */
  readonly #descriptions = new WeakMap<VaultNode, string>();
  /** Whether the set is one at the moment, and no folder as all others. */
  isSet = true;

  private constructor(site: Site, random: Random) {
    this.#site = site;
    this.#random = random;
  }

  /** Makes the vault. */
  static async make(site: Site, random: Random): Promise<CrashVault> {
    const vault = new CrashVault(site, random);
    await Deno.mkdir(site.path(`vault/deep`), { recursive: true, mode: 0o700 });
    for (const name of Object.keys(FOLDERS)) await vault.#storeTree(name, newTree(random, 12));
    for (const name of Object.keys(FILES)) await vault.#changeFile(name);
    return vault;
  }

  /** Changes some of it. */
  async edit(): Promise<void> {
    const random = this.#random;
    for (const [name, tree] of [...this.#trees]) {
      if (random(4) === 0) continue;
      await this.#storeTree(name, editTree(tree, { random, edits: 1 + random(6) }));
    }
    if (random(5) < 2) await this.#changeFile(LARGE);
    if (random(2) === 0) await this.#changeFile(IN_PLACE);
    for (const [name, { isFickle }] of Object.entries({ ...FOLDERS, ...FILES })) {
      if (isFickle !== true || random(name === LARGE ? 6 : 2) > 0) continue;
      if (!this.#absent.delete(name)) this.#absent.add(name);
    }
    if (random(6) === 0) this.isSet = !this.isSet;
  }

  /** What is declared, a directive each. */
  get directives(): string[] {
    const present = Object.entries({ ...FOLDERS, ...FILES })
      .filter(([name]) => !this.#absent.has(name));
    return present.map(([name, { says }]) => {
      return `{ source: ${name}${name === SET && !this.isSet ? "" : says} }`;
    });
  }

  /** Says how an agent is to hold all of it. */
  async picture(): Promise<Picture> {
    const picture = new Map<string, string>();
    for (const [name, source] of Object.entries({ ...FOLDERS, ...FILES })) {
      if (this.#absent.has(name)) continue;
      const file = this.#files.get(name);
      if (name.includes("/")) picture.set(name.split("/")[0] ?? "", "folder 700");
      picture.set(name, await this.#describe(file ?? { kind: "folder" }, source));
      for (const [path, node] of this.#trees.get(name) ?? []) {
        picture.set(`${name}/${path}`, await this.#describe(node, source));
      }
    }
    return picture;
  }

  /** Returns the contents of the file that is written over where it is. */
  get inPlace(): Uint8Array<ArrayBuffer> {
    return contentsOf(this.#files.get(IN_PLACE));
  }

  /** Returns how many bytes a file has; 0 for what is none. */
  sizeOf(path: string): number {
    const [source = "", ...rest] = path.split("/");
    const node = this.#files.get(path) ?? this.#trees.get(source)?.get(rest.join("/"));
    return node?.kind === "file" ? node.size : 0;
  }

  async #storeTree(name: string, next: VaultTree): Promise<void> {
    const before = this.#trees.get(name) ?? new Map();
    this.#trees.set(name, next);
    await storeTree(this.#site.path(`vault/${name}`), { before, next });
  }

  async #changeFile(name: string): Promise<void> {
    const random = this.#random;
    const size = name === LARGE
      ? LARGE_BYTES + random(LARGE_RANGE)
      : IN_PLACE_BYTES + random(IN_PLACE_RANGE);
    const node = newFile(random, size);
    this.#files.set(name, node);
    await storeFile(this.#site.path(`vault/${name}`), node);
  }

  async #describe(node: VaultNode, source: Source): Promise<string> {
    if (node.kind === "folder") return await describeNode(node, source);
    const known = this.#descriptions.get(node);
    if (known !== undefined) return known;
    const description = await describeNode(node, source);
    this.#descriptions.set(node, description);
    return description;
  }
}

function contentsOf(node: VaultNode | undefined): Uint8Array<ArrayBuffer> {
  return node?.kind === "file" ? sampleBytes(node.size, node.seed) : new Uint8Array(0);
}
