import fc from "fast-check";
import { type Bytes, encodeHex, encodeUtf8, equalBytes, joinBytes } from "../../protocol/bytes.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import {
  chooseParts,
  decodePartList,
  encodePartList,
  encodeWants,
  joinParts,
  PART_RECORD_BYTES,
  pickWanted,
  splitManifest,
} from "../../protocol/manifest_parts.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";

/** A line like those of a manifest. */
function lineOf(i: number, version = 0): string {
  return `{"Path":"dir/file-${`${i}`.padStart(6, "0")}","Digest":"${version}"}\n`;
}

function linesOf(count: number): string[] {
  return Array.from({ length: count }, (_, i) => lineOf(i));
}

const LINES = linesOf(10_000);

/** Says how many of the parts of some lines are not among those of others. */
function countNew(lines: readonly string[], before: readonly string[]): number {
  const partsOf = (some: readonly string[]) => splitManifest(encodeUtf8(some.join("")));
  const known = new Set(partsOf(before).map((part) => encodeHex(part)));
  return partsOf(lines).filter((part) => !known.has(encodeHex(part))).length;
}

/** Lists of lines, long enough for several parts. */
const COUNT = fc.oneof(fc.constant(0), fc.integer({ min: 300, max: 2_000 }));
const TEXTS = fc.tuple(COUNT, fc.integer({ min: 0, max: 9 }))
  .map(([count, version]) => {
    return encodeUtf8(Array.from({ length: count }, (_, i) => lineOf(i, version)).join(""));
  });

Deno.test("splitManifest cuts 10,000 lines into parts of whole lines, of 64 on average", () => {
  const bytes = encodeUtf8(LINES.join(""));
  const parts = splitManifest(bytes);
  assertEquals(joinBytes(parts), bytes);
  assert(parts.every((part) => part.at(-1) === 0x0a));
  assert(parts.length > 10_000 / 96 && parts.length < 10_000 / 40, `${parts.length} parts`);
});

Deno.test("splitManifest gives at most 3 new parts where one line of 10,000 changes, comes or goes", () => {
  fc.assert(
    fc.property(fc.nat(9_999), fc.nat(), (at, version) => {
      const other = lineOf(at, version + 1);
      assert(countNew(LINES.with(at, other), LINES) <= 3);
      assert(countNew(LINES.toSpliced(at, 0, other), LINES) <= 3);
      assert(countNew(LINES.toSpliced(at, 1), LINES) <= 3);
    }),
    { numRuns: 20 },
  );
});

Deno.test("splitManifest ends a part after 256 lines, whatever they are", () => {
  const line = Array.from({ length: 100 }, (_, i) => lineOf(i))
    .find((each) => splitManifest(encodeUtf8(each + each)).length === 1);
  assert(line !== undefined);
  const parts = splitManifest(encodeUtf8(line.repeat(600)));
  assertEquals(parts.map(({ length }) => length / line.length), [256, 256, 88]);
});

Deno.test("splitManifest makes no part of nothing, and one of a line without its end", () => {
  assertEquals(splitManifest(new Uint8Array(0)), []);
  assertEquals(splitManifest(encodeUtf8("a")), [encodeUtf8("a")]);
});

Deno.test("decodePartList reads what encodePartList writes: length and digest of each part", async () => {
  await fc.assert(
    fc.asyncProperty(TEXTS, async (bytes) => {
      const parts = splitManifest(bytes);
      const list = await encodePartList(parts);
      assertEquals(list.length, parts.length * PART_RECORD_BYTES);
      const records = decodePartList(list, bytes.length);
      assertEquals(records.map(({ size }) => size), parts.map(({ length }) => length));
      const digests = await Promise.all(parts.map(sha256Digest));
      assertEquals(records.map(({ digest }) => digest), digests.map(encodeHex));
    }),
    { numRuns: 20 },
  );
});

Deno.test("encodePartList writes a length in four bytes, big-endian, and the digest behind it", async () => {
  const part = new Uint8Array(0x01_02_03);
  const list = await encodePartList([part]);
  assertEquals(encodeHex(list), "00010203" + encodeHex(await sha256Digest(part)));
});

Deno.test("decodePartList gives parts that make up the manifest or a ProtocolError, for any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(1_000), (any, size) => {
      try {
        const records = decodePartList(any as Bytes, size);
        assert(records.length <= Math.ceil(size / 1_024));
        assertEquals(records.reduce((sum, each) => sum + each.size, 0), size);
      } catch (error) {
        assert(error instanceof ProtocolError && error.code === "manifest-malformed");
      }
    }),
  );
});

