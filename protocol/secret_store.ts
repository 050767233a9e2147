/**
 * What an agent needs of the place where it puts its secret files (spec, section 8).
 *
 * @module
 */
import type { Bytes } from "./bytes.ts";
import type { ManifestEntry } from "./manifest.ts";
import type { ManifestMessage } from "./messages.ts";

/** Where an agent puts what it is given. */
export interface SecretStore {
  /** Returns the bytes of the manifest with that digest, if the store holds them. */
  heldManifest(digest: Bytes): Promise<Bytes | null>;
  /** Takes a manifest that was verified and decoded. */
  keepManifest(manifest: HeldManifest): Promise<void>;
  /**
   * Says what is at a path now.
   *
   * @returns Its digest, or `null` where nothing is.
   * @throws {StorageError} where the path is refused or cannot be read.
   */
  inspect(path: string): Promise<Bytes | null>;
  /**
   * Opens a place for a file that is on its way; nothing at the path changes yet.
   *
   * @throws {StorageError}
   */
  stage(path: string, options: StageOptions): Promise<StagedFile>;
  /** Makes durable what was put in place since the last call. */
  settle(): Promise<void>;
}

/** What a store needs to know of a file in advance. */
export interface StageOptions {
  /** Its length in bytes. */
  readonly size: number;
  /** Its permission bits, 0 to 0o777. */
  readonly mode: number;
}

/** A file that is on its way. */
export interface StagedFile {
  /** Appends bytes; must be done with them when it resolves. */
  write(bytes: Bytes): Promise<void>;
  /** Puts the whole, verified file in place at once. */
  commit(): Promise<"created" | "updated">;
  /** Forgets the file; must not throw. */
  discard(): Promise<void>;
}

/** A manifest as an agent keeps it. */
export interface HeldManifest {
  /** What the keeper said of it. */
  readonly message: ManifestMessage;
  /** Its bytes. */
  readonly bytes: Bytes;
  /** Its entries. */
  readonly entries: readonly ManifestEntry[];
}
