/**
 * The check of a manifest's signature: for this agent, of somebody who counts, not over, and none that
 * was replaced before (spec, section 8).
 *
 * @module
 */
import {
  composeManifestStatement,
  type ManifestMessage,
  type StatementScope,
  verifyManifest,
} from "../../protocol/mod.ts";
import type { RevisionMemory } from "./revision_memory.ts";
import { trustedAddresses } from "./statement_verifier.ts";
import type { SignerRecovery, TrustedSigners } from "./trusted_signers.ts";

/** The options of a {@linkcode ManifestGuard}. */
export interface ManifestGuardOptions {
  /** Whom a manifest has to be for: this agent, by what it knows itself. */
  readonly scope: StatementScope;
  /** Whose signature counts. */
  readonly signers: TrustedSigners;
  /** Works out who signed. */
  readonly recover: SignerRecovery;
  /** The highest revisions before. */
  readonly revisions: RevisionMemory;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
}

/**
 * Checks manifests for one agent; {@linkcode ManifestGuard.admit} is what `checkManifest` of an agent's
 * options calls.
 *
 * @example
 * ```ts
 * import { fixedSigners, ManifestGuard, RevisionMemory } from "@fluxvault/fluxvault/agent";
 * import { decodeWif, recoverSigner } from "@fluxvault/fluxvault/flux";
 * import { createStatementSigner } from "@fluxvault/fluxvault/keeper";
 * import { composeManifestStatement, type ManifestMessage } from "@fluxvault/fluxvault/protocol";
 *
 * // A key that is public, for demonstrations.
 * const key = decodeWif("Kwd2NvAavdEjYFWj299R6csDyoFeQsLvH5ZkN1Bb8jQcf1e8Qre7");
 * const keeper = createStatementSigner(key);
 * const scope = { app: "shop", component: "web", agentDigestHex: "ab".repeat(32) };
 * const guard = new ManifestGuard({
 *   scope,
 *   signers: fixedSigners([keeper.address]),
 *   recover: recoverSigner,
 *   revisions: new RevisionMemory(),
 *   now: () => 1_500_000,
 * });
 * const compose = async (revision: number): Promise<ManifestMessage> => {
 *   const statement = { revision, issued: 1_000, expires: 2_000, digest: new Uint8Array(32) };
 *   const signature = await keeper.sign(composeManifestStatement({ ...scope, ...statement }));
 *   return { state: "MANIFEST", id: 0, ...statement, size: 0, signature };
 * };
 * const checkManifest = guard.admit.bind(guard); // For `new Agent({ checkManifest, ... })`.
 * console.assert(await checkManifest(await compose(7)) === keeper.address);
 * const replayed = checkManifest(await compose(6)); // One that the keeper has replaced.
 * console.assert(await replayed.catch(({ code }) => code) === "manifest-stale");
 * ```
 */
export class ManifestGuard {
  readonly #options: ManifestGuardOptions;

  /** Starts with nothing checked. */
  constructor(options: ManifestGuardOptions) {
    this.#options = options;
  }

  /**
   * Checks a manifest that a keeper brings, and remembers its revision, unless it is only asked what
   * the agent would do. An unsigned one passes, and vouches for nothing.
   *
   * @returns The address of its signer, or `null` where it is unsigned.
   * @throws {PeerRejectedError} `statement-invalid`, `manifest-stale`, `owner-unknown`.
   */
  async admit(message: ManifestMessage): Promise<string | null> {
    if (message.signature === null) return null;
    const signer = await this.check(message);
    if (message.isPlan !== true) await this.#options.revisions.raise(signer, message.revision);
    return signer;
  }

  /**
   * Checks a manifest that has to be signed.
   *
   * @returns The address of its signer.
   * @throws {PeerRejectedError} `statement-missing`, and as {@linkcode ManifestGuard.admit} does.
   */
  async check(message: ManifestMessage): Promise<string> {
    const { scope, signers, recover, revisions, now = Date.now } = this.#options;
    const { revision, issued, expires, digest, signature } = message;
    const statement = { revision, issued, expires, digest };
    const trusted = await trustedAddresses(signers);
    const signer = signature === null
      ? null
      : await recover(composeManifestStatement({ ...statement, ...scope }), signature);
    await verifyManifest({ ...statement, signature }, {
      scope,
      verify: () => Promise.resolve(signer !== null && trusted.includes(signer)),
      now: Math.floor(now() / 1_000),
      lastRevision: signer === null ? 0 : revisions.of(signer),
    });
    // What has no signer has been refused above.
    return signer ?? "";
  }
}
