import { AuthorityError } from "../../../../keeper/authority/errors.ts";
import { readCertificateRequest } from "../../../../keeper/authority/certificates/certificate_request.ts";
import { type Bytes, concatBytes } from "../../../../protocol/bytes.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";
import { missingForOpenssl, withOpenssl } from "../../../support/openssl.ts";
import { makeRequest } from "../authority_site.ts";

const missing = await missingForOpenssl();
const skipped = missing === null ? "" : ` (skipped: ${missing})`;

async function assertRefused(request: Bytes, code: string): Promise<void> {
  const error = await assertRejects(() => readCertificateRequest(request), AuthorityError);
  assertEquals(error.code, code);
}

for (
  const [algorithm, type] of [["P-256", "P-256"], ["P-384", "P-384"], ["Ed25519", "Ed25519"], [
    "RSA",
    "RSA-2048",
  ]] as const
) {
  Deno.test(`readCertificateRequest takes ${type}`, async () => {
    const { request, keys } = await makeRequest(algorithm);
    const taken = await readCertificateRequest(request);
    assertEquals(taken.type, type);
    const [one, two] = [
      await crypto.subtle.exportKey("spki", taken.publicKey),
      await crypto.subtle.exportKey("spki", keys.publicKey),
    ];
    assertEquals(new Uint8Array(one), new Uint8Array(two));
  });
}

/** How much of a request its signature on P-256 takes at most, with the heads of DER. */
const MAX_SIGNATURE_BYTES = 75;

Deno.test("readCertificateRequest refuses a request in which any bit is another", async () => {
  const { request } = await makeRequest();
  for (let at = 0; at < request.length - MAX_SIGNATURE_BYTES; at++) {
    const changed = request.slice();
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    const error = await assertRejects(() => readCertificateRequest(changed), AuthorityError);
    assert(["request-malformed", "key-refused", "request-unsigned"].includes(error.code));
  }
});

Deno.test("readCertificateRequest takes a signature that is written in another way for the same key alone", async () => {
  const { request, keys } = await makeRequest();
  const own = new Uint8Array(await crypto.subtle.exportKey("spki", keys.publicKey));
  let refused = 0;
  for (let at = request.length - MAX_SIGNATURE_BYTES; at < request.length; at++) {
    const changed = request.slice();
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    const taken = await readCertificateRequest(changed).catch((error) => {
      assert(error instanceof AuthorityError);
      return null;
    });
    if (taken === null) refused++;
    else assertEquals(new Uint8Array(await crypto.subtle.exportKey("spki", taken.publicKey)), own);
  }
  // All bits of the two numbers themselves count.
  assert(refused >= 64, `${refused}`);
});

Deno.test("readCertificateRequest refuses a request that is cut, or has something behind it", async () => {
  const { request } = await makeRequest();
  for (const length of [0, 1, 2, 20, request.length - 1]) {
    await assertRefused(request.subarray(0, length), "request-malformed");
  }
  await assertRefused(concatBytes(request, new Uint8Array(1)), "request-malformed");
  await assertRefused(
    concatBytes(new Uint8Array([0x30, 0x84, 0, 0, 1]), request),
    "request-malformed",
  );
  await assertRefused(new Uint8Array(9_000), "request-malformed");
});

Deno.test("readCertificateRequest refuses the key of one request with the signature of another", async () => {
  const [one, two] = [await makeRequest(), await makeRequest()];
  const at = one.request.length - 80;
  const forged = concatBytes(one.request.subarray(0, at), two.request.subarray(at));
  const error = await assertRejects(() => readCertificateRequest(forged), AuthorityError);
  assert(error.code !== "key-refused");
});

Deno.test("readCertificateRequest refuses a curve that is not among the allowed ones", async () => {
  await assertRefused((await makeRequest("P-521")).request, "key-refused");
});

const REFUSED = [
  ["rsa:1024", "key-refused", ["-newkey", "rsa:1024"]],
  ["RSA-PSS keys", "key-refused", ["-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"]],
  ["RSA with the exponent 3", "key-refused", [
    "-newkey",
    "rsa:2048",
    "-pkeyopt",
    "rsa_keygen_pubexp:3",
  ]],
  ["secp256k1", "key-refused", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"]],
  ["explicit curves", "key-refused", [
    ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    ...["-pkeyopt", "ec_param_enc:explicit"],
  ]],
  ["Ed448", "key-refused", ["-newkey", "ed448"]],
  ["signatures over SHA-1", "request-unsigned", ["-newkey", "rsa:2048", "-sha1"]],
] as const;

for (const [what, code, args] of REFUSED) {
  const name = `readCertificateRequest refuses ${what}${skipped}`;
  Deno.test(name, { ignore: missing !== null }, () =>
    withOpenssl(async (openssl) => {
      const out = ["-keyout", "key.pem", "-out", "request.der", "-outform", "DER"];
      const made = await openssl.run("req", "-new", "-nodes", ...args, "-subj", "/CN=x", ...out);
      assert(made.isGood, made.output);
      const request = await openssl.read("request.der");
      const error = await assertRejects(() => readCertificateRequest(request), AuthorityError);
      assert(error.code === code || error.code === "request-malformed", error.code);
    }));
}
