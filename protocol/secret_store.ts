/**
 * What an agent needs of the place where it puts its secret files (spec, section 8).
 *
 * @module
 */
import type { Bytes } from "./bytes.ts";
import type { Hasher } from "./hasher.ts";
import type { FileEntry, StoredManifest } from "./manifest_entry.ts";
import type { ManifestMessage } from "./messages.ts";
import type { FileResult } from "./results.ts";
import type { LocalStep, Survey, WantedState } from "./survey.ts";

/**
 * Where an agent puts what it is given.
 *
 * @example
 * ```ts
 * import { MemorySecretStore, type SecretStore } from "@fluxvault/fluxvault/protocol";
 *
 * // Counts deliveries; another may keep files in a place of its own.
 * class CountingStore extends MemorySecretStore implements SecretStore {
 *   deliveries = 0;
 *
 *   override async settle() {
 *     const results = await super.settle();
 *     this.deliveries++; // All that was delivered is in place now.
 *     return results;
 *   }
 * }
 *
 * const store = new CountingStore(); // For `new Agent({ store, ... })`.
 * await store.settle();
 * console.assert(store.deliveries === 1);
 * ```
 */
export interface SecretStore {
  /** Returns the manifest that was kept last, or `null` where none is held. */
  heldManifest(): Promise<HeldManifest | null>;
  /**
   * Compares what is there with what should be; changes nothing.
   *
   * What cannot be compared, or may not be, is a step of its own kind and no error.
   */
  survey(wanted: WantedState): Promise<Survey>;
  /** Takes a manifest that was verified and decoded: a delivery begins. */
  keepManifest(manifest: HeldManifest): Promise<void>;
  /**
   * Does what needs nothing from the keeper.
   *
   * @throws {StorageError} where it cannot; what was there is untouched, or partly removed.
   */
  perform(step: LocalStep): Promise<void>;
  /**
   * Says what is at a path now; for files that no manifest declares.
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
   * Takes up a file whose contents came in part before a session broke.
   *
   * @returns What came, or `null` where the file has to come from its beginning.
   * @throws {StorageError}
   */
  resume(entry: FileEntry): Promise<ResumedFile | null>;
  /**
   * Opens a place for a file that is on its way; nothing at the path changes yet.
   *
   * @throws {StorageError}
   */
  stage(path: string, options: StageOptions): Promise<StagedFile>;
  /**
   * Makes durable what was put in place since the last call, and exchanges what is exchanged at once:
   * the delivery is at its end.
   *
   * @returns Results that take the place of those that were told before: files that are not in place
   * after all, since another of their set is not (`set-incomplete`).
   */
  settle(): Promise<readonly FileResult[]>;
}

/** What a store needs to know of a file in advance. */
export interface StageOptions {
  /** Its length in bytes, or `null` where it is not known in advance. */
  readonly size: number | null;
  /** Its permission bits, 0 to 0o777. */
  readonly mode: number;
  /** The entry that declares it, or `null` where no manifest does. @default {null} */
  readonly entry?: FileEntry | null;
}

/** A file that is on its way. */
export interface StagedFile {
  /** Appends bytes; must be done with them when it resolves. */
  write(bytes: Bytes): Promise<void>;
  /** Puts the whole, verified file in place at once. */
  commit(): Promise<"created" | "updated">;
  /** Forgets the file; must not throw. */
  discard(): Promise<void>;
  /**
   * Gives up for now: what came may be kept for {@linkcode SecretStore.resume}; must not throw.
   */
  interrupt(): Promise<void>;
}

/** A file of which a part is here already. */
export interface ResumedFile {
  /** How many bytes are here. */
  readonly offset: number;
  /** Their SHA-256; 32 bytes. */
  readonly prefix: Bytes;
  /** Has hashed those bytes, and goes on with what comes. */
  readonly hasher: Hasher;
  /** Takes what comes. */
  readonly staged: StagedFile;
}

/** A manifest as an agent keeps it. */
export interface HeldManifest {
  /** What the keeper said of it. */
  readonly message: ManifestMessage;
  /** Its bytes. */
  readonly bytes: Bytes;
  /** What it declares, in the form in which a store takes it. */
  readonly manifest: StoredManifest;
  /** Who declared it: the address of the keeper's key, or `null` where the keeper does not sign. */
  readonly declaredBy: string | null;
}
