import { generateKeyPairSync } from "node:crypto";
import { copyBytes } from "../../protocol/bytes.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import {
  checkRsaPublicKey,
  decodePublicKeyPem,
  encodePublicKeyPem,
  generateRsaKeyPair,
  generateSharedRsaKeyPair,
  importRsaPublicKey,
} from "../../protocol/rsa_key.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../support/assert.ts";
import { flipBit } from "../support/duplex_cuts.ts";
import { fixedRsaKeyPair } from "../support/session_pair.ts";

const { publicKeyPem: PEM } = await fixedRsaKeyPair();
const DER = decodePublicKeyPem(PEM);

Deno.test("checkRsaPublicKey knows the keys that OpenSSL makes", () => {
  for (const bits of [2048, 3072] as const) {
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: bits });
    const der = publicKey.export({ type: "spki", format: "der" });
    assertEquals(checkRsaPublicKey(der), bits);
    const pem = publicKey.export({ type: "spki", format: "pem" }) as string;
    assertEquals(encodePublicKeyPem(der), pem.trimEnd());
  }
});

Deno.test("checkRsaPublicKey refuses other sizes, exponents and algorithms", () => {
  const keys = [
    generateKeyPairSync("rsa", { modulusLength: 1024 }),
    generateKeyPairSync("rsa", { modulusLength: 2048, publicExponent: 3 }),
    generateKeyPairSync("rsa-pss", { modulusLength: 1024 }),
    generateKeyPairSync("ec", { namedCurve: "P-256" }),
    generateKeyPairSync("ed25519"),
  ];
  for (const { publicKey } of keys) {
    const der = publicKey.export({ type: "spki", format: "der" });
    assertThrows(() => checkRsaPublicKey(der), ProtocolError, "key-malformed");
  }
});

Deno.test("checkRsaPublicKey refuses any flipped bit outside of the modulus, and an even one", () => {
  const modulus = DER.length - 256 - 5;
  for (let bit = 0; bit < DER.length * 8; bit++) {
    const index = bit >> 3;
    const isInner = index >= modulus && index < modulus + 256 && bit !== modulus * 8 + 7 &&
      bit !== (modulus + 255) * 8;
    if (isInner) continue;
    const bad = flipBit(DER, bit);
    assertThrows(() => checkRsaPublicKey(bad), ProtocolError, "key-malformed");
  }
  for (const der of [DER.slice(1), DER.slice(0, -1), new Uint8Array([...DER, 0])]) {
    assertThrows(() => checkRsaPublicKey(der), ProtocolError, "key-malformed");
  }
});

const FORMS: Readonly<Record<string, (pem: string) => string>> = {
  "a final newline": (pem) => pem + "\n",
  "CRLF": (pem) => pem.replaceAll("\n", "\r\n"),
  "one long line": (pem) => {
    const lines = pem.split("\n");
    return [lines[0], lines.slice(1, -1).join(""), lines.at(-1)].join("\n");
  },
  "a space": (pem) => pem.replace("\nM", "\n M"),
  "another label": (pem) => pem.replaceAll("PUBLIC KEY", "RSA PUBLIC KEY"),
  "no padding": (pem) => pem.replaceAll("=", ""),
  "a character that is no base64": (pem) => pem.replace("MIIB", "MI*B"),
  "nothing in it": () => "-----BEGIN PUBLIC KEY-----\n\n-----END PUBLIC KEY-----",
  "only a head": () => "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----",
};

for (const [what, change] of Object.entries(FORMS)) {
  Deno.test(`decodePublicKeyPem refuses ${what}`, () => {
    const pem = change(PEM);
    if (pem === PEM) return assertEquals(PEM.includes("="), false);
    assertThrows(() => decodePublicKeyPem(pem), ProtocolError, "key-malformed");
  });
}

Deno.test("decodePublicKeyPem reads what encodePublicKeyPem writes", () => {
  assertEquals(encodePublicKeyPem(DER), PEM);
  assert(PEM.split("\n").every((line) => line.length <= 64));
});

Deno.test("importRsaPublicKey checks before the platform sees anything", async () => {
  const key = await importRsaPublicKey(copyBytes(DER));
  assertEquals(key.usages, ["encrypt"]);
  const run = () => importRsaPublicKey(new Uint8Array(10));
  await assertRejects(run, ProtocolError, "key-malformed");
});

Deno.test("generateRsaKeyPair makes a private key that cannot be exported", async () => {
  const { privateKey, publicKeyPem } = await generateRsaKeyPair();
  assertEquals([privateKey.extractable, privateKey.type], [false, "private"]);
  assertEquals(checkRsaPublicKey(decodePublicKeyPem(publicKeyPem)), 2048);
});

Deno.test("generateRsaKeyPair makes no key for the original's wire", async () => {
  assertEquals((await fixedRsaKeyPair()).originalPrivateKey, undefined);
});

Deno.test("generateSharedRsaKeyPair makes two private keys that unwrap, and cannot be exported", async () => {
  const { privateKey, originalPrivateKey, publicKeyPem } = await generateSharedRsaKeyPair();
  assert(originalPrivateKey !== undefined);
  const der = decodePublicKeyPem(publicKeyPem);
  assertEquals(checkRsaPublicKey(der), 2048);
  const secret = new Uint8Array(32).fill(7);
  for (const [hash, key] of [["SHA-256", privateKey], ["SHA-1", originalPrivateKey]] as const) {
    assertEquals([key.extractable, key.type, key.usages], [false, "private", ["decrypt"]]);
    await assertRejects(() => crypto.subtle.exportKey("pkcs8", key), DOMException);
    const algorithm = { name: "RSA-OAEP", hash };
    const publicKey = await crypto.subtle.importKey("spki", der, algorithm, false, ["encrypt"]);
    const wrapped = await crypto.subtle.encrypt({ name: "RSA-OAEP" }, publicKey, secret);
    const unwrapped = await crypto.subtle.decrypt({ name: "RSA-OAEP" }, key, wrapped);
    assertEquals(new Uint8Array(unwrapped), secret);
    const other = key === privateKey ? originalPrivateKey : privateKey;
    const wrong = () => crypto.subtle.decrypt({ name: "RSA-OAEP" }, other, wrapped);
    await assertRejects(wrong, DOMException);
  }
});

Deno.test("generateSharedRsaKeyPair makes another pair each time", async () => {
  const pairs = await Promise.all([generateSharedRsaKeyPair(), generateSharedRsaKeyPair()]);
  assertEquals(new Set(pairs.map(({ publicKeyPem }) => publicKeyPem)).size, 2);
});
