/**
 * The check of what a keeper signs of itself: by an address that counts, and never twice.
 *
 * The transcript in a statement makes it worth nothing in another session. Should a session repeat all
 * the same, on a machine that was set back to an earlier state, the memory refuses the second one. It
 * goes by the text: anybody can turn a signature into another one of the same text.
 *
 * @module
 */
import {
  encodeHex,
  encodeUtf8,
  limits as protocolLimits,
  type Logger,
  PeerRejectedError,
  sha256Digest,
  SILENT_LOGGER,
  type StatementVerifier,
} from "../../protocol/mod.ts";
import { ReplayMemory } from "./replay_memory.ts";
import type { SignerRecovery, TrustedSigners } from "./trusted_signers.ts";

/** The options of {@linkcode createStatementVerifier}. */
export interface StatementVerifierOptions {
  /** Whose signature counts. */
  readonly signers: TrustedSigners;
  /** Works out who signed. */
  readonly recover: SignerRecovery;
  /** The statements that were accepted. @default {a memory of its own} */
  readonly accepted?: ReplayMemory;
  /** Is told of a statement that comes again. @default {SILENT_LOGGER} */
  readonly logger?: Logger;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
}

const { STATEMENT_LIFETIME_S, STATEMENT_SKEW_S } = protocolLimits;

/** How long a statement that is accepted now can be accepted: one of the future lasts longest. */
const MAX_VALIDITY_MS = (STATEMENT_SKEW_S + STATEMENT_LIFETIME_S + 1) * 1_000;

/**
 * Makes the verifier that a handshake asks about a keeper's statement.
 *
 * It accepts each text once, and rejects with {@linkcode PeerRejectedError} `owner-unknown` while it is
 * not known whose signature counts. One verifier is for all sessions of an agent.
 *
 * @example
 * ```ts
 * import { createStatementVerifier, fixedSigners } from "@fluxvault/fluxvault/agent";
 * import { recoverSigner } from "@fluxvault/fluxvault/flux";
 *
 * const signers = fixedSigners(["1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM"]);
 * // For `new Agent({ policy: null, verifyStatement, ... })`: whoever signs may connect.
 * const verifyStatement = createStatementVerifier({ signers, recover: recoverSigner });
 * console.assert(!await verifyStatement("a text", "no signature"));
 * ```
 */
export function createStatementVerifier(options: StatementVerifierOptions): StatementVerifier {
  const { signers, recover, now = Date.now, logger = SILENT_LOGGER } = options;
  const accepted = options.accepted ?? new ReplayMemory();
  return async (text, signature) => {
    const trusted = await trustedAddresses(signers);
    const signer = await recover(text, signature);
    if (signer === null || !trusted.includes(signer)) return false;
    const key = encodeHex(await sha256Digest(encodeUtf8(text)));
    const nowMs = now();
    if (accepted.admit(key, { nowMs, untilMs: nowMs + MAX_VALIDITY_MS })) return true;
    logger.warn("a keeper's statement came a second time and was refused", { signer });
    return false;
  };
}

/**
 * Returns the addresses whose signature counts.
 *
 * @throws {PeerRejectedError} `owner-unknown` while they are not known.
 */
export async function trustedAddresses(signers: TrustedSigners): Promise<readonly string[]> {
  const addresses = await signers.addresses();
  if (addresses !== null) return addresses;
  throw new PeerRejectedError(
    "owner-unknown",
    "it is not known yet who owns this app, and so whose signature counts",
    { by: "us" },
  );
}
