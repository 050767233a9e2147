/**
 * The place where the secret files are, and what of it one pass delivers.
 *
 * A vault knows nothing of where its files go: it says what is at a source, and opens it.
 *
 * @module
 */
import type { ResumePoint, SecretContent, StorageErrorCode } from "../../protocol/mod.ts";
import type { Declaration } from "./declaration.ts";

/** What of a declaration a vault needs to know. */
export type VaultSource = Pick<Declaration, "source" | "symlinks">;

/** Why a vault cannot say what is somewhere; `file-missing` where a declared source is not there. */
export type VaultFaultCode =
  | StorageErrorCode
  /** The folder held files and is empty or on another device now: what was mounted there is gone. */
  | "mount-missing"
  /** A link leads back to a folder that it is in. */
  | "symlink-loop"
  /** A link leads out of the vault. */
  | "symlink-outside"
  /** Folders are in folders, deeper than a manifest would be of use. */
  | "too-deep"
  /** There is more than one source may hold. */
  | "too-many-files";

/** A file of the vault, as it was when it was looked at. */
export interface VaultFile {
  /** Tells a file from a folder. */
  readonly kind: "file";
  /** Where it is below its source, segments joined by `/`; empty where it is the source itself. */
  readonly below: string;
  /** The SHA-256 of its contents in lower-case hex. */
  readonly digest: string;
  /** Its length in bytes. */
  readonly size: number;
  /** Whether its owner may run it. */
  readonly isProgram: boolean;
}

/** A folder of the vault. */
export interface VaultFolder {
  /** Tells a folder from a file. */
  readonly kind: "folder";
  /** Where it is below its source; empty where it is the source itself. */
  readonly below: string;
}

/** A place of which the vault can say nothing now, with all that may be below it. */
export interface VaultGap {
  /** Tells it from a file. */
  readonly kind: "gap";
  /** Where it is below its source; empty where it is the source itself. */
  readonly below: string;
  /** Why. */
  readonly code: VaultFaultCode;
  /** What was found, for people. */
  readonly reason: string;
}

/** One thing that was found at a source, or below it. */
export type VaultItem = VaultFile | VaultFolder | VaultGap;

/** What is at a source: a file, a folder with all that is below it, or a gap. */
export interface SourceContents {
  /**
   * What was found, folders before what is in them.
   *
   * The same array as the last time where nothing changed, so that what was made of it can be kept.
   */
  readonly items: readonly VaultItem[];
}

/**
 * Holds secret files.
 *
 * @example
 * ```ts
 * import type { Vault, VaultItem } from "@fluxvault/fluxvault/keeper";
 * import { encodeHex, sha256Digest } from "@fluxvault/fluxvault/protocol";
 *
 * const secret = new TextEncoder().encode("correct horse"); // Of another keeper of secrets.
 * const digest = encodeHex(await sha256Digest(secret));
 * const file = { kind: "file", below: "", digest, size: 13, isProgram: false } as const;
 * const [held, absent]: readonly (readonly VaultItem[])[] = [
 *   [file],
 *   [{ kind: "gap", below: "", code: "file-missing", reason: "there is no such secret" }],
 * ];
 * const vault: Vault = {
 *   inspect: () =>
 *     Promise.resolve({
 *       contentsOf: ({ source }) => ({ items: (source === "db.password" ? held : absent) ?? [] }),
 *       open: () => Promise.resolve({ offset: 0, chunks: ReadableStream.from([secret]) }),
 *     }),
 * }; // For `new Keeper({ vault, ... })`.
 * const view = await vault.inspect([]);
 * const source = { source: "api.token", symlinks: "refuse" } as const;
 * console.assert(view.contentsOf(source).items[0]?.kind === "gap");
 * console.assert((await view.open(file, { offset: 0, prefix: null }))?.offset === 0);
 * ```
 */
export interface Vault {
  /**
   * Looks at sources and says what they hold now; contents are read again when an agent asks for them.
   *
   * What is missing or cannot be read is a gap in the result, not an error.
   *
   * @throws {StorageError} if the vault itself cannot be read; the signal's reason if it is aborted.
   */
  inspect(sources: readonly VaultSource[], options?: VaultInspectOptions): Promise<VaultView>;
}

/** The options of {@linkcode Vault.inspect}. */
export interface VaultInspectOptions {
  /** Ends the work; its reason is thrown as it is. */
  readonly signal?: AbortSignal | undefined;
}

/** What the vault held when it was looked at, for any number of deliveries at once. */
export interface VaultView {
  /**
   * Returns what is at a source.
   *
   * @throws {RangeError} if it was not asked for.
   */
  contentsOf(source: VaultSource): SourceContents;
  /**
   * Opens a file of the view for one answer.
   *
   * @returns The contents, or `null` where the vault no longer holds what the file says.
   * @throws {StorageError} where it cannot be read.
   */
  open(file: VaultFile, from: ResumePoint): Promise<SecretContent | null>;
}
