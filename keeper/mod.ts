/**
 * The keeper as a library: it finds the agents of an app, and brings each to hold what the vault holds
 * for it.
 *
 * @example A keeper over a folder and an agent that is not there, one pass
 * ```ts
 * import {
 *   declareForAll,
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
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/db.password`, "correct horse");
 * const keeper = new Keeper({
 *   fleet: new StaticFleet(parseAgentAddresses(["127.0.0.1:1"])),
 *   vault: new DiskVault(folder),
 *   declarations: declareForAll(parseManagedFiles(["db.password:etc/"])),
 *   knownAgents: new KnownAgentsFile(`${folder}/state`),
 *   dial: dialAgent,
 *   trust: "approve",
 * });
 * const report = await keeper.pass();
 * console.assert(!isPassWanted(report) && report.agents[0]?.outcome.kind === "unreachable");
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @module
 */
export {
  type AgentAddress,
  formatAgentAddress,
  parseAgentAddresses,
  type ParseAgentAddressesOptions,
} from "./fleet/agent_address.ts";
export {
  type AuditedAgent,
  AuditedDeliveries,
  AuditedKnownAgents,
  type AuditedKnownAgentsOptions,
  AuditError,
  type AuditEvent,
  type AuditLog,
  AuditRecorder,
  type AuditRecorderOptions,
  type ContentsFingerprint,
  createContentsFingerprint,
  MemoryAuditLog,
} from "./audit/mod.ts";
export { auditDial, type AuditDialOptions } from "./audit/audited_dial.ts";
export { AuditFile, type AuditFileOptions } from "./audit/log/audit_file.ts";
export type * from "./actions/mod.ts";
export { dialAgent } from "./contact/dialer.ts";
export { type Fleet, type FleetListOptions, StaticFleet } from "./fleet/fleet.ts";
export { FluxFleet, type FluxFleetOptions } from "./fleet/flux_fleet.ts";
export { type AgentPatterns, type NamedAgent, parseAgentPatterns } from "./fleet/agent_pattern.ts";
export { Keeper } from "./keeper.ts";
export type { KeeperEvent } from "./keeper_events.ts";
export { createStatementSigner } from "./statement_signer.ts";
export * from "./plan/mod.ts";
export type * from "./progress/delivery_watch.ts";
export type { Agreement, ContactTask } from "./contact/contact_task.ts";
export type { KeeperOptions, PassOptions, RunOptions } from "./keeper_options.ts";
export * from "./report/mod.ts";
export type { AgentConnection, Dial, SyncLimits } from "./contact/contact.ts";
export type { SecureConnection, SecuredAgent } from "./contact/contact.ts";
export { type DeliveriesState, type DeliveriesStore } from "./original/mod.ts";
export { DeliveriesFile } from "./original/deliveries_file.ts";
export {
  type AppLoadout,
  type AppSettings,
  findApp,
  type Loadout,
  type LoadoutProblem,
  type LoadoutReload,
  type LoadoutTextOptions,
  type OpenedLoadout,
  openLoadout,
  type ParsedLoadout,
  parseLoadout,
  parseSingleApp,
  type ResolveVault,
  type SingleApp,
  type SingleAppFlags,
} from "./loadout/mod.ts";
export { KnownAgentsFile } from "./trust/known_agents_file.ts";
export {
  type AgentSelection,
  type ApprovalOutcome,
  approveAgents,
  forgetAgents,
  type ForgetOutcome,
  type KnownAgent,
  KnownAgentsDraft,
  type KnownAgentsState,
  type KnownAgentsStore,
  type ManifestRevision,
  MemoryKnownAgentsStore,
  type PendingAgent,
  type PendingReason,
  type TrustGround,
  type TrustLevel,
  type TrustNews,
  type TrustPolicy,
} from "./trust/mod.ts";
export * from "./vault/mod.ts";
export { parseWires, PROTOCOL_2, type Wire, type WireChoice } from "./contact/wire.ts";
