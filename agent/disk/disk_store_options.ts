/**
 * Where a store on the disk works, and what it works with.
 *
 * @module
 */
import type { HasherFactory, Logger } from "../../protocol/mod.ts";
import type { Clock, RecallIssued } from "./state/mod.ts";

/** Where a `DiskSecretStore` works. */
export interface DiskSecretStoreOptions {
  /** The working folder, for relative paths; must be there. */
  readonly workingFolder: string;
  /** The agent's folder of state, which no path may lead into; `null` keeps all in memory. */
  readonly stateFolder: string | null;
  /** Folders below which absolute paths may lead; they are made if missing. @default {[]} */
  readonly absoluteFolders?: readonly string[];
  /** Makes a SHA-256 hasher. @default {createNodeHasher} */
  readonly createHasher?: HasherFactory;
  /** Whether a file fails whose folder is not in memory (tmpfs, ramfs). @default {false} */
  readonly requiresMemory?: boolean;
  /** Is told of what is odd and no failure of one file. @default {SILENT_LOGGER} */
  readonly logger?: Logger;
  /** Reads the time, by which leases end. @default {that of the machine} */
  readonly clock?: () => Clock;
  /** Says what is remembered of what came of certificates, in a manifest. @default {nothing} */
  readonly recall?: RecallIssued;
}
