/**
 * A private key that an operator gives, held against the address that he says it has.
 *
 * No message repeats any part of the key.
 *
 * @module
 */
import { decodeWif, type FluxPrivateKey, isZelId, zelIdOfKey } from "../../flux/mod.ts";
import { looksLikePrivateKey } from "../../protocol/host/mod.ts";
import { ConfigError } from "../../protocol/mod.ts";
import { disclosedSecret, type SettingOrigin } from "./disclosed_secret.ts";

/**
 * Returns the address as it is.
 *
 * @throws {ConfigError} for anything else, which is not repeated: it may be a private key.
 */
export function checkAddress(text: string, { setting }: SettingOrigin = {}): string {
  if (isZelId(text)) return text;
  const origin = setting === undefined ? {} : { setting };
  if (looksLikePrivateKey(text)) throw disclosedSecret("a private key", origin);
  const network = /^[mn2]/.test(text)
    ? "an address of a test network"
    : /^(?:bc1|3)/.test(text)
    ? "an address of another kind (bc1... or 3...)"
    : /^t[13]/.test(text)
    ? "an address of the Flux chain, not a Flux ID"
    : "no address, or is mistyped";
  const what = setting ?? "the argument";
  throw new ConfigError(`${what} is ${network}`, {
    ...origin,
    hint: "A Flux ID (ZelID) is a Bitcoin address of the main network that begins with 1.",
  });
}

/** The options of {@linkcode readPrivateKey}. */
export interface PrivateKeyOrigin {
  /** Where the key came from, if that is a place that the operator can look at. */
  readonly source?: string;
}

/**
 * Reads the private key of an address.
 *
 * @throws {ConfigError} where it is no key, or the key of another address.
 */
export function readPrivateKey(
  wif: string,
  address: string,
  origin: PrivateKeyOrigin = {},
): FluxPrivateKey {
  let key: FluxPrivateKey;
  try {
    key = decodeWif(wif.trim());
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ConfigError(`the private key ${error.message}`, {
      ...origin,
      hint: "Give it in WIF, as wallets export it: 51 or 52 characters that begin with 5, K or L.",
    });
  }
  if (zelIdOfKey(key) === address) return key;
  const isOtherForm = zelIdOfKey({ ...key, isCompressed: !key.isCompressed }) === address;
  const form = key.isCompressed ? "compressed" : "uncompressed";
  key.secret.fill(0);
  if (isOtherForm) {
    throw new ConfigError(`the private key is marked ${form}, and so has another address`, {
      ...origin,
      hint: `${address} is the address of its other form: export the key again from the wallet ` +
        "that shows this address.",
    });
  }
  throw new ConfigError(`the private key is not that of ${address}`, {
    ...origin,
    hint: "Check which address the wallet shows for the key.",
  });
}
