/**
 * What an agent remembers on its disk: what it made, for how long, and for whom.
 *
 * @module
 */
export {
  type Declarer,
  type FoundFile,
  type Holding,
  type Holdings,
  Inventory,
  isUnsettled,
  MADE_FOLDER,
} from "./inventory.ts";
export { readInventoryFile, writeInventoryFile } from "./inventory_file.ts";
export { type Clock, type DueLeases, type EndedLease, LeaseBook, readClock } from "./lease_book.ts";
export { readLeaseFile, writeLeaseFile } from "./lease_file.ts";
export type { RecallIssued } from "./manifest_file.ts";
export { ManifestMemory } from "./manifest_memory.ts";
export { Pace } from "./pace.ts";