/** Writes a record of a part, whatever its digest. */
function record(size: number): number[] {
  return [...new Uint8Array(Uint32Array.of(size).buffer).reverse(), ...new Array(32).fill(7)];
}

const BAD_LISTS: Readonly<Record<string, readonly [list: number[], size: number]>> = {
  "ends within a record": [record(3).slice(1), 3],
  "is one byte too long": [[...record(3), 0], 3],
  "has a part of no bytes": [[...record(0), ...record(1_100)], 1_100],
  "has more than a part for each 1,024 bytes": [[...record(1), ...record(1_023)], 1_024],
  "has a part larger than any manifest": [record(33_554_433), 33_554_433],
  "makes up less than the manifest": [record(3), 4],
  "makes up more than the manifest": [[...record(1_100), ...record(1)], 1_100],
  "is empty for a manifest that is not": [[], 3],
  "comes up to the size once 32 bits overflow": [[...record(2 ** 32 - 1), ...record(1_101)], 1_100],
};

for (const [what, [list, size]] of Object.entries(BAD_LISTS)) {
  Deno.test(`decodePartList refuses a list that ${what}`, () => {
    const run = () => decodePartList(new Uint8Array(list), size);
    assertThrows(run, ProtocolError, "manifest-malformed");
  });
}

/** Gives one manifest to whoever holds another, as both sides would. */
async function giveParts(wanted: Bytes, held: Bytes): Promise<{ sent: Bytes; got: Bytes }> {
  const parts = splitManifest(wanted);
  const records = decodePartList(await encodePartList(parts), wanted.length);
  const choice = await chooseParts(records, held);
  const sent = joinBytes(pickWanted(parts, encodeWants(choice)));
  assertEquals(choice.missingBytes, sent.length);
  return { sent, got: joinParts(records, { held: choice.held, came: sent }) };
}

Deno.test("joinParts makes the manifest of what was held and what came", async () => {
  await fc.assert(
    fc.asyncProperty(TEXTS, TEXTS, async (wanted, held) => {
      const { got } = await giveParts(wanted, held);
      assert(equalBytes(got, wanted));
    }),
    { numRuns: 20 },
  );
});

Deno.test("chooseParts asks for nothing that is held, and for a hundredth where a line changed", async () => {
  const held = encodeUtf8(LINES.join(""));
  assertEquals((await giveParts(held, held)).sent.length, 0);
  const { sent, got } = await giveParts(encodeUtf8(LINES.with(5_000, "x\n").join("")), held);
  assert(sent.length < held.length / 25, `${sent.length} bytes`);
  assert(got.length === held.length - (LINES[5_000] ?? "").length + 2);
});

Deno.test("chooseParts takes no part that is held for one of another length", async () => {
  const held = encodeUtf8("a\n");
  const digest = encodeHex(await sha256Digest(held));
  const choice = await chooseParts([{ size: 3, digest }], held);
  assertEquals(choice, { held: [null], missingBytes: 3 });
});

Deno.test("encodeWants writes a bit for each part, the first as the highest", () => {
  const part = new Uint8Array(1);
  const wants = (held: (Bytes | null)[]) => encodeHex(encodeWants({ held, missingBytes: 0 }));
  assertEquals(wants([]), "");
  assertEquals(wants([null]), "80");
  assertEquals(wants([part, null, part]), "40");
  assertEquals(wants([...new Array(8).fill(part), null]), "0080");
});

Deno.test("pickWanted refuses bits that are not one for each part", () => {
  const parts = [1, 2, 3].map((byte) => Uint8Array.of(byte));
  assertEquals(pickWanted(parts, Uint8Array.of(0b1010_0000)).map(encodeHex), ["01", "03"]);
  assertEquals(pickWanted([], new Uint8Array(0)), []);
  for (const bits of [[], [0, 0], [0b0001_0000], [0b1110_0001]]) {
    const run = () => pickWanted(parts, new Uint8Array(bits));
    assertThrows(run, ProtocolError, "message-malformed");
  }
  const eight = Array.from({ length: 8 }, () => new Uint8Array(1));
  assertEquals(pickWanted(eight, Uint8Array.of(0xff)).length, 8);
  assertThrows(() => pickWanted(eight, Uint8Array.of(0xff, 0)), ProtocolError);
});
