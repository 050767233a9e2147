/**
 * Who may connect, as the operator says it: by source address, by signature, or by both.
 *
 * @module
 */
import { type Bytes, type ConfigError, decodeEnrolmentSecret } from "../../protocol/mod.ts";
import { isGiven, looksLikePrivateKey, settingError } from "../../protocol/host/mod.ts";
import { parsePeerRule, type PeerRule } from "../door/peer_policy.ts";
import type { ServeContext } from "./serve_context.ts";

/** Who may connect. */
export interface Access {
  /** The addresses that may connect, or `null` where any may that brings the signature. */
  readonly rules: readonly PeerRule[] | null;
  /** Which of them may speak the original's wire; empty for none. */
  readonly originalRules: readonly PeerRule[];
  /** Whose signature a keeper has to bring, the app's owner included; `null` where it need not. */
  readonly signers: readonly string[] | "owner" | null;
}

/**
 * Reads who may connect.
 *
 * @param primary The primary of a sub-agent, which alone may connect to it; `null` for any other agent.
 * @throws {ConfigError} where the settings let anybody in, contradict each other, or cannot be read.
 */
export async function readAccess(
  context: ServeContext,
  primary: PeerRule | null = null,
): Promise<Access> {
  const { settings } = context;
  if (primary !== null) return await readSubordinateAccess(context, primary);
  const originalRules = readRules(context, "original-wire", settings.originalWire);
  const listed = readRules(context, "whitelisted-addresses", settings.whitelistedAddresses);
  checkFilesOfOriginal(context);
  if (!settings.signedVaultConnections) {
    checkUnsigned(context);
    return { rules: [...listed, ...originalRules], originalRules, signers: null };
  }
  checkSigned(context);
  const signers = settings.zelid.length === 0 ? "owner" : await readSigners(context);
  return { rules: readSignedRules(context, listed), originalRules, signers };
}

/** Reads who may connect to a sub-agent: its primary, and through it whoever signs. */
async function readSubordinateAccess(
  context: ServeContext,
  primary: PeerRule,
): Promise<Access> {
  const { settings } = context;
  const { checkSubordinate } = await import("./subordinate_check.ts");
  checkSubordinate(context);
  if (settings.signedVaultConnections) {
    checkSigned(context);
    const signers = settings.zelid.length === 0 ? "owner" : await readSigners(context);
    return { rules: [primary], originalRules: [], signers };
  }
  for (const name of ["zelid", "flux-api"]) refuseUnsigned(context, name);
  return { rules: [primary], originalRules: [], signers: null };
}

/**
 * Reads the enrolment secret; nothing that was given is repeated.
 *
 * @throws {ConfigError} for anything but what the protocol takes.
 */
export function readEnrolmentSecret({ settings, resolved }: ServeContext): Bytes | null {
  if (settings.enrollSecret === undefined) return null;
  const secret = decodeEnrolmentSecret(settings.enrollSecret);
  if (secret !== null) return secret;
  throw settingError(resolved, {
    name: "enroll-secret",
    problem: "is not 32 bytes in 43 characters of base64url",
    hint: "Copy it as the keeper's operator was given it, without spaces or quotation marks.",
  });
}

function readRules(
  { resolved }: ServeContext,
  name: "original-wire" | "whitelisted-addresses",
  items: readonly string[],
): PeerRule[] {
  try {
    return items.map(parsePeerRule);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw settingError(resolved, {
      name,
      problem: `cannot be used: ${error.message}`,
      hint: "Separate addresses, networks such as 192.0.2.0/24 and host names by commas.",
    });
  }
}

function checkFilesOfOriginal({ resolved, settings }: ServeContext): void {
  const { originalWire, files } = settings;
  if (originalWire.length === 0 || files.length > 0) return;
  throw settingError(resolved, {
    name: "original-wire",
    problem: "needs --files: the original's vault gives only what it is asked for",
    hint: "Name the files to ask for, for example --files db.password,tls/key.pem.",
  });
}

function refuseUnsigned({ resolved }: ServeContext, name: string): void {
  if (!isGiven(resolved, name)) return;
  throw settingError(resolved, {
    name,
    problem: "has no use without --signed-vault-connections",
    hint: "Add --signed-vault-connections, so that every keeper has to sign.",
  });
}

