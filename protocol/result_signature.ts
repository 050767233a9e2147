/**
 * The agent's signature over the results of a delivery (spec, section 8).
 *
 * It lets whoever has kept it show later what the agent said of a session, without the session's keys.
 *
 * @module
 */
import { type Bytes, concatBytes, encodeUtf8, writeUint32 } from "./bytes.ts";
import type { AgentIdentity } from "./identity.ts";
import type { ResultCounts } from "./messages.ts";

const CONTEXT = encodeUtf8("fluxvault/2 agent results\n");
const COUNT_BYTES = 8;

/** What an agent signs of a delivery. */
export interface ResultClaim {
  /** The transcript of the session; 32 bytes. */
  readonly transcript: Bytes;
  /** The SHA-256 of the lines of its results; 32 bytes. */
  readonly digest: Bytes;
  /** How many files ended how. */
  readonly counts: ResultCounts;
}

/** Signs for an agent. */
export async function signResults(identity: AgentIdentity, claim: ResultClaim): Promise<Bytes> {
  return await identity.sign(composeResultClaim(claim));
}

/**
 * Tells whether a signature is that of an agent over these results.
 *
 * @param signer.publicKey The raw key, which the agent has proved to hold; 32 bytes.
 *
 * @example
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
 *   verifyResults,
 * } from "@fluxvault/fluxvault/protocol";
 *
 * using keys = new RsaKeyStock();
 * const identity = await importIdentity(await generateIdentitySeed());
 * const [agentEnd, keeperEnd] = duplexPair();
 * const [agent, keeper] = await Promise.all([
 *   handshakeAsAgent(agentEnd, { keys, identity, instance: randomBytes(16), software: "shop/1" }),
 *   handshakeAsKeeper(keeperEnd, { policy: () => null }),
 * ]);
 * const receiving = receiveAsAgent(agent, new MemorySecretStore(), { identity });
 * const { transcript, claim: { identity: { publicKey } } } = keeper.origin;
 * const verdicts: Promise<boolean>[] = [];
 * await deliverAsKeeper(keeper, await MemorySecretSource.from({}), {
 *   revision: 1,
 *   // Whoever keeps these can show at any time what the agent said, without the session's keys.
 *   onResults: ({ digest, counts, signature }) => {
 *     const signer = { publicKey, signature: signature ?? new Uint8Array(64) };
 *     verdicts.push(verifyResults(signer, { transcript, digest, counts }));
 *     const others = { ...counts, failed: counts.failed + 1 };
 *     verdicts.push(verifyResults(signer, { transcript, digest, counts: others }));
 *   },
 * });
 * await receiving;
 * console.assert((await Promise.all(verdicts)).join() === "true,false");
 * ```
 */
export async function verifyResults(
  signer: { readonly publicKey: Bytes; readonly signature: Bytes },
  claim: ResultClaim,
): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey("raw", signer.publicKey, "Ed25519", false, [
      "verify",
    ]);
    const message = composeResultClaim(claim);
    return await crypto.subtle.verify("Ed25519", key, signer.signature, message);
  } catch {
    // A key that the platform refuses is as bad as a signature that does not verify.
    return false;
  }
}

function composeResultClaim({ transcript, digest, counts }: ResultClaim): Bytes {
  const { created, updated, reowned, removed, unchanged, missing, failed } = counts;
  const numbers = [created, updated, reowned, removed, unchanged, missing, failed];
  return concatBytes(CONTEXT, transcript, digest, ...numbers.map(encodeCount));
}

/** Writes a count as a uint64, big-endian. */
function encodeCount(count: number): Bytes {
  const bytes = new Uint8Array(COUNT_BYTES);
  writeUint32(bytes, { offset: 0, value: Math.floor(count / 2 ** 32) });
  writeUint32(bytes, { offset: 4, value: count % 2 ** 32 });
  return bytes;
}
