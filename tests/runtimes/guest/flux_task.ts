/**
 * Works out the vectors of the Flux network's keys and signatures in the runtime.
 *
 * @module
 */
import { decodeWif, recoverSigner, signMessage, zelIdOfKey } from "../../../flux/mod.ts";

/** Texts to be signed, signatures to be traced, keys to be read. */
export interface FluxTask {
  /** Texts and signatures. */
  readonly signed: readonly { readonly message: string; readonly signature: string }[];
  /** Keys in WIF, and a text that each signs. */
  readonly keys: readonly { readonly wif: string; readonly message: string }[];
}

/** What came out, in the order of the task. */
export interface FluxOutcome {
  /** Whose signature each is; `null` where it is none. */
  readonly signers: readonly (string | null)[];
  /** Address and signature of each key; `null` where it is none. */
  readonly keys: readonly (readonly [address: string, signature: string] | null)[];
}

async function signWith(
  { wif, message }: FluxTask["keys"][number],
): Promise<readonly [string, string] | null> {
  let key: ReturnType<typeof decodeWif>;
  try {
    key = decodeWif(wif);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
  return [zelIdOfKey(key), await signMessage(message, key)];
}

/** Works it all out. */
export async function workOutFlux({ signed, keys }: FluxTask): Promise<FluxOutcome> {
  return {
    signers: await Promise.all(
      signed.map(({ message, signature }) => recoverSigner(message, signature)),
    ),
    keys: await Promise.all(keys.map(signWith)),
  };
}
