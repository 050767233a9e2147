/**
 * The agent: runs beside an application and receives its secret files from a keeper.
 *
 * {@linkcode Agent} takes connections of any kind; {@linkcode listen} and {@linkcode DiskSecretStore}
 * give it a TCP port and a folder.
 *
 * @module
 */
export { Agent, type AgentOptions } from "./agent.ts";
export type { DeliveryOptions } from "./delivery/delivery.ts";
export {
  type AroundExpiry,
  type Clock,
  DiskSecretStore,
  type DiskSecretStoreOptions,
  type EndedLease,
  type ExpiredLeases,
  type RecallIssued,
  type SweepReport,
} from "./disk/mod.ts";
export { type LoadedIdentity, loadIdentity } from "./identity_file.ts";
export type { IncomingConnection, PeerAddress } from "./incoming_connection.ts";
export { listen, type Listener, type ListenOptions } from "./listener.ts";
export * as limits from "./limits.ts";
export { resolveHostName } from "./door/name_resolver.ts";
export {
  formatPeerRule,
  type NameResolver,
  parsePeerRule,
  PeerPolicy,
  type PeerPolicyOptions,
  type PeerRule,
} from "./door/peer_policy.ts";
export type { IpAddress } from "./door/ip_address.ts";
export type { AgentSessionReport } from "./delivery/session_report.ts";
export {
  createStatementVerifier,
  type DepartedFile,
  type FileCondition,
  fixedSigners,
  ManifestGuard,
  type ManifestGuardOptions,
  ReplayMemory,
  type ReplayTerm,
  type RestoredState,
  type RestoreOptions,
  restoreState,
  RevisionMemory,
  type RevisionMemoryOptions,
  type SignerRecovery,
  type SignerRevision,
  type StatementVerifierOptions,
  type TrustedSigners,
  type UnvouchedReason,
} from "./trust/mod.ts";