function checkUnsigned(context: ServeContext): void {
  const { resolved, settings } = context;
  for (const name of ["zelid", "flux-api"]) refuseUnsigned(context, name);
  if (isGiven(resolved, "verify-source-address") && !settings.verifySourceAddress) {
    throw settingError(resolved, {
      name: "verify-source-address",
      problem: "cannot be off without --signed-vault-connections: anybody could put files here",
      hint: "Leave it out, or add --signed-vault-connections.",
    });
  }
  if (settings.whitelistedAddresses.length > 0) return;
  if (settings.verifySourceAddress) throw needsList(resolved);
  if (settings.originalWire.length > 0) return;
  throw settingError(resolved, {
    name: "whitelisted-addresses",
    problem: "is missing, and so is --signed-vault-connections: without either anybody could put " +
      "files here",
    hint: "Name the addresses that your keeper dials from: --whitelisted-addresses 198.51.100.7; " +
      "or have every keeper sign: --signed-vault-connections.",
  });
}

function checkSigned({ resolved, settings }: ServeContext): void {
  if (settings.originalWire.length > 0) {
    throw settingError(resolved, {
      name: "original-wire",
      problem: "contradicts --signed-vault-connections: the original's vault signs nothing",
      hint: "Leave one of them out.",
    });
  }
  if (settings.zelid.length > 0 && isGiven(resolved, "flux-api")) {
    throw settingError(resolved, {
      name: "flux-api",
      problem: "has no use beside --zelid: nobody is asked for the app's owner",
      hint: "Leave one of them out.",
    });
  }
}

function readSignedRules(
  { resolved, settings, logger }: ServeContext,
  listed: readonly PeerRule[],
): readonly PeerRule[] | null {
  if (!isGiven(resolved, "verify-source-address")) return listed.length === 0 ? null : listed;
  if (!settings.verifySourceAddress) {
    const what = listed.length === 0 ? "there is no list" : "the list is not looked at";
    logger.warn(`source addresses are not verified: ${what}, and a signature alone decides`);
    return null;
  }
  if (listed.length === 0) throw needsList(resolved);
  return listed;
}

function needsList(resolved: ServeContext["resolved"]): ConfigError {
  return settingError(resolved, {
    name: "verify-source-address",
    problem: "needs --whitelisted-addresses: there is nothing to compare an address with",
    hint: "Name the addresses that your keeper dials from, or leave it out.",
  });
}

/** Reads the addresses by their place in the list: an item may be a private key, so none is shown. */
async function readSigners({ resolved, settings }: ServeContext): Promise<readonly string[]> {
  const { isZelId } = await import("./signers.ts");
  for (const [i, item] of settings.zelid.entries()) {
    if (isZelId(item)) continue;
    const { fault, hint } = faultOf(item);
    throw settingError(resolved, {
      name: "zelid",
      problem: `cannot be used: item ${i + 1} ${fault}`,
      hint,
    });
  }
  return [...new Set(settings.zelid)];
}

const KEY_HINT = "Print the address of a key that signs for keepers: fluxvault-keeper keys list.";

/** Says what a text is that is no ZelID, by its look. */
function faultOf(text: string): { readonly fault: string; readonly hint: string } {
  if (looksLikePrivateKey(text)) {
    return {
      fault: "looks like a private key, where the address of one belongs",
      hint: "Give the address; whoever can read the settings of this agent may know the key now.",
    };
  }
  if (/^0x[0-9a-fA-F]{40}$/.test(text)) {
    return {
      fault: "is an Ethereum address, whose key signs in another way",
      hint: "Make a key for the keeper, fluxvault-keeper keys create, and give its address.",
    };
  }
  if (/^(?:[mn2]|tb1)[0-9A-Za-z]{24,60}$/.test(text)) {
    return { fault: "is an address of a test network", hint: KEY_HINT };
  }
  if (/^1[0-9A-Za-z]{24,34}$/.test(text)) {
    return { fault: "is mistyped: its checksum does not fit", hint: "Copy the whole address." };
  }
  return { fault: "is no ZelID, which has 26 to 34 characters and begins with 1", hint: KEY_HINT };
}
