import {
  decodeRegistration,
  encodeRegistration,
  proveRegistration,
  readObject,
  type Registration,
  type RegistrationClaim,
  verifyEnrolmentProof,
  verifyKeyProof,
  verifySignature,
} from "../../../agent/registrar/claim.ts";
import { decodeHex, encodeHex, encodeUtf8 } from "../../../protocol/bytes.ts";
import { importIdentity } from "../../../protocol/identity.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const SECRET = new Uint8Array(32).fill(7);
const KEY = encodeUtf8("correct-horse-battery");
const CLAIM = {
  nonce: new Uint8Array(32).fill(1),
  instance: new Uint8Array(16).fill(2),
  app: "shop",
  component: "db",
  port: 8_888,
  tls: false,
};

async function prove(): Promise<Registration> {
  const identity = await importIdentity(new Uint8Array(32).fill(3));
  return await proveRegistration(CLAIM, { identity, enrolmentSecret: SECRET, registrarKey: KEY });
}

Deno.test("proveRegistration signs the bytes that the page says", async () => {
  const { claim, signature } = await prove();
  const bytes = encodeUtf8("fluxvault/2 sub-agent registration\n");
  const text = encodeHex(bytes) + "01".repeat(32) + "02".repeat(16) +
    encodeHex(claim.publicKey) + "000473686f70" + "00026462" + "22b8" + "00";
  const message = decodeHex(text, text.length / 2);
  assert(message !== null);
  const key = await crypto.subtle.importKey("raw", claim.publicKey, "Ed25519", false, ["verify"]);
  assert(await crypto.subtle.verify("Ed25519", key, signature, message));
});

Deno.test("decodeRegistration reads what was written, and nothing is lost", async () => {
  const registration = await prove();
  const read = decodeRegistration(encodeUtf8(encodeRegistration(registration)));
  assertEquals(read, registration);
  const bare = { ...registration, enrolment: null, keyProof: null };
  assertEquals(decodeRegistration(encodeUtf8(encodeRegistration(bare))), bare);
});

Deno.test("verifySignature and the proofs hold for the claim alone", async () => {
  const registration = await prove();
  assert(await verifySignature(registration));
  assert(await verifyEnrolmentProof(registration, SECRET));
  assert(await verifyKeyProof(registration, KEY));
  const changes: readonly Partial<RegistrationClaim>[] = [
    { nonce: new Uint8Array(32) },
    { instance: new Uint8Array(16) },
    { app: "shop2" },
    { component: "web" },
    { app: "shopd", component: "b" },
    { port: 1 },
    { tls: true },
    { publicKey: (await importIdentity(new Uint8Array(32))).publicKey },
  ];
  for (const change of changes) {
    const changed = { ...registration, claim: { ...registration.claim, ...change } };
    const verdicts = await Promise.all([
      verifySignature(changed),
      verifyEnrolmentProof(changed, SECRET),
      verifyKeyProof(changed, KEY),
    ]);
    assertEquals(verdicts, [false, false, false], JSON.stringify(Object.keys(change)));
  }
});

Deno.test("verifyEnrolmentProof and verifyKeyProof do not take each other's proofs", async () => {
  const registration = await prove();
  const { enrolment, keyProof } = registration;
  const swapped = { ...registration, enrolment: keyProof, keyProof: enrolment };
  assert(!await verifyEnrolmentProof(swapped, KEY));
  assert(!await verifyKeyProof(swapped, SECRET));
  assert(!await verifyKeyProof({ ...registration, keyProof: null }, KEY));
});

Deno.test("decodeRegistration refuses whatever is missing, out of bounds or of another type", async () => {
  const json = JSON.parse(encodeRegistration(await prove()));
  const changes: readonly Record<string, unknown>[] = [
    { version: 2 },
    { nonce: json.nonce.toUpperCase() + "A" },
    { instance: "00" },
    { identity: undefined },
    { signature: "" },
    { app: "a b" },
    { app: "" },
    { component: "../db" },
    { component: 1 },
    { port: 0 },
    { port: 65_536 },
    { port: 1.5 },
    { port: "8888" },
    { tls: 1 },
    { enrolment: "00" },
    { key: 5 },
  ];
  for (const change of changes) {
    const text = JSON.stringify({ ...json, ...change });
    assertEquals(decodeRegistration(encodeUtf8(text)), null, JSON.stringify(change));
  }
});

Deno.test("readObject reads one JSON object in UTF-8, and nothing else", () => {
  assertEquals(readObject(encodeUtf8('{"a":1}')), { a: 1 });
  for (const text of ["", "[]", "null", "1", "{", '{"a":1}x']) {
    assertEquals(readObject(encodeUtf8(text)), null, text);
  }
  assertEquals(readObject(Uint8Array.of(0x22, 0xff, 0x22)), null);
});
