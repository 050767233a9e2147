import { checkReceipt, encodeReceipt } from "../../../keeper/audit/receipt.ts";
import { encodeHex, identityFingerprint } from "../../../protocol/mod.ts";
import { importIdentity } from "../../../protocol/identity.ts";
import { signResults } from "../../../protocol/result_signature.ts";
import { assertEquals } from "../../support/assert.ts";

const IDENTITY = await importIdentity(new Uint8Array(32).fill(5));
const CLAIM = {
  transcript: new Uint8Array(32).fill(1),
  digest: new Uint8Array(32).fill(2),
  counts: {
    created: 1,
    updated: 2,
    reowned: 6,
    removed: 7,
    unchanged: 3,
    missing: 4,
    failed: 5,
  },
};
const LINE = {
  event: "result",
  fingerprint: await identityFingerprint(IDENTITY.publicKey),
  receipt: encodeReceipt({
    ...CLAIM,
    publicKey: IDENTITY.publicKey,
    signature: await signResults(IDENTITY, CLAIM),
  }),
};

Deno.test("checkReceipt accepts what an agent signed by the protocol's own code", async () => {
  assertEquals(await checkReceipt(LINE), "signed");
});

Deno.test("checkReceipt tells a result without a signature from a line that has no place for one", async () => {
  assertEquals(await checkReceipt({ ...LINE, receipt: null }), "unsigned");
  assertEquals(await checkReceipt({ event: "result" }), "none");
});

Deno.test("checkReceipt refuses a receipt of which a member is another, malformed or gone", async () => {
  const others: unknown[] = ["signed", []];
  for (const name of Object.keys(LINE.receipt)) {
    const { [name]: _gone, ...rest } = LINE.receipt;
    others.push(rest, { ...LINE.receipt, [name]: "00" });
    const hex = LINE.receipt[name];
    if (typeof hex === "string") others.push({ ...LINE.receipt, [name]: "0".repeat(hex.length) });
  }
  for (const name of Object.keys(CLAIM.counts)) {
    others.push({ ...LINE.receipt, counts: { ...CLAIM.counts, [name]: 9 } });
    others.push({ ...LINE.receipt, counts: { ...CLAIM.counts, [name]: -1 } });
  }
  for (const receipt of others) assertEquals(await checkReceipt({ ...LINE, receipt }), "invalid");
});

Deno.test("checkReceipt refuses a receipt by the key of another agent", async () => {
  const identity = await importIdentity(new Uint8Array(32).fill(6));
  const receipt = {
    ...LINE.receipt,
    publicKey: encodeHex(identity.publicKey),
    signature: encodeHex(await signResults(identity, CLAIM)),
  };
  assertEquals(await checkReceipt({ ...LINE, receipt }), "invalid");
});
