/**
 * One file at a time: what is there, and how it is put in place or taken away.
 *
 * @module
 */
export { exchange, restoreFormer } from "./exchange.ts";
export { compareFile } from "./file_condition.ts";
export { FileDigests, readPieces } from "./file_digests.ts";
export { syncFolder, syncFolders } from "./folder_sync.ts";
export { InPlaceFile } from "./in_place_file.ts";
export { MemoryBacking } from "./memory_backing.ts";
export { type NodeFs, nodeFs } from "./node_fs.ts";
export { DeviceTraits, ownershipFrom, setOwnership } from "./ownership.ts";
export { isStale, type OpenedPart, PartFiles } from "./part_files.ts";
export { mountError, type Removal, remove, removeTree } from "./removal.ts";
export { isPartName, partName, stageName } from "./stage_name.ts";
export { StagedDiskFile, type StagePlan } from "./staged_disk_file.ts";
