/**
 * A vault in memory: for tests, examples, and programs that make their secrets themselves.
 *
 * @module
 */
import { type Bytes, copyBytes, encodeHex, equalBytes } from "./bytes.ts";
import { sha256Digest } from "./digest.ts";
import type { FileEntry } from "./manifest_entry.ts";
import type { ResumePoint, SecretContent, SecretSource } from "./secret_source.ts";

/**
 * Delivers byte strings that are held in memory.
 *
 * @example
 * ```ts
 * import { encodeUtf8, MemorySecretSource } from "@fluxvault/fluxvault/protocol";
 *
 * const source = await MemorySecretSource.from({ "db.password": encodeUtf8("correct horse") });
 * console.assert(source.entries[0]?.path === "db.password");
 * ```
 */
export class MemorySecretSource implements SecretSource {
  /** What the agent should hold. */
  readonly entries: readonly FileEntry[];
  /** Nothing is ever missing in memory. */
  readonly missing: ReadonlySet<string> = new Set();
  readonly #files: ReadonlyMap<string, Bytes>;

  /** Takes files by path; each gets mode 0600 and the strategy `STRICT`. */
  static async from(files: Readonly<Record<string, Uint8Array>>): Promise<MemorySecretSource> {
    const copies = new Map<string, Bytes>();
    const entries: FileEntry[] = [];
    for (const [path, contents] of Object.entries(files)) {
      const bytes = copyBytes(contents);
      copies.set(path, bytes);
      const digest = encodeHex(await sha256Digest(bytes));
      entries.push({
        kind: "file",
        path,
        digest,
        size: bytes.length,
        mode: 0o600,
        strategy: "STRICT",
      });
    }
    return new MemorySecretSource(entries, copies);
  }

  /** Takes entries and the contents that they speak of. */
  constructor(entries: readonly FileEntry[], files: ReadonlyMap<string, Bytes>) {
    this.entries = entries;
    this.#files = files;
  }

  /** Opens a file; see {@linkcode SecretSource.open}. */
  async open(entry: FileEntry, from: ResumePoint): Promise<SecretContent | null> {
    const bytes = this.#files.get(entry.path);
    if (bytes === undefined || encodeHex(await sha256Digest(bytes)) !== entry.digest) return null;
    const agrees = from.prefix !== null &&
      equalBytes(await sha256Digest(bytes.subarray(0, from.offset)), from.prefix);
    const offset = agrees ? from.offset : 0;
    async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
      yield await Promise.resolve((bytes as Bytes).subarray(offset));
    }
    return { offset, chunks: chunks() };
  }
}
