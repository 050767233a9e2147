/**
 * The keeper as a library: it finds the agents of an app, and brings each to hold what the vault holds
 * for it.
 *
 * @example A keeper over a folder and two agents, one pass
 * ```ts no-run
 * import {
 *   dialAgent,
 *   DiskVault,
 *   isPassWanted,
 *   Keeper,
 *   KnownAgentsFile,
 *   parseAgentAddresses,
 *   parseManagedFiles,
 *   StaticFleet,
 * } from "@fluxvault/fluxvault/keeper";
 *
 * const keeper = new Keeper({
 *   fleet: new StaticFleet(parseAgentAddresses(["192.0.2.7", "192.0.2.8:9000"])),
 *   vault: new DiskVault("./vault"),
 *   files: parseManagedFiles(["db.password", "tls/key.pem:/etc/tls/"]),
 *   knownAgents: new KnownAgentsFile("./state"),
 *   dial: dialAgent,
 *   trust: "approve",
 * });
 * const report = await keeper.pass();
 * if (!isPassWanted(report)) throw new Error("some agent lacks some file");
 * ```
 *
 * @module
 */
export {
  type AgentAddress,
  formatAgentAddress,
  parseAgentAddresses,
  type ParseAgentAddressesOptions,
} from "./agent_address.ts";
export { dialAgent } from "./dialer.ts";
export { type Fleet, type FleetListOptions, StaticFleet } from "./fleet.ts";
export { FluxFleet, type FluxFleetOptions } from "./flux_fleet.ts";
export { Keeper, type KeeperOptions, type PassOptions, type RunOptions } from "./keeper.ts";
export {
  type AgentOutcome,
  type AgentReport,
  isAgentWanted,
  isFileWanted,
  isPassWanted,
  type PassProblem,
  type PassReport,
} from "./report.ts";
export type { AgentConnection, Dial, SyncLimits } from "./sync_agent.ts";
export { KnownAgentsFile } from "./trust/known_agents_file.ts";
export {
  type KnownAgent,
  type KnownAgentsState,
  type KnownAgentsStore,
  type ManifestRevision,
  MemoryKnownAgentsStore,
  type PendingAgent,
  type TrustGround,
  type TrustPolicy,
} from "./trust/mod.ts";
export { DiskVault, type DiskVaultOptions } from "./vault/disk_vault.ts";
export { type ManagedFile, parseManagedFiles } from "./vault/managed_files.ts";
export type { Vault, VaultFault, VaultInspectOptions, VaultView } from "./vault/vault.ts";
