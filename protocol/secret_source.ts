/**
 * What a keeper needs of the place where its secret files are (spec, section 8).
 *
 * @module
 */
import type { Bytes } from "./bytes.ts";
import type {
  DeclaredCertificate,
  FileEntry,
  Hook,
  ManifestEntry,
  Service,
} from "./manifest_entry.ts";

/**
 * What a keeper delivers to one agent.
 *
 * @example
 * ```ts
 * import { encodeHex, type SecretSource, sha256Digest } from "@fluxvault/fluxvault/protocol";
 *
 * const secret = new TextEncoder().encode("correct horse"); // From wherever it is kept.
 * const source: SecretSource = {
 *   entries: [{
 *     kind: "file",
 *     path: "db.password",
 *     digest: encodeHex(await sha256Digest(secret)),
 *     size: secret.length,
 *     mode: 0o600,
 *     strategy: "STRICT",
 *   }],
 *   missing: new Set(["api.token"]), // The agent's as well, and not to be had now.
 *   open: () => Promise.resolve({ offset: 0, chunks: ReadableStream.from([secret]) }),
 * }; // For `deliverAsKeeper(session, source, ...)`.
 * const [entry] = source.entries;
 * if (entry?.kind !== "file") throw new Error("it is a file");
 * const content = await source.open(entry, { offset: 0, prefix: null });
 * console.assert((await Array.fromAsync(content?.chunks ?? []))[0]?.length === entry.size);
 * ```
 */
export interface SecretSource {
  /** What the agent should hold. */
  readonly entries: readonly ManifestEntry[];
  /** The hooks that the entries name. @default {[]} */
  readonly hooks?: readonly Hook[];
  /** The certificates that the entries name. @default {[]} */
  readonly certificates?: readonly DeclaredCertificate[];
  /** The services that the agent runs. @default {[]} */
  readonly services?: readonly Service[];
  /** Paths that are the agent's by right but that the vault does not hold now. */
  readonly missing: ReadonlySet<string>;
  /**
   * Opens a file for one answer.
   *
   * @returns The contents, or `null` where the vault no longer holds what the entry says.
   * @throws {StorageError} where it cannot be read.
   */
  open(entry: FileEntry, from: ResumePoint): Promise<SecretContent | null>;
}

/** From where on an agent asks for a file. */
export interface ResumePoint {
  /** How many bytes it has already. */
  readonly offset: number;
  /** Their SHA-256, or `null` at offset 0; 32 bytes. */
  readonly prefix: Bytes | null;
}

/** The contents of one file on their way out. */
export interface SecretContent {
  /** From which byte on; 0 unless the agent's prefix agreed. */
  readonly offset: number;
  /**
   * The bytes from there to the end, exactly as many as the entry says.
   *
   * Nothing is held open before the first piece is asked for: none may be, if the session ends.
   * Throws {@linkcode StorageError} `file-changed` where the file changes while it is read. A piece
   * is used up before the next is asked for.
   */
  readonly chunks: AsyncIterable<Uint8Array>;
  /**
   * Opens the same bytes once more, where they may be compressed: a first look tells how long they get.
   *
   * @returns `null` where they are no longer the same.
   */
  readonly reopen?: () => Promise<AsyncIterable<Uint8Array> | null>;
}
