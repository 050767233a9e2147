/**
 * The keys and numbers that all vectors share. They are public: nothing may ever be protected by them.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";

/** The folder of the vectors. */
export const VECTORS = new URL("./protocol2/", import.meta.url);

/** The text of each vector of protocol 2 by the name of its file, in order. */
export function readVectors(): Map<string, string> {
  const names = [...Deno.readDirSync(VECTORS)].map(({ name }) => name).sort();
  return new Map(
    names.filter((name) => name.endsWith(".txt"))
      .map((name) => [name, Deno.readTextFileSync(new URL(name, VECTORS))]),
  );
}

const KEYS_FILE = new URL("reference_keys.json", VECTORS);

/** The reference keys as their file has them. */
interface ReferenceKeys {
  readonly rsa: Readonly<Record<string, readonly string[]>>;
}

const keys: ReferenceKeys = JSON.parse(Deno.readTextFileSync(KEYS_FILE));

/** The RSA pair of so many bits, in PKCS #8 PEM. */
export function rsaPrivatePem(bits: string): string {
  const lines = keys.rsa[bits];
  if (lines === undefined) throw new RangeError(`no reference key of ${bits} bits`);
  return `${lines.join("\n")}\n`;
}

/** The RSA pair of so many bits. */
export function rsaKeys(bits: string): { publicKey: KeyObject; privateKey: KeyObject } {
  const privateKey = createPrivateKey(rsaPrivatePem(bits));
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

/** Bytes that a name stands for. */
export function fixedBytes(name: string, length = 32): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; 32 * i < length; i++) {
    parts.push(createHash("sha256").update(`fluxvault vector ${name} ${i}`).digest());
  }
  return Buffer.concat(parts).subarray(0, length);
}

const PKCS8_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");

/** The seed of the agent's identity. */
export const IDENTITY_SEED = fixedBytes("identity");

/** The agent's identity. */
export const IDENTITY = createPrivateKey({
  key: Buffer.concat([PKCS8_ED25519, IDENTITY_SEED]),
  format: "der",
  type: "pkcs8",
});

/** The nonce of the agent. */
export const AGENT_NONCE = fixedBytes("agent nonce");
/** The nonce of the keeper. */
export const KEEPER_NONCE = fixedBytes("keeper nonce");
/** The process of the agent. */
export const INSTANCE = fixedBytes("instance", 16);
/** The secret S of a recorded keeper. */
export const SESSION_SECRET = fixedBytes("session secret");
/** The secret that an operator gave an agent. */
export const ENROLMENT_SECRET = fixedBytes("enrolment secret");
/** The time of all vectors, in Unix seconds. */
export const NOW = 1_800_000_000;
/** The address that the keeper names. */
export const ADDRESS = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT";
/** What stands for a good signature. */
export const SIGNATURE = Buffer.alloc(65, 0x2a).toString("base64");
