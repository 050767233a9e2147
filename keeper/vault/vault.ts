/**
 * The place where the secret files are, and what of it one pass delivers.
 *
 * @module
 */
import type { SecretSource, StorageErrorCode } from "../../protocol/mod.ts";
import type { ManagedFile } from "./managed_files.ts";

/** Holds secret files. */
export interface Vault {
  /**
   * Looks at files and says what they hold now; contents are read again when an agent asks for them.
   *
   * A file that is missing or cannot be read is a fault in the result, not an error.
   *
   * @throws {StorageError} if the vault itself cannot be read; the signal's reason if it is aborted.
   */
  inspect(files: readonly ManagedFile[], options?: VaultInspectOptions): Promise<VaultView>;
}

/** The options of {@linkcode Vault.inspect}. */
export interface VaultInspectOptions {
  /** Ends the work; its reason is thrown as it is. */
  readonly signal?: AbortSignal | undefined;
}

/** A file of the vault that cannot be delivered now. */
export interface VaultFault {
  /** The file. */
  readonly file: ManagedFile;
  /** Why; `file-missing` where it is not there. */
  readonly code: StorageErrorCode;
}

/** What the vault held when it was looked at: a source for any number of deliveries at once. */
export interface VaultView extends SecretSource {
  /** The files that are left out. */
  readonly faults: readonly VaultFault[];
}
