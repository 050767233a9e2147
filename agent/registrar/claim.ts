/**
 * What a sub-agent says of itself when it registers with its primary, and how it proves that
 * (README.md in this folder).
 *
 * @module
 */
import {
  type AgentIdentity,
  type Bytes,
  decodeHex,
  decodeUtf8,
  encodeHex,
  encodeUtf8,
  isAppName,
  verifyIdentitySignature,
} from "../../protocol/mod.ts";

/** The length of a challenge. */
export const NONCE_BYTES = 32;
/** The length of the random name of a primary's process. */
export const INSTANCE_BYTES = 16;
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const PROOF_BYTES = 32;

const SIGNED = encodeUtf8("fluxvault/2 sub-agent registration\n");
const ENROLLED = encodeUtf8("fluxvault/2 sub-agent enrolment\n");
const KEYED = encodeUtf8("fluxvault/2 sub-agent registrar key\n");

/** What a sub-agent claims. */
export interface RegistrationClaim {
  /** The challenge of the primary; 32 bytes. */
  readonly nonce: Bytes;
  /** Names the process of the primary that gave it; 16 bytes. */
  readonly instance: Bytes;
  /** The sub-agent's raw identity key; 32 bytes. */
  readonly publicKey: Bytes;
  /** The app of both. */
  readonly app: string;
  /** The component that the sub-agent is. */
  readonly component: string;
  /** The port on which it listens for the primary. */
  readonly port: number;
  /** Whether it speaks TLS there. */
  readonly tls: boolean;
}

/** A claim and its proofs. */
export interface Registration {
  /** What is claimed. */
  readonly claim: RegistrationClaim;
  /** By the identity of the sub-agent; 64 bytes. */
  readonly signature: Bytes;
  /** That it knows the enrolment secret, or `null`; 32 bytes. */
  readonly enrolment: Bytes | null;
  /** That it knows the registrar's key, or `null`; 32 bytes. */
  readonly keyProof: Bytes | null;
}

/** What a sub-agent proves a claim with. */
export interface RegistrationSecrets {
  /** Who it is. */
  readonly identity: AgentIdentity;
  /** The enrolment secret, or `null`. */
  readonly enrolmentSecret: Bytes | null;
  /** The registrar's key, or `null`. */
  readonly registrarKey: Bytes | null;
}

/** Signs a claim, and adds the proofs that the secrets allow. */
export async function proveRegistration(
  claim: Omit<RegistrationClaim, "publicKey">,
  { identity, enrolmentSecret, registrarKey }: RegistrationSecrets,
): Promise<Registration> {
  const whole = { ...claim, publicKey: identity.publicKey };
  const [signature, enrolment, keyProof] = await Promise.all([
    identity.sign(composeClaim(SIGNED, whole)),
    enrolmentSecret === null ? null : proveKnown(enrolmentSecret, ENROLLED, whole),
    registrarKey === null ? null : proveKnown(registrarKey, KEYED, whole),
  ]);
  return { claim: whole, signature, enrolment, keyProof };
}

/** Tells whether the signature is that of the key in the claim. */
export function verifySignature({ claim, signature }: Registration): Promise<boolean> {
  const { publicKey } = claim;
  return verifyIdentitySignature({ publicKey, signature }, composeClaim(SIGNED, claim));
}

/** Tells whether it was proved that the enrolment secret is known. */
export async function verifyEnrolmentProof(
  { claim, enrolment }: Registration,
  secret: Bytes,
): Promise<boolean> {
  return enrolment !== null && await verifyKnown(secret, { context: ENROLLED, claim }, enrolment);
}

/** Tells whether it was proved that the registrar's key is known. */
export async function verifyKeyProof(
  { claim, keyProof }: Registration,
  key: Bytes,
): Promise<boolean> {
  return keyProof !== null && await verifyKnown(key, { context: KEYED, claim }, keyProof);
}

/** Writes the JSON of a registration. */
export function encodeRegistration(registration: Registration): string {
  const { claim, signature, enrolment, keyProof } = registration;
  return JSON.stringify({
    version: 1,
    nonce: encodeHex(claim.nonce),
    instance: encodeHex(claim.instance),
    identity: encodeHex(claim.publicKey),
    app: claim.app,
    component: claim.component,
    port: claim.port,
    tls: claim.tls,
    signature: encodeHex(signature),
    ...(enrolment === null ? {} : { enrolment: encodeHex(enrolment) }),
    ...(keyProof === null ? {} : { key: encodeHex(keyProof) }),
  });
}

/** Reads the JSON of a registration; `null` for anything else. Members that are unknown are passed over. */
export function decodeRegistration(bytes: Bytes): Registration | null {
  const json = readObject(bytes);
  if (json === null || json["version"] !== 1) return null;
  const nonce = decodeHex(json["nonce"], NONCE_BYTES);
  const instance = decodeHex(json["instance"], INSTANCE_BYTES);
  const publicKey = decodeHex(json["identity"], KEY_BYTES);
  const signature = decodeHex(json["signature"], SIGNATURE_BYTES);
  const enrolment = decodeOptional(json["enrolment"]);
  const keyProof = decodeOptional(json["key"]);
  const { app, component, port, tls } = json;
  if (nonce === null || instance === null || publicKey === null || signature === null) return null;
  if (enrolment === undefined || keyProof === undefined) return null;
  if (typeof app !== "string" || !isAppName(app)) return null;
  if (typeof component !== "string" || !isAppName(component)) return null;
  if (typeof port !== "number" || !Number.isInteger(port) || port < 1 || port > 65_535) return null;
  if (typeof tls !== "boolean") return null;
  const claim = { nonce, instance, publicKey, app, component, port, tls };
  return { claim, signature, enrolment, keyProof };
}

/** Reads strict UTF-8 that is one JSON object. */
export function readObject(bytes: Bytes): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(decodeUtf8(bytes));
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? value as Record<string, unknown> : null;
  } catch {
    return null;
  }
}

/** Reads a proof; `null` where there is none, `undefined` for what is not one. */
function decodeOptional(value: unknown): Bytes | null | undefined {
  if (value === undefined || value === null) return null;
  return decodeHex(value, PROOF_BYTES) ?? undefined;
}

/** Writes what is proved: everything of fixed length, or with its length before it. */
function composeClaim(context: Bytes, claim: RegistrationClaim): Bytes {
  const { nonce, instance, publicKey, app, component, port, tls } = claim;
  return Uint8Array.from([
    ...context,
    ...nonce,
    ...instance,
    ...publicKey,
    ...prefixed(app),
    ...prefixed(component),
    ...encodeUint16(port),
    Number(tls),
  ]);
}

function prefixed(name: string): number[] {
  const bytes = encodeUtf8(name);
  return [...encodeUint16(bytes.length), ...bytes];
}

function encodeUint16(value: number): [number, number] {
  return [value >> 8, value & 0xff];
}

async function importSecret(secret: Bytes, use: "sign" | "verify"): Promise<CryptoKey> {
  return await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, [
    use,
  ]);
}

async function proveKnown(
  secret: Bytes,
  context: Bytes,
  claim: RegistrationClaim,
): Promise<Bytes> {
  const key = await importSecret(secret, "sign");
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, composeClaim(context, claim)));
}

/** Compares in constant time. */
async function verifyKnown(
  secret: Bytes,
  { context, claim }: { readonly context: Bytes; readonly claim: RegistrationClaim },
  proof: Bytes,
): Promise<boolean> {
  const key = await importSecret(secret, "verify");
  return await crypto.subtle.verify("HMAC", key, proof, composeClaim(context, claim));
}
