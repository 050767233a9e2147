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
export type { Logger } from "./logger.ts";
export { SILENT_LOGGER } from "./logger.ts";
export type { Bytes } from "./bytes.ts";
export { decodeHex, decodeUtf8, encodeHex, encodeUtf8, equalBytes, randomBytes } from "./bytes.ts";
export type { Hasher, HasherFactory } from "./digest.ts";
export { createHasher, DIGEST_BYTES, sha256Digest } from "./digest.ts";
export type { Duplex } from "./duplex.ts";
export { duplexPair } from "./duplex.ts";
export * as limits from "./limits.ts";
export { isAppName } from "./app_name.ts";
export type { AgentClaim, AgentReadiness } from "./confirmation.ts";
export type { EnrolmentClaim } from "./enrolment.ts";
export { decodeEnrolmentSecret, proveEnrolment, verifyEnrolment } from "./enrolment.ts";
export type { AgentIdentity, IdentityProof } from "./identity.ts";
export { generateIdentitySeed, identityFingerprint, importIdentity } from "./identity.ts";
export type {
  KeeperProof,
  KeeperStatement,
  ManifestStatement,
  StatementScope,
  StatementSigner,
  StatementVerifier,
} from "./statement.ts";
export { composeKeeperStatement, composeManifestStatement } from "./statement.ts";
export type { RsaKeyPair, RsaModulusBits } from "./rsa_key.ts";
export { generateRsaKeyPair } from "./rsa_key.ts";
export type { RsaKeyLease, RsaKeyStockOptions } from "./rsa_key_stock.ts";
export { RsaKeyStock } from "./rsa_key_stock.ts";
export type {
  AgentHandshakeOptions,
  AgentIntroduction,
  AgentPolicy,
  HandshakeOptions,
  KeeperHandshakeOptions,
} from "./handshake.ts";
export { handshakeAsAgent, handshakeAsKeeper } from "./handshake.ts";
export type { Exporter } from "./key_schedule.ts";
export type { MessageFields } from "./message_fields.ts";
export type { IncomingMessage, Session, SessionOptions, SessionOrigin } from "./session.ts";
export type { ReceiveStream, SendStream } from "./streams.ts";
export { RESET_CODE, StreamResetError } from "./streams.ts";
export type { EncodedManifest, FileStrategy, ManifestEntry } from "./manifest.ts";
export { decodeManifest, encodeManifest } from "./manifest.ts";
export type { ManifestMessage, ResultCounts } from "./messages.ts";
export type { FileOutcome, FileResult } from "./results.ts";
export { countResults } from "./results.ts";
export { findPathFault, STAGE_PREFIX } from "./secret_path.ts";
export type { ResumePoint, SecretContent, SecretSource } from "./secret_source.ts";
export type { HeldManifest, SecretStore, StagedFile, StageOptions } from "./secret_store.ts";
export type { DeliveryReport } from "./exchange.ts";
export type { DeliverOptions } from "./deliver_as_keeper.ts";
export { deliverAsKeeper } from "./deliver_as_keeper.ts";
export type { ReceiveOptions } from "./receive_as_agent.ts";
export { receiveAsAgent } from "./receive_as_agent.ts";
export { MemorySecretSource } from "./memory_secret_source.ts";
export { MemorySecretStore } from "./memory_secret_store.ts";
