import { createPrivateKey, sign } from "node:crypto";
import { Buffer } from "node:buffer";
import {
  type Bytes,
  concatBytes,
  encodeHex,
  encodeUtf8,
  randomBytes,
} from "../../protocol/bytes.ts";
import { PeerRejectedError } from "../../protocol/errors.ts";
import {
  fingerprintGroups,
  generateIdentitySeed,
  identityDigestHex,
  identityFingerprint,
  importIdentity,
  signTranscript,
  verifyIdentityProof,
  verifyIdentitySignature,
} from "../../protocol/identity.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../support/assert.ts";
import { flipBit } from "../support/duplex_cuts.ts";

const TRANSCRIPT = new Uint8Array(32).fill(6);
const identity = await importIdentity(await generateIdentitySeed());
const { publicKey } = identity;
const signature = await signTranscript(identity, TRANSCRIPT);

async function refuse(key: Bytes, proof: Bytes, transcript: Bytes = TRANSCRIPT): Promise<void> {
  const run = () => verifyIdentityProof({ publicKey: key, signature: proof }, transcript);
  const error = await assertRejects(run, PeerRejectedError, "identity-invalid");
  assertEquals(error.by, "us");
}

function fromHex(text: string): Bytes {
  return new Uint8Array(Buffer.from(text, "hex"));
}

Deno.test("importIdentity gives the key pair of RFC 8032, test 1", async () => {
  const seed = fromHex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  const { publicKey } = await importIdentity(seed);
  assertEquals(
    encodeHex(publicKey),
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
  );
});

Deno.test("importIdentity refuses a seed of another length", async () => {
  for (const length of [0, 31, 33, 64]) {
    await assertRejects(() => importIdentity(new Uint8Array(length)), RangeError);
  }
});

Deno.test("generateIdentitySeed gives another seed each time", async () => {
  const [one, two] = [await generateIdentitySeed(), await generateIdentitySeed()];
  assertEquals([one.length, two.length], [32, 32]);
  assert(encodeHex(one) !== encodeHex(two));
});

Deno.test("signTranscript signs under the context of section 6", async () => {
  const seed = randomBytes(32);
  const pkcs8 = concatBytes(fromHex("302e020100300506032b657004220420"), seed);
  const key = createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" });
  const message = concatBytes(encodeUtf8("fluxvault/2 agent identity\n"), TRANSCRIPT);
  const expected = new Uint8Array(sign(null, message, key));
  assertEquals(await signTranscript(await importIdentity(seed), TRANSCRIPT), expected);
});

Deno.test("verifyIdentitySignature takes a signature over this message and of this key alone", async () => {
  const seed = new Uint8Array(32).fill(3);
  const identity = await importIdentity(seed);
  const message = new TextEncoder().encode("something that an agent says");
  const signed = await identity.sign(message);
  const proof = { publicKey: identity.publicKey, signature: signed };
  assertEquals(await verifyIdentitySignature(proof, message), true);
  assertEquals(await verifyIdentitySignature(proof, message.slice(1)), false);
  const small = { ...proof, publicKey: new Uint8Array(32) };
  assertEquals(await verifyIdentitySignature(small, message), false);
  const short = { ...proof, signature: signed.slice(1) };
  assertEquals(await verifyIdentitySignature(short, message), false);
});

Deno.test("verifyIdentityProof takes an honest proof, for its own transcript and key alone", async () => {
  await verifyIdentityProof({ publicKey, signature }, TRANSCRIPT);
  await refuse(publicKey, signature, randomBytes(32));
  const other = await importIdentity(await generateIdentitySeed());
  await refuse(other.publicKey, signature);
});

Deno.test("verifyIdentityProof refuses every flipped bit of the signature and of the key", async () => {
  for (let bit = 0; bit < 512; bit++) await refuse(publicKey, flipBit(signature, bit));
  for (let bit = 0; bit < 256; bit++) await refuse(flipBit(publicKey, bit), signature);
});

// All encodings of points of order 1, 2, 4 and 8, canonical or not, with either sign.
const SMALL_ORDER = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
].flatMap((text) => [fromHex(text), flipBit(fromHex(text), 31 * 8 + 7)]);

// y = p + 2 up to 2^255 - 1: the same points as y - p, spelt a second time.
const NOT_CANONICAL = Array.from({ length: 17 }, (_, i) => {
  const bytes = new Uint8Array(32).fill(0xff);
  bytes[0] = 0xef + i;
  bytes[31] = 0x7f;
  return bytes;
});

Deno.test("verifyIdentityProof refuses keys of small order and encodings that are not canonical", async () => {
  assertEquals([SMALL_ORDER.length, NOT_CANONICAL.length], [14, 17]);
  for (const key of [...SMALL_ORDER, ...NOT_CANONICAL]) {
    // S = 0 with R = the key or the neutral element verifies on platforms that are lax.
    const neutral = fromHex("01".padEnd(64, "0"));
    for (const r of [key, neutral]) await refuse(key, concatBytes(r, new Uint8Array(32)));
    await refuse(publicKey, concatBytes(key, signature.subarray(32)));
  }
});

Deno.test("verifyIdentityProof refuses a signature whose S is not reduced", async () => {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  let s = 0n;
  for (let i = 63; i >= 32; i--) s = (s << 8n) | BigInt(signature[i] ?? 0);
  const forged = signature.slice();
  for (let i = 0; i < 32; i++) forged[32 + i] = Number(((s + order) >> BigInt(8 * i)) & 0xffn);
  await refuse(publicKey, forged);
});

Deno.test("identityFingerprint and identityDigestHex name a key by its SHA-256", async () => {
  const hex = await identityDigestHex(publicKey);
  const fingerprint = await identityFingerprint(publicKey);
  const encoded = Buffer.from(hex, "hex").toString("base64url");
  assertEquals(fingerprint, `SHA256:${encoded}`);
  assertEquals(fingerprint.length, 7 + 43);
});

/** Base32 as RFC 4648 has it, a bit at a time: the first five bits are the first character. */
function slowBase32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const fives = bits.match(/.{1,5}/g) ?? [];
  return fives.map((five) => "abcdefghijklmnopqrstuvwxyz234567"[parseInt(five.padEnd(5, "0"), 2)])
    .join("");
}

Deno.test("fingerprintGroups writes the whole SHA-256 in thirteen groups", async () => {
  for (let i = 0; i < 20; i++) {
    const digest = randomBytes(32);
    const fingerprint = `SHA256:${Buffer.from(digest).toString("base64url")}`;
    const groups = fingerprintGroups(fingerprint).split("-");
    assertEquals([groups.length, groups.join("")], [13, slowBase32(digest)]);
    assert(groups.every((group) => /^[a-z2-7]{4}$/.test(group)));
  }
  const fingerprint = await identityFingerprint(publicKey);
  const hex = await identityDigestHex(publicKey);
  assertEquals(
    fingerprintGroups(fingerprint).replaceAll("-", ""),
    slowBase32(Buffer.from(hex, "hex")),
  );
});

for (
  const text of ["", "SHA256:", `SHA256:${"a".repeat(42)}`, "a".repeat(43), `MD5:${"a".repeat(43)}`]
) {
  Deno.test(`fingerprintGroups refuses ${JSON.stringify(text)}`, () => {
    assertThrows(() => fingerprintGroups(text), TypeError);
  });
}
