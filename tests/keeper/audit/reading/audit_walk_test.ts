import fc from "fast-check";
import { verifyAudit } from "../../../../keeper/audit/reading/audit_walk.ts";
import { hashLine } from "../../../../keeper/audit/log/audit_line.ts";
import { encodeReceipt } from "../../../../keeper/audit/receipt.ts";
import {
  encodeHex,
  encodeUtf8,
  identityFingerprint,
  sha256Digest,
} from "../../../../protocol/mod.ts";
import { importIdentity } from "../../../../protocol/identity.ts";
import { signResults } from "../../../../protocol/result_signature.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { bytesOf, textOf } from "../audit_fixtures.ts";

const EVENTS = [
  { event: "start", app: "demo" },
  { event: "given", path: "a", size: 1 },
  { event: "given", path: "b", size: 2 },
  { event: "stop" },
];
const LOG = await textOf(EVENTS);

async function faultOf(text: string | Uint8Array<ArrayBuffer>): Promise<string | null> {
  const { fault } = await verifyAudit(bytesOf(text));
  return fault === null ? null : `${fault.line}: ${fault.problem}`;
}

Deno.test("verifyAudit finds nothing wrong with a log, however it is cut on its way", async () => {
  const last = await hashLine(encodeUtf8(LOG.split("\n")[3] ?? ""));
  for (const pieceBytes of [1, 7, 1_000]) {
    const verdict = await verifyAudit(bytesOf(LOG, pieceBytes));
    assertEquals([verdict.fault, verdict.end], [null, { seq: 4, hash: last }]);
  }
  assertEquals((await verifyAudit(bytesOf(""))).end.seq, 0);
});

Deno.test("verifyAudit notices any change of a byte before the last line", async () => {
  const bytes = encodeUtf8(LOG);
  const last = LOG.lastIndexOf("\n", LOG.length - 2);
  const at = fc.integer({ min: 0, max: last });
  await fc.assert(fc.asyncProperty(at, fc.integer({ min: 1, max: 255 }), async (place, bits) => {
    const changed = bytes.slice();
    changed[place] = (changed[place] ?? 0) ^ bits;
    assert(await faultOf(changed) !== null);
  }));
});

Deno.test("verifyAudit notices that bytes were cut out before the last line, or put in", async () => {
  const last = LOG.lastIndexOf("\n", LOG.length - 2);
  const place = fc.integer({ min: 0, max: last });
  await fc.assert(fc.asyncProperty(place, fc.integer({ min: 1, max: 400 }), async (at, count) => {
    const length = Math.min(count, last + 1 - at);
    assert(await faultOf(LOG.slice(0, at) + LOG.slice(at + length)) !== null);
    assert(await faultOf(LOG.slice(0, at) + "x".repeat(length) + LOG.slice(at)) !== null);
  }));
});

Deno.test("verifyAudit notices lines that changed places, came twice or are gone", async () => {
  const lines = LOG.split("\n").slice(0, -1);
  const [a = "", b = "", c = "", d = ""] = lines;
  const join = (parts: readonly string[]) => parts.map((line) => `${line}\n`).join("");
  assertEquals(await faultOf(join([b, a, c, d])), "1: it does not follow the line before it");
  assertEquals(await faultOf(join([a, c, b, d])), "2: it does not follow the line before it");
  assertEquals(await faultOf(join([a, b, b, c])), "3: it does not follow the line before it");
  assertEquals(await faultOf(join([a, b, d])), "3: it does not follow the line before it");
});

Deno.test("verifyAudit notices a last line that is cut off, and none that is gone", async () => {
  assertEquals((await faultOf(LOG.slice(0, -9)))?.slice(0, 19), "4: it is cut off; a");
  assertEquals(await faultOf(LOG.slice(0, LOG.lastIndexOf("\n", LOG.length - 2) + 1)), null);
});

Deno.test("verifyAudit tells whether a hash is that of a line", async () => {
  const [, second = ""] = LOG.split("\n");
  const expected = await hashLine(encodeUtf8(second));
  assertEquals((await verifyAudit(bytesOf(LOG), { expected })).isExpectedFound, true);
  const other = await verifyAudit(bytesOf(LOG), { expected: "0".repeat(64) });
  assertEquals([other.isExpectedFound, other.fault], [false, null]);
  assertEquals((await verifyAudit(bytesOf(LOG))).isExpectedFound, null);
});

Deno.test("verifyAudit takes what a line names as cut off, and nothing else", async () => {
  const torn = '{"seq":3,"tim';
  const mark = {
    event: "torn",
    bytes: torn.length,
    sha256: encodeHex(await sha256Digest(encodeUtf8(torn))),
  };
  const lines = (await textOf([...EVENTS.slice(0, 2), mark, { event: "stop" }])).split("\n");
  const put = (piece: string) => [...lines.slice(0, 2), piece, ...lines.slice(2)].join("\n");
  const good = await verifyAudit(bytesOf(put(torn)));
  assertEquals([good.fault, good.torn, good.end.seq], [null, [3], 4]);
  const unnamed = "3: it is no line of an audit log";
  assertEquals(await faultOf(put(`${torn}e`)), unnamed);
  assertEquals(await faultOf(put(`${torn}\n`)), unnamed);
  assertEquals(
    await faultOf(lines.join("\n")),
    "3: what stands before it is no line, and it does not say so",
  );
  const [a, b, c, d] = LOG.split("\n");
  assertEquals(await faultOf(`${a}\n${b}\n${torn}\n${c}\n${d}\n`), unnamed);
});

Deno.test("verifyAudit refuses a line of more than 1 MiB", async () => {
  const fault = await faultOf(LOG + "x".repeat(1_048_577) + "\n");
  assertEquals(fault, "5: it is longer than any line that a keeper writes");
});

Deno.test("verifyAudit checks what agents signed of their results", async () => {
  const identity = await importIdentity(new Uint8Array(32).fill(5));
  const { publicKey } = identity;
  const counts = {
    created: 1,
    updated: 0,
    reowned: 0,
    removed: 0,
    unchanged: 0,
    missing: 0,
    failed: 0,
  };
  const claim = { transcript: new Uint8Array(32), digest: new Uint8Array(32).fill(1), counts };
  const receipt = { ...claim, publicKey, signature: await signResults(identity, claim) };
  const result = { event: "result", fingerprint: await identityFingerprint(publicKey) };
  const verdictOf = async (member: Record<string, unknown>) =>
    await verifyAudit(bytesOf(await textOf([{ ...result, ...member }])));
  const kept = encodeReceipt(receipt);
  const good = await verdictOf({ receipt: kept });
  assertEquals([good.fault, good.signed, good.unsigned], [null, 1, 0]);
  const none = await verdictOf({ receipt: null });
  assertEquals([none.fault, none.signed, none.unsigned], [null, 0, 1]);
  const bad = await verdictOf({ receipt: { ...kept, counts: { ...counts, created: 2 } } });
  assertEquals(bad.fault, {
    line: 1,
    problem: "the signature of the agent over its results is not valid",
  });
});
