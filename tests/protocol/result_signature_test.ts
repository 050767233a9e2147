import { concatBytes, encodeHex } from "../../protocol/bytes.ts";
import { importIdentity } from "../../protocol/identity.ts";
import { type ResultClaim, signResults, verifyResults } from "../../protocol/result_signature.ts";
import { assertEquals } from "../support/assert.ts";

const IDENTITY = await importIdentity(new Uint8Array(32).fill(9));
const CLAIM: ResultClaim = {
  transcript: new Uint8Array(32).fill(1),
  digest: new Uint8Array(32).fill(2),
  counts: {
    created: 1,
    updated: 2,
    reowned: 6,
    removed: 7,
    unchanged: 2 ** 40 + 3,
    missing: 4,
    failed: 5,
  },
};

Deno.test("signResults signs the context, the transcript, the digest and seven 64-bit counts", async () => {
  const numbers = new Uint8Array(56);
  const view = new DataView(numbers.buffer);
  [1n, 2n, 6n, 7n, 2n ** 40n + 3n, 4n, 5n].forEach((count, i) => view.setBigUint64(8 * i, count));
  const context = new TextEncoder().encode("fluxvault/2 agent results\n");
  const message = concatBytes(context, CLAIM.transcript, CLAIM.digest, numbers);
  const signature = await signResults(IDENTITY, CLAIM);
  assertEquals(encodeHex(signature), encodeHex(await IDENTITY.sign(message)));
});

Deno.test("verifyResults accepts what signResults made", async () => {
  const signature = await signResults(IDENTITY, CLAIM);
  assertEquals(await verifyResults({ ...IDENTITY, signature }, CLAIM), true);
});

Deno.test("verifyResults refuses every other claim, key and signature", async () => {
  const signature = await signResults(IDENTITY, CLAIM);
  const other = new Uint8Array(32).fill(3);
  const { counts } = CLAIM;
  const claims: ResultClaim[] = [
    { ...CLAIM, transcript: other },
    { ...CLAIM, digest: other },
    ...Object.keys(counts).map((key) => ({ ...CLAIM, counts: { ...counts, [key]: 9 } })),
  ];
  for (const claim of claims) {
    assertEquals(await verifyResults({ ...IDENTITY, signature }, claim), false);
  }
  const { publicKey } = await importIdentity(other);
  assertEquals(await verifyResults({ publicKey, signature }, CLAIM), false);
  assertEquals(await verifyResults({ ...IDENTITY, signature: signature.slice(1) }, CLAIM), false);
  const noKey = new Uint8Array(5);
  assertEquals(await verifyResults({ publicKey: noKey, signature }, CLAIM), false);
});
