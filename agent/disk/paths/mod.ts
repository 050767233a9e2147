/**
 * Where a path of a manifest leads on this disk, and whether the agent may go there.
 *
 * @module
 */
export { Claims } from "./claims.ts";
export {
  type Arrival,
  checkEntry,
  type DiskPlace,
  type DiskRoot,
  enterFolders,
  EVERY_SET,
  fileError,
  folderError,
  type InodeKey,
  inodeKey,
  joinName,
  lookAt,
  makeFolders,
  placeOf,
  refusePath,
  saysElsewhere,
  walkTo,
  walkToFolder,
  type WayRules,
} from "./disk_path.ts";
export { type DiskRoots, openDiskRoots } from "./disk_roots.ts";
export { DiskTree, type TreeNode } from "./disk_tree.ts";
export {
  formerName,
  generationName,
  generationOf,
  isGenerationName,
  isLinkName,
  linkName,
  nameBefore,
} from "./generation_link.ts";
export { findStrangers, reportedPath } from "./strangers.ts";
