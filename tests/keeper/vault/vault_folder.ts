/** A vault folder on disk, for the tests of what reads it. */
import { dirname, join } from "node:path";
import { encodeUtf8, type ResumePoint, type SecretContent } from "../../../protocol/mod.ts";
import { type Bytes, joinBytes } from "../../../protocol/bytes.ts";
import type {
  Vault,
  VaultFile,
  VaultItem,
  VaultSource,
  VaultView,
} from "../../../keeper/vault/vault.ts";
import { assert } from "../../support/assert.ts";

/** Whether the system knows modes, links and special files. */
export const UNIX: boolean = Deno.build.os !== "windows";

/** From the beginning of a file. */
export const FROM_START: ResumePoint = { offset: 0, prefix: null };

/** A vault folder with a folder around it. */
export class VaultFolder implements AsyncDisposable {
  /** The folder around it. */
  readonly root: string;
  /** The vault. */
  readonly path: string;

  private constructor(root: string) {
    this.root = root;
    this.path = join(root, "vault");
  }

  /** Makes the folder and files in it. */
  static async make(files: Readonly<Record<string, string | Bytes>> = {}): Promise<VaultFolder> {
    const root = await Deno.realPath(await Deno.makeTempDir({ prefix: "fluxvault-vault-" }));
    const folder = new VaultFolder(root);
    await Deno.mkdir(folder.path, { mode: 0o700 });
    for (const [name, contents] of Object.entries(files)) await folder.write(name, contents);
    return folder;
  }

  /** Returns the path of something in the vault. */
  at(name: string): string {
    return join(this.path, name);
  }

  /** Writes a file, and makes its folders. */
  async write(name: string, contents: string | Bytes): Promise<void> {
    await Deno.mkdir(dirname(this.at(name)), { recursive: true });
    const bytes = typeof contents === "string" ? encodeUtf8(contents) : contents;
    await Deno.writeFile(this.at(name), bytes);
  }

  /** Makes a link. */
  async link(name: string, target: string): Promise<void> {
    await Deno.symlink(target, this.at(name));
  }

  /** Removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.root, { recursive: true });
  }
}

/** Names a source, as `--managed-files` would. */
export function at(source: string, symlinks: VaultSource["symlinks"] = "refuse"): VaultSource {
  return { source, symlinks };
}

/** Looks at one source. */
export async function itemsAt(
  vault: Vault,
  source: string,
  symlinks: VaultSource["symlinks"] = "refuse",
): Promise<readonly VaultItem[]> {
  const view = await vault.inspect([at(source, symlinks)]);
  return view.contentsOf(at(source, symlinks)).items;
}

/** Describes what was found in words, in order: `below/` of a folder, `below!code` of a gap. */
export function describe(items: readonly VaultItem[]): string[] {
  return items.map((item) => {
    const { below } = item;
    return item.kind === "folder"
      ? `${below}/`
      : item.kind === "gap"
      ? `${below}!${item.code}`
      : below;
  }).sort();
}

/** Returns a file of a view. */
export function fileOf(view: VaultView, source: string, below = ""): VaultFile {
  const file = view.contentsOf(at(source)).items.find((item) => item.below === below);
  assert(file?.kind === "file");
  return file;
}

/** Reads contents to their end. */
export async function readAll(content: SecretContent | null): Promise<Bytes> {
  assert(content !== null);
  const pieces: Bytes[] = [];
  for await (const piece of content.chunks) pieces.push(new Uint8Array(piece));
  return joinBytes(pieces);
}
