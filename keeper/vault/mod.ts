/**
 * The vault: what is declared, and the place where the secret files are.
 *
 * @module
 */
export type {
  ApplicationCertificate,
  CertificateUsage,
  DeclaredIssue,
} from "./application_certificate.ts";
export type { DeliveryFault, WithheldFile } from "./assembly.ts";
export type { Declaration } from "./declaration.ts";
export { type Declarations, declareForAll } from "./declarations.ts";
export { DiskVault, type DiskVaultOptions } from "./disk_vault.ts";
export type { FolderMark, FolderMarks, FolderMarksStore } from "./folder_marks.ts";
export { FolderMarksFile } from "./folder_marks_file.ts";
export { parseManagedFiles } from "./managed_files.ts";
export { MemoryVault } from "./memory_vault.ts";
export { requireLevels } from "./required_levels.ts";
export type * from "./vault.ts";
export { declareWholeFolder } from "./whole_folder.ts";
