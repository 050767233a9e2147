/**
 * The disk of the machine that an agent runs on.
 *
 * @module
 */
export { type DiskRoots, type DiskRootsOptions, openDiskRoots } from "./paths/disk_roots.ts";
export { DiskSecretStore } from "./disk_secret_store.ts";
export type { DiskSecretStoreOptions } from "./disk_store_options.ts";
export type { AroundExpiry, ExpiredLeases } from "./expiry.ts";
export type { Clock, EndedLease } from "./state/lease_book.ts";
export type { RecallIssued } from "./state/mod.ts";
export { LeaseWatch, type LeaseWatchParts } from "./lease_watch.ts";
export { isInMemory } from "./files/memory_backing.ts";
export { type PinnedOwner, readOwnerFile, writeOwnerFile } from "./state/owner_file.ts";
export { readRevisionFile, writeRevisionFile } from "./state/revision_file.ts";
export type { SweepReport } from "./stage_sweep.ts";
