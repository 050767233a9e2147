/**
 * What signs with a keeper's key: statements of FluxVault, and nothing else.
 *
 * @module
 */
import { type FluxPrivateKey, signMessage, zelIdOfKey } from "../flux/mod.ts";
import { isStatement, type StatementSigner } from "../protocol/mod.ts";

/**
 * Makes the signer of a key, of which it keeps a copy.
 *
 * The key may be that of an app's owner, whose signature under another text is a login or an update
 * of the app. So every text is held against the form of a statement first.
 *
 * @example
 * ```ts
 * import { decodeWif } from "@fluxvault/fluxvault/flux";
 * import { createStatementSigner } from "@fluxvault/fluxvault/keeper";
 *
 * // A key that is public, for demonstrations.
 * const key = decodeWif("Kwd2NvAavdEjYFWj299R6csDyoFeQsLvH5ZkN1Bb8jQcf1e8Qre7");
 * const signer = createStatementSigner(key); // For `new Keeper({ signer, ... })`.
 * console.assert(signer.address === "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM");
 * console.assert(await signer.sign("a login").catch(({ name }) => name) === "TypeError");
 * ```
 */
export function createStatementSigner(key: FluxPrivateKey): StatementSigner {
  const own: FluxPrivateKey = { ...key, secret: key.secret.slice() };
  return {
    address: zelIdOfKey(own),
    async sign(text: string): Promise<string> {
      if (!isStatement(text)) {
        throw new TypeError("the text is not a statement of FluxVault: it is not signed");
      }
      return await signMessage(text, own);
    },
  };
}
