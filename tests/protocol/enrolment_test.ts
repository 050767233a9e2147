import { createHmac } from "node:crypto";
import { concatBytes, encodeUtf8, randomBytes } from "../../protocol/bytes.ts";
import {
  decodeEnrolmentSecret,
  type EnrolmentClaim,
  proveEnrolment,
  verifyEnrolment,
} from "../../protocol/enrolment.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { flipBit } from "../support/duplex_cuts.ts";

const SECRET = randomBytes(32);
const CLAIM: EnrolmentClaim = {
  transcript: new Uint8Array(32).fill(1),
  publicKey: new Uint8Array(32).fill(2),
  app: "wordpress",
  component: null,
};

Deno.test("proveEnrolment follows section 6 of the specification", async () => {
  const message = concatBytes(
    encodeUtf8("fluxvault/2 enrolment\n"),
    CLAIM.transcript,
    CLAIM.publicKey,
    encodeUtf8("\0\x09wordpress\0\0"),
  );
  const expected = createHmac("sha256", SECRET).update(message).digest();
  assertEquals(await proveEnrolment(SECRET, CLAIM), new Uint8Array(expected));
});

Deno.test("verifyEnrolment takes the proof for its own claim and secret alone", async () => {
  const proof = await proveEnrolment(SECRET, CLAIM);
  assert(await verifyEnrolment(SECRET, proof, CLAIM));
  const others: readonly EnrolmentClaim[] = [
    { ...CLAIM, transcript: randomBytes(32) },
    { ...CLAIM, publicKey: randomBytes(32) },
    { ...CLAIM, app: null },
    { ...CLAIM, app: "wordpres", component: "s" },
    { ...CLAIM, component: "db" },
    { ...CLAIM, app: null, component: "wordpress" },
  ];
  for (const claim of others) assert(!await verifyEnrolment(SECRET, proof, claim));
  assert(!await verifyEnrolment(randomBytes(32), proof, CLAIM));
  for (let bit = 0; bit < 256; bit++) {
    assert(!await verifyEnrolment(SECRET, flipBit(proof, bit), CLAIM));
  }
});

Deno.test("decodeEnrolmentSecret takes 43 characters of canonical base64url alone", () => {
  const text = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
  assertEquals(decodeEnrolmentSecret(text)?.join(), Array.from({ length: 32 }, (_, i) => i).join());
  const bad = ["", "hunter2", text + "=", text + "A", text.slice(1), ` ${text.slice(1)}`];
  // The last character carries 4 bits: any other of the same 4 bits is another spelling.
  bad.push(text.slice(0, -1) + "9", text.slice(0, -1) + "+", "/" + text.slice(1));
  for (const value of bad) assertEquals(decodeEnrolmentSecret(value), null, value);
});
