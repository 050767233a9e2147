/**
 * Whose signature an agent accepts, what it remembers of it, and what it vouches for after a restart.
 *
 * @module
 */
export { ManifestGuard, type ManifestGuardOptions } from "./manifest_guard.ts";
export { OwnerWatch, type OwnerWatchOptions } from "./owner_watch.ts";
export { ReplayMemory, type ReplayTerm } from "./replay_memory.ts";
export {
  type DepartedFile,
  type FileCondition,
  type RestoredState,
  type RestoreOptions,
  restoreState,
  type UnvouchedReason,
} from "./restored_state.ts";
export {
  RevisionMemory,
  type RevisionMemoryOptions,
  type SignerRevision,
} from "./revision_memory.ts";
export { createStatementVerifier, type StatementVerifierOptions } from "./statement_verifier.ts";
export { fixedSigners, type SignerRecovery, type TrustedSigners } from "./trusted_signers.ts";
