import { generateKey } from "../../../../keeper/authority/certificates/key_pair.ts";
import {
  generateAuthoritySecret,
  importAuthoritySecret,
  openPrivateKey,
  sealPrivateKey,
} from "../../../../keeper/authority/state/private_key_seal.ts";
import { decodeUtf8, encodeUtf8, StorageError } from "../../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";

const NAME = { authority: "0123456789abcdef", key: "40".repeat(16), type: "P-256" } as const;

async function seal() {
  const secret = await importAuthoritySecret(generateAuthoritySecret());
  assert(secret !== null);
  const { publicKey, pkcs8 } = await generateKey("P-256");
  const plain = pkcs8.slice();
  return { secret, publicKey, plain, pkcs8, file: await sealPrivateKey(pkcs8, secret, NAME) };
}

Deno.test("openPrivateKey gives back a key that signs and cannot be read", async () => {
  const { secret, publicKey, file } = await seal();
  const key = await openPrivateKey(file, secret, NAME);
  assertEquals([key.extractable, key.usages], [false, ["sign"]]);
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  const message = encodeUtf8("message");
  const signature = await crypto.subtle.sign(algorithm, key, message);
  assert(await crypto.subtle.verify(algorithm, publicKey, signature, message));
});

Deno.test("sealPrivateKey overwrites the key, and writes nothing of it", async () => {
  const { plain, pkcs8, file } = await seal();
  assertEquals(pkcs8.every((byte) => byte === 0), true);
  const text = decodeUtf8(file);
  const base64 = btoa(String.fromCharCode(...plain)).replaceAll("+", "-").replaceAll("/", "_");
  assert(!text.includes(base64.slice(60, 100)));
});

Deno.test("openPrivateKey refuses a file of another key, kind or authority, and another secret", async () => {
  const { secret, file } = await seal();
  const others = [
    { ...NAME, key: "41".repeat(16) },
    { ...NAME, authority: "fedcba9876543210" },
    { ...NAME, type: "Ed25519" as const },
  ];
  for (const name of others) {
    const error = await assertRejects(() => openPrivateKey(file, secret, name), StorageError);
    assertEquals(error.code, "state-malformed");
  }
  const other = await importAuthoritySecret(generateAuthoritySecret());
  assert(other !== null);
  await assertRejects(() => openPrivateKey(file, other, NAME), StorageError);
});

Deno.test("openPrivateKey refuses a file in which something was changed", async () => {
  const { secret, file } = await seal();
  const members = JSON.parse(decodeUtf8(file));
  const changed = [
    { ...members, sealed: members.sealed.replace(/^./, (c: string) => c === "A" ? "B" : "A") },
    { ...members, sealed: members.sealed.slice(4) },
    { ...members, cipher: { ...members.cipher, nonce: "AAAAAAAAAAAAAAAA" } },
    { ...members, cipher: undefined },
    "no JSON",
  ];
  for (const one of changed) {
    const bytes = encodeUtf8(typeof one === "string" ? one : JSON.stringify(one));
    const error = await assertRejects(() => openPrivateKey(bytes, secret, NAME), StorageError);
    assert(!error.message.includes(members.sealed.slice(0, 8)), error.message);
  }
});

Deno.test("importAuthoritySecret takes 32 bytes in base64url and nothing else", async () => {
  for (const text of ["", "AAAA", "=".repeat(43), `${generateAuthoritySecret()}AAAA`]) {
    assertEquals(await importAuthoritySecret(text), null);
  }
});
