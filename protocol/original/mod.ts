/**
 * The wire of the original FluxVault, in both roles, for as long as an operator still has nodes or
 * vaults that speak nothing else.
 *
 * Pure Web APIs, as the protocol beside it. What this wire cannot protect is in `README.md` in this
 * folder: read it first. New code speaks protocol 2.
 *
 * @example Both roles, in memory
 * ```ts
 * import {
 *   deliverOriginalAsKeeper,
 *   generateSharedRsaKeyPair,
 *   openOriginalAsAgent,
 *   openOriginalAsKeeper,
 *   receiveOriginalAsAgent,
 * } from "@fluxvault/fluxvault/protocol/original";
 * import {
 *   duplexPair,
 *   MemorySecretSource,
 *   MemorySecretStore,
 *   RsaKeyStock,
 * } from "@fluxvault/fluxvault/protocol";
 *
 * const [nodeEnd, vaultEnd] = duplexPair();
 * const store = new MemorySecretStore();
 * using keys = new RsaKeyStock({ generate: generateSharedRsaKeyPair });
 *
 * async function node(): Promise<void> {
 *   const session = await openOriginalAsAgent(nodeEnd, { lease: await keys.lease() });
 *   await receiveOriginalAsAgent(session, store, { files: ["db.password"] });
 * }
 *
 * async function vault(): Promise<void> {
 *   const session = await openOriginalAsKeeper(vaultEnd);
 *   const secret = new TextEncoder().encode("correct horse");
 *   const source = await MemorySecretSource.from({ "db.password": secret });
 *   const report = await deliverOriginalAsKeeper(session, source);
 *   console.assert(report.files[0]?.outcome === "created");
 * }
 *
 * await Promise.all([node(), vault()]);
 * console.assert(new TextDecoder().decode(store.read("db.password")) === "correct horse");
 * ```
 *
 * @module
 */
export { generateSharedRsaKeyPair } from "../rsa_key.ts";
export type { TextSink } from "./channel.ts";
export {
  deliverOriginalAsKeeper,
  NOT_REQUESTED,
  NOT_TEXT,
  type OriginalDeliverOptions,
  type TextFactsCache,
} from "./deliver_as_keeper.ts";
export { CAREFUL, CLASSES, type Dialect, PROOF_OF_CONCEPT } from "./dialect.ts";
export { type Entropy, PLATFORM_ENTROPY } from "./entropy.ts";
export type { TextFacts } from "./file_text.ts";
export {
  acceptOriginal,
  openOriginalAsAgent,
  openOriginalAsKeeper,
  type OriginalOptions,
  type OriginalSession,
} from "./handshake.ts";
export * as limits from "./limits.ts";
export { type FileRequest, requestLineBytes } from "./messages.ts";
export { type OriginalReceiveOptions, receiveOriginalAsAgent } from "./receive_as_agent.ts";
