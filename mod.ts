/**
 * FluxVault: gives applications on the Flux network their secret files.
 *
 * This is the part that runs anywhere: an {@linkcode Agent} that serves any source of byte streams, a
 * {@linkcode Keeper} that dials by any means, secrets in memory. What touches the operating system
 * (sockets, disks, state files) is in `./agent` and `./keeper`; the wire is in `./protocol`, the Flux
 * network in `./flux`.
 *
 * @example An agent and a keeper in one process
 * ```ts
 * import {
 *   Agent,
 *   declareForAll,
 *   duplexPair,
 *   generateIdentitySeed,
 *   importIdentity,
 *   Keeper,
 *   MemoryKnownAgentsStore,
 *   MemorySecretStore,
 *   MemoryVault,
 *   parseManagedFiles,
 *   parsePeerRule,
 *   PeerPolicy,
 *   StaticFleet,
 * } from "@fluxvault/fluxvault";
 *
 * const [agentEnd, keeperEnd] = duplexPair();
 * const store = new MemorySecretStore();
 * const agent = new Agent({
 *   identity: await importIdentity(await generateIdentitySeed()),
 *   store,
 *   policy: new PeerPolicy([parsePeerRule("192.0.2.1")]),
 * });
 * const remoteAddress = { hostname: "192.0.2.1", port: 50_000 };
 * const served = agent.serve((async function* () {
 *   yield { duplex: agentEnd, remoteAddress, close() {} };
 * })());
 *
 * const secret = new TextEncoder().encode("correct horse");
 * const keeper = new Keeper({
 *   fleet: new StaticFleet([{ host: "192.0.2.7", port: 8888 }]),
 *   vault: await MemoryVault.from({ "db.password": secret }),
 *   declarations: declareForAll(parseManagedFiles(["db.password"])),
 *   knownAgents: new MemoryKnownAgentsStore(),
 *   trust: "first-use",
 *   firstUseLimit: 1,
 *   dial: () => Promise.resolve({ duplex: keeperEnd, close() {} }),
 * });
 * const report = await keeper.pass();
 * await served;
 * console.assert(report.agents[0]?.outcome.kind === "delivered");
 * console.assert(new TextDecoder().decode(store.read("db.password")) === "correct horse");
 * ```
 *
 * @module
 */
export {
  type Bytes,
  ConfigError,
  ConnectionError,
  type DeliveryReport,
  type Duplex,
  duplexPair,
  type EventOptions,
  type Events,
  type FileEntry,
  type FileOutcome,
  type FileResult,
  FluxVaultError,
  generateIdentitySeed,
  identityFingerprint,
  importIdentity,
  type Logger,
  MemorySecretSource,
  MemorySecretStore,
  type MissedEvents,
  PeerRejectedError,
  ProtocolError,
  type SecretSource,
  type SecretStore,
  SILENT_LOGGER,
  StorageError,
} from "./protocol/mod.ts";
export { FluxApiError, FluxClient } from "./flux/mod.ts";
export { Agent, type AgentOptions } from "./agent/agent.ts";
export type { AgentEvent } from "./agent/agent_events.ts";
export type { IncomingConnection } from "./agent/incoming_connection.ts";
export { parsePeerRule, PeerPolicy, type PeerRule } from "./agent/door/peer_policy.ts";
export type { AgentSessionReport } from "./agent/delivery/session_report.ts";
export { parseAgentAddresses } from "./keeper/fleet/agent_address.ts";
export { type Fleet, StaticFleet } from "./keeper/fleet/fleet.ts";
export { FluxFleet } from "./keeper/fleet/flux_fleet.ts";
export { Keeper } from "./keeper/keeper.ts";
export type { KeeperEvent } from "./keeper/keeper_events.ts";
export type { KeeperOptions } from "./keeper/keeper_options.ts";
export { createStatementSigner } from "./keeper/statement_signer.ts";
export type { AgentOutcome, AgentReport, PassReport } from "./keeper/report/report.ts";
export type { Dial } from "./keeper/contact/contact.ts";
export {
  approveAgents,
  type KnownAgentsStore,
  MemoryKnownAgentsStore,
  type TrustPolicy,
} from "./keeper/trust/mod.ts";
export type { Declaration } from "./keeper/vault/declaration.ts";
export { type Declarations, declareForAll } from "./keeper/vault/declarations.ts";
export { parseManagedFiles } from "./keeper/vault/managed_files.ts";
export { MemoryVault } from "./keeper/vault/memory_vault.ts";
export type { Vault } from "./keeper/vault/vault.ts";
