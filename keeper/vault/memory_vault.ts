/**
 * A vault in memory: for tests, examples, and programs that make their secrets themselves.
 *
 * @module
 */
import {
  type Bytes,
  encodeHex,
  equalBytes,
  type ResumePoint,
  type SecretContent,
  sha256Digest,
} from "../../protocol/mod.ts";
import type {
  SourceContents,
  Vault,
  VaultFile,
  VaultItem,
  VaultSource,
  VaultView,
} from "./vault.ts";

/** A file in memory. */
interface Held {
  readonly bytes: Bytes;
  readonly digest: string;
}

/**
 * Holds files in memory.
 *
 * @example
 * ```ts
 * import { MemoryVault } from "@fluxvault/fluxvault/keeper";
 *
 * const vault = await MemoryVault.from({ "tls/key.pem": new Uint8Array([1, 2, 3]) });
 * const view = await vault.inspect();
 * const { items } = view.contentsOf({ source: "tls", symlinks: "refuse" });
 * console.assert(items.map(({ below }) => below).join() === ",key.pem");
 * ```
 */
export class MemoryVault implements Vault, VaultView {
  readonly #held: ReadonlyMap<string, Held>;
  readonly #contents = new Map<string, SourceContents>();
  readonly #bytes = new WeakMap<VaultFile, Bytes>();

  /** Takes files by their paths; folders come of the files that are in them. */
  static async from(files: Readonly<Record<string, Uint8Array>>): Promise<MemoryVault> {
    const held = new Map<string, Held>();
    for (const [path, contents] of Object.entries(files)) {
      const bytes = new Uint8Array(contents);
      held.set(path, { bytes, digest: encodeHex(await sha256Digest(bytes)) });
    }
    return new MemoryVault(held);
  }

  private constructor(held: ReadonlyMap<string, Held>) {
    this.#held = held;
  }

  /** Returns itself: nothing changes here. */
  inspect(): Promise<VaultView> {
    return Promise.resolve(this);
  }

  /** Returns what is at a source; see {@linkcode VaultView.contentsOf}. */
  contentsOf({ source }: VaultSource): SourceContents {
    const known = this.#contents.get(source);
    if (known !== undefined) return known;
    const contents = { items: this.#itemsAt(source) };
    this.#contents.set(source, contents);
    return contents;
  }

  /** Opens a file; see {@linkcode VaultView.open}. */
  async open(file: VaultFile, from: ResumePoint): Promise<SecretContent | null> {
    const bytes = this.#bytes.get(file);
    if (bytes === undefined) return null;
    const agrees = from.prefix !== null &&
      equalBytes(await sha256Digest(bytes.subarray(0, from.offset)), from.prefix);
    const offset = agrees ? from.offset : 0;
    async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
      yield await Promise.resolve((bytes as Bytes).subarray(offset));
    }
    return { offset, chunks: chunks() };
  }

  #itemsAt(source: string): readonly VaultItem[] {
    const held = this.#held.get(source);
    if (held !== undefined) return [this.#fileAt("", held)];
    const prefix = `${source}/`;
    const folders = new Set<string>();
    const files: VaultFile[] = [];
    for (const [path, file] of this.#held) {
      if (!path.startsWith(prefix)) continue;
      const below = path.slice(prefix.length);
      for (let i = below.indexOf("/"); i > 0; i = below.indexOf("/", i + 1)) {
        folders.add(below.slice(0, i));
      }
      files.push(this.#fileAt(below, file));
    }
    if (files.length === 0) {
      const reason = `${JSON.stringify(source)} is not there`;
      return [{ kind: "gap", below: "", code: "file-missing", reason }];
    }
    const paths = ["", ...[...folders].sort()];
    return [...paths.map((below): VaultItem => ({ kind: "folder", below })), ...files];
  }

  #fileAt(below: string, { bytes, digest }: Held): VaultFile {
    const file = { kind: "file", below, digest, size: bytes.length, isProgram: false } as const;
    this.#bytes.set(file, bytes);
    return file;
  }
}
