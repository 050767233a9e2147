/**
 * Whose signature an agent accepts from a keeper.
 *
 * @module
 */

/**
 * The addresses whose signature counts.
 *
 * @example
 * ```ts
 * import { createStatementVerifier, type TrustedSigners } from "@fluxvault/fluxvault/agent";
 * import { recoverSigner } from "@fluxvault/fluxvault/flux";
 *
 * let owner: string | null = null; // Of the app, as the network says once it is asked.
 * const signers: TrustedSigners = {
 *   addresses: () => Promise.resolve(owner === null ? null : [owner]),
 * };
 * const verify = createStatementVerifier({ signers, recover: recoverSigner });
 * const early = verify("any text", "no signature");
 * console.assert(await early.catch(({ code }) => code) === "owner-unknown");
 * owner = "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM";
 * console.assert(!await verify("any text", "no signature"));
 * ```
 */
export interface TrustedSigners {
  /**
   * Returns them, or `null` where they are not known yet; may wait for a few seconds until they are.
   * Must not reject.
   */
  addresses(): Promise<readonly string[] | null>;
}

/**
 * Works out whose signature stands under a text.
 *
 * Returns the address, or `null` where the signature is none; must not reject for what a peer sent.
 */
export type SignerRecovery = (text: string, signature: string) => Promise<string | null>;

/**
 * Returns signers that are known from the start.
 *
 * @example
 * ```ts
 * import { fixedSigners } from "@fluxvault/fluxvault/agent";
 *
 * const signers = fixedSigners(["1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM"]);
 * console.assert((await signers.addresses())?.length === 1);
 * ```
 */
export function fixedSigners(addresses: readonly string[]): TrustedSigners {
  return { addresses: () => Promise.resolve(addresses) };
}
