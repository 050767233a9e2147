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
 * import { recoverSigner } from "@fluxvault/fluxvault/flux";
 *
 * const guard = new ManifestGuard({
 *   scope: { app: "shop", component: "web", agentDigestHex: "ab".repeat(32) },
 *   signers: fixedSigners(["1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM"]),
 *   recover: recoverSigner,
 *   revisions: new RevisionMemory(),
 * });
 * const checkManifest = guard.admit.bind(guard);
 * console.assert(checkManifest.length === 1);
 * ```
 */
export class ManifestGuard {
  readonly #options: ManifestGuardOptions;

  /** Starts with nothing checked. */
  constructor(options: ManifestGuardOptions) {
    this.#options = options;
  }

  /**
   * Checks a manifest that a keeper brings, and remembers its revision. An unsigned one passes, and
   * vouches for nothing.
   *
   * @returns The address of its signer, or `null` where it is unsigned.
   * @throws {PeerRejectedError} `statement-invalid`, `manifest-stale`, `owner-unknown`.
   */
  async admit(message: ManifestMessage): Promise<string | null> {
    if (message.signature === null) return null;
    const signer = await this.check(message);
    await this.#options.revisions.raise(signer, message.revision);
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
