/**
 * What an agent needs of the place where it puts its secret files (spec, section 8).
 *
 * @module
 */
import type { Bytes } from "./bytes.ts";
import type { FileEntry } from "./manifest_entry.ts";
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
   * Opens what is at a path for reading.
   *
   * @returns Its contents, each piece to be used up before the next is asked for, or `null` where
   * nothing is. Nothing is held open before the first piece is asked for.
   * @throws {StorageError} where the path is refused or cannot be read; so may the contents.
   */
  open(path: string): Promise<AsyncIterable<Uint8Array> | null>;
  /**
   * Opens a place for a file that is on its way; nothing at the path changes yet.
   *
   * @throws {StorageError}
   */
  stage(path: string, options: StageOptions): Promise<StagedFile>;
  /** Makes durable what was put in place since the last call: the delivery is at its end. */
  settle(): Promise<void>;
}

/** What a store needs to know of a file in advance. */
export interface StageOptions {
  /** Its length in bytes, or `null` where it is not known in advance. */
  readonly size: number | null;
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
  readonly entries: readonly FileEntry[];
}
