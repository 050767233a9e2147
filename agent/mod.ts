/**
 * The agent: runs beside an application and receives its secret files from a keeper.
 *
 * {@linkcode Agent} takes connections of any kind and puts files wherever its store says;
 * {@linkcode DiskAgent} has folders for them, and {@linkcode listen} gives it a TCP port.
 *
 * @example An agent inside an application, which hears what it is given
 * ```ts
 * import { DiskAgent, listen } from "@fluxvault/fluxvault/agent";
 *
 * const folder = await Deno.makeTempDir();
 * const stop = new AbortController();
 * {
 *   await using agent = await DiskAgent.open({
 *     workingFolder: `${folder}/files`,
 *     stateFolder: `${folder}/state`,
 *     signers: ["1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM"], // Or: peers: ["198.51.100.7"].
 *   });
 *   const events = agent.events();
 *   const listener = listen({ hostname: "127.0.0.1", port: 0 });
 *   const served = agent.serve(listener, { signal: stop.signal });
 *   stop.abort(); // Where an application ends.
 *   for await (const event of events) {
 *     if (event.kind === "delivery") console.assert(event.report.files.length > 0);
 *   }
 *   await served;
 * }
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @module
 */
export { Agent, type AgentOptions } from "./agent.ts";
export type { AgentEvent } from "./agent_events.ts";
export type { ServiceEvent, ServiceState } from "./services/service_status.ts";
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
export { DiskAgent, type DiskAgentOptions } from "./disk_agent.ts";
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
export { openStateFolder, type StateFolder } from "./state_folder.ts";
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
