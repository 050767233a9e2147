import { type Bytes, concatBytes, encodeHex } from "../../../protocol/bytes.ts";
import { EaxKey } from "../../../protocol/original/eax.ts";
import { PLATFORM_ENTROPY } from "../../../protocol/original/entropy.ts";
import { decodePublicKeyPem } from "../../../protocol/rsa_key.ts";
import { RsaKeyStock } from "../../../protocol/rsa_key_stock.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import vectors from "../../vectors/original/vectors.json" with { type: "json" };

const VECTOR = vectors.rsa_oaep;
const ALGORITHM = { name: "RSA-OAEP", hash: "SHA-1" };

/** Writes a value of DER that is longer than 255 bytes. */
function derOf(tag: number, content: Bytes): Bytes {
  const { length } = content;
  return concatBytes(Uint8Array.of(tag, 0x82, length >> 8, length & 0xff), content);
}

/** Wraps the original's form of a private key into the one that Web Crypto takes. */
function pkcs8Of(pkcs1: Bytes): Bytes {
  const version = Uint8Array.fromHex("020100");
  const rsaEncryption = Uint8Array.fromHex("300d06092a864886f70d0101010500");
  return derOf(0x30, concatBytes(version, rsaEncryption, derOf(0x04, pkcs1)));
}

async function importPrivateKey(): Promise<CryptoKey> {
  const pkcs8 = pkcs8Of(Uint8Array.fromBase64(VECTOR.private_pkcs1_base64));
  return await crypto.subtle.importKey("pkcs8", pkcs8, ALGORITHM, false, ["decrypt"]);
}

/** A stock of the vector's key alone. */
async function vectorStock(): Promise<RsaKeyStock> {
  const originalPrivateKey = await importPrivateKey();
  const pair = {
    privateKey: originalPrivateKey,
    originalPrivateKey,
    publicKeyPem: VECTOR.public_pem,
  };
  return new RsaKeyStock({ generate: () => Promise.resolve(pair) });
}

Deno.test("RSA-OAEP with SHA-1 of the platform opens what the original has wrapped", async () => {
  const wrapped = Uint8Array.fromHex(VECTOR.ciphertext_hex);
  const plain = await crypto.subtle.decrypt(ALGORITHM, await importPrivateKey(), wrapped);
  assertEquals(encodeHex(new Uint8Array(plain)), VECTOR.message_hex);
});

Deno.test("RsaKeyLease.unwrapOriginal opens what the original has wrapped", async () => {
  using keys = await vectorStock();
  const lease = await keys.lease();
  const secret = await lease.unwrapOriginal(Uint8Array.fromHex(VECTOR.ciphertext_hex));
  lease.release();
  assertEquals(encodeHex(secret), VECTOR.message_hex);
});

Deno.test("PLATFORM_ENTROPY.wrap wraps a secret so that the original's key opens it", async () => {
  const spki = decodePublicKeyPem(VECTOR.public_pem);
  const publicKey = await crypto.subtle.importKey("spki", spki, ALGORITHM, false, ["encrypt"]);
  const secret = PLATFORM_ENTROPY.secret();
  const wrapped = await PLATFORM_ENTROPY.wrap(publicKey, secret);
  const plain = await crypto.subtle.decrypt(ALGORITHM, await importPrivateKey(), wrapped);
  assertEquals([wrapped.length, new Uint8Array(plain)], [256, secret]);
});

Deno.test("PLATFORM_ENTROPY draws AES keys of full length, and a nonce as the original's", async () => {
  const { secret, sessionKey, nonce } = PLATFORM_ENTROPY;
  assertEquals([secret(), sessionKey(), nonce()].map(({ length }) => length), [32, 32, 16]);
  for (const key of [secret(), sessionKey()]) await EaxKey.import(key);
});

Deno.test("PLATFORM_ENTROPY draws a filling of 32 hex letters", () => {
  assertMatch(PLATFORM_ENTROPY.fill(), /^[0-9a-f]{32}$/);
});

Deno.test("PLATFORM_ENTROPY draws nothing twice", () => {
  const { secret, sessionKey, nonce, fill } = PLATFORM_ENTROPY;
  const drawn = Array.from({ length: 100 }, () => [
    encodeHex(secret()),
    encodeHex(sessionKey()),
    encodeHex(nonce()),
    fill(),
  ]).flat();
  assertEquals(new Set(drawn).size, 400);
  assert(Object.isFrozen(PLATFORM_ENTROPY));
});
