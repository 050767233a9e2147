/**
 * FluxVault protocol 2: how a keeper gives secret files to an agent over any byte stream.
 *
 * Pure Web APIs: no operating system, no sockets. The specification is `README.md` in this folder;
 * the limits are in `limits.ts`.
 *
 * @example Both roles, in memory
 * ```ts
 * import {
 *   deliverAsKeeper,
 *   duplexPair,
 *   generateIdentitySeed,
 *   handshakeAsAgent,
 *   handshakeAsKeeper,
 *   importIdentity,
 *   MemorySecretSource,
 *   MemorySecretStore,
 *   randomBytes,
 *   receiveAsAgent,
 *   RsaKeyStock,
 * } from "@fluxvault/fluxvault/protocol";
 *
 * const [agentEnd, keeperEnd] = duplexPair();
 * const store = new MemorySecretStore();
 * using keys = new RsaKeyStock();
 *
 * async function agent(): Promise<void> {
 *   const session = await handshakeAsAgent(agentEnd, {
 *     keys,
 *     identity: await importIdentity(await generateIdentitySeed()),
 *     instance: randomBytes(16),
 *     software: "example/1",
 *   });
 *   await receiveAsAgent(session, store);
 * }
 *
 * async function keeper(): Promise<void> {
 *   const session = await handshakeAsKeeper(keeperEnd, { policy: () => null });
 *   const secret = new TextEncoder().encode("correct horse");
 *   const source = await MemorySecretSource.from({ "db.password": secret });
 *   const report = await deliverAsKeeper(session, source, { revision: Date.now() });
 *   console.assert(report.files[0]?.outcome === "created");
 * }
 *
 * await Promise.all([agent(), keeper()]);
 * console.assert(new TextDecoder().decode(store.read("db.password")) === "correct horse");
 * ```
 *
 * @module
 */
export * from "./errors.ts";
export { type Logger, SILENT_LOGGER } from "./logger.ts";
export {
  type Bytes,
  decodeHex,
  decodeUtf8,
  encodeHex,
  encodeUtf8,
  equalBytes,
  randomBytes,
} from "./bytes.ts";
export { DIGEST_BYTES, sha256Digest } from "./digest.ts";
export { createHasher, type Hasher, type HasherFactory } from "./hasher.ts";
export * from "./deferred.ts";
export { delay } from "./delay.ts";
export { untilAborted } from "./until_aborted.ts";
export { EventFeed, type EventOptions, type Events, type MissedEvents } from "./event_feed.ts";
export { OpenWork } from "./open_work.ts";
export { type Duplex, duplexPair } from "./duplex.ts";
export * from "./web_socket_duplex.ts";
export * as limits from "./limits.ts";
export { isAppName } from "./app_name.ts";
export type { AgentClaim, AgentReadiness, NodeEvidence } from "./confirmation.ts";
export { decodeEnrolmentSecret, type EnrolmentClaim } from "./enrolment.ts";
export { proveEnrolment, verifyEnrolment } from "./enrolment.ts";
export {
  type AgentIdentity,
  fingerprintGroups,
  generateIdentitySeed,
  identityFingerprint,
  type IdentityProof,
  importIdentity,
  verifyIdentitySignature,
} from "./identity.ts";
export type { KeeperProof, KeeperStatement, ManifestCheck } from "./statement.ts";
export type { ManifestStatement, PluginStatement, SignedManifest } from "./statement.ts";
export type { StatementScope, StatementSigner, StatementVerifier } from "./statement.ts";
export { composeKeeperStatement, composeManifestStatement } from "./statement.ts";
export { composePluginStatement, isStatement, verifyManifest } from "./statement.ts";
export { type ResultClaim, verifyResults } from "./result_signature.ts";
export { generateRsaKeyPair, type RsaKeyPair, type RsaModulusBits } from "./rsa_key.ts";
export { type RsaKeyLease, RsaKeyStock, type RsaKeyStockOptions } from "./rsa_key_stock.ts";
export * from "./handshake.ts";
export type * from "./handshake_options.ts";
export type { Exporter } from "./key_schedule.ts";
export type { IntegerBounds, MessageFields } from "./message_fields.ts";
export type { IncomingMessage, MessageTaker } from "./message_queue.ts";
export type { Session } from "./session.ts";
export type { SessionOptions, SessionOrigin } from "./session_parts.ts";
export { type ReceiveStream, RESET_CODE, type SendStream, StreamResetError } from "./streams.ts";
export { decodeManifest, encodeManifest } from "./manifest.ts";
export type { EncodedManifest, EncodeManifestOptions } from "./manifest.ts";
export type * from "./manifest_entry.ts";
export * from "./certificate_desk.ts";
export { describeIssued, type IssuedParts, recallIssued } from "./issued_files.ts";
export type * from "./survey.ts";
export type { ManifestMessage, MessageId, ResultCounts } from "./messages.ts";
export { countResults, type FileOutcome, type FileResult, type Results } from "./results.ts";
export type * from "./hook_result.ts";
export { findVariableFault } from "./service_line.ts";
export type * from "./service_result.ts";
export { hookChanges } from "./survey_results.ts";
export { findPathFault, RESERVED_PREFIX, STAGE_PREFIX } from "./secret_path.ts";
export type { ResumePoint, SecretContent, SecretSource } from "./secret_source.ts";
export type * from "./secret_store.ts";
export type { DeliveryReport } from "./exchange.ts";
export * from "./actions/mod.ts";
export * from "./plugins/mod.ts";
export { deliverAsKeeper, type DeliverOptions } from "./deliver_as_keeper.ts";
export { receiveAsAgent, type ReceiveOptions } from "./receive_as_agent.ts";
export { MemorySecretSource } from "./memory_secret_source.ts";
export { MemorySecretStore } from "./memory_secret_store.ts";
