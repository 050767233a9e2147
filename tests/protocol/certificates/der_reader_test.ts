import fc from "fast-check";
import { encodeHex, encodeUtf8 } from "../../../protocol/bytes.ts";
import {
  decodeDer,
  DER_TAGS,
  type DerReader,
  readBitString,
  readBoolean,
  readOid,
  readTime,
  readUnsigned,
} from "../../../protocol/certificates/der_reader.ts";
import { writeDer } from "../../../protocol/certificates/der_writer.ts";
import { assertEquals } from "../../support/assert.ts";

function decode<T>(bytes: readonly number[], read: (reader: DerReader) => T): T | null {
  return decodeDer(new Uint8Array(bytes), read);
}

const whole = (reader: DerReader) => encodeHex(reader.next().contents);
const unsigned = (reader: DerReader) => encodeHex(readUnsigned(reader));

function decodeTime(tag: number, text: string): number | null {
  return decodeDer(writeDer(tag, encodeUtf8(text)), readTime);
}

Deno.test("decodeDer takes a length in its shortest form alone", () => {
  assertEquals(decode([0x04, 0x01, 0x2a], whole), "2a");
  assertEquals(decode([0x04, 0x81, 0x01, 0x2a], whole), null);
  assertEquals(decode([0x04, 0x82, 0x00, 0x80, ...new Array(128).fill(0)], whole), null);
  assertEquals(decode([0x04, 0x81, 0x80, ...new Array(128).fill(0)], whole), "00".repeat(128));
});

Deno.test("decodeDer refuses what is cut off, what follows, and lengths without an end", () => {
  assertEquals(decode([0x04, 0x02, 0x2a], whole), null);
  assertEquals(decode([0x04, 0x01, 0x2a, 0x00], whole), null);
  assertEquals(decode([0x24, 0x80, 0x00, 0x00], whole), null);
  assertEquals(decode([0x04, 0x84, 0x00, 0x00, 0x00, 0x01, 0x2a], whole), null);
  assertEquals(decode([0x04], whole), null);
  assertEquals(decode([], whole), null);
});

Deno.test("decodeDer refuses tags of several bytes", () => {
  assertEquals(decode([0x1f, 0x1f, 0x00], whole), null);
});

Deno.test("decodeDer lets errors through that are not about what it reads", () => {
  let caught: unknown;
  try {
    decode([0x05, 0x00], () => {
      throw new RangeError("mine");
    });
  } catch (error) {
    caught = error;
  }
  assertEquals(caught instanceof RangeError, true);
});

Deno.test("readUnsigned takes the one spelling of a number that is not negative", () => {
  assertEquals(decode([0x02, 0x01, 0x00], unsigned), "00");
  assertEquals(decode([0x02, 0x01, 0x7f], unsigned), "7f");
  assertEquals(decode([0x02, 0x02, 0x00, 0x80], unsigned), "80");
  assertEquals(decode([0x02, 0x02, 0x00, 0x7f], unsigned), null);
  assertEquals(decode([0x02, 0x01, 0x80], unsigned), null);
  assertEquals(decode([0x02, 0x00], unsigned), null);
});

Deno.test("readBoolean takes 00 and FF alone", () => {
  const read = (reader: DerReader) => readBoolean(reader.next(DER_TAGS.boolean));
  assertEquals(decode([0x01, 0x01, 0xff], read), true);
  assertEquals(decode([0x01, 0x01, 0x00], read), false);
  assertEquals(decode([0x01, 0x01, 0x01], read), null);
  assertEquals(decode([0x01, 0x00], read), null);
});

Deno.test("readOid reads numbers of several bytes, each in its shortest form", () => {
  assertEquals(decode([0x06, 0x03, 0x55, 0x1d, 0x11], readOid), "2.5.29.17");
  assertEquals(decode([0x06, 0x03, 0x88, 0x37, 0x03], readOid), "2.999.3");
  assertEquals(decode([0x06, 0x06, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x01], readOid), "1.3.132.0.34.1");
  assertEquals(decode([0x06, 0x03, 0x55, 0x80, 0x11], readOid), null);
  assertEquals(decode([0x06, 0x02, 0x55, 0x81], readOid), null);
  assertEquals(decode([0x06, 0x00], readOid), null);
});

Deno.test("readBitString takes whole bytes alone", () => {
  assertEquals(
    decode([0x03, 0x02, 0x00, 0x2a], (reader) => encodeHex(readBitString(reader))),
    "2a",
  );
  assertEquals(decode([0x03, 0x02, 0x01, 0x2a], readBitString), null);
  assertEquals(decode([0x03, 0x00], readBitString), null);
});

Deno.test("readTime reads both forms, each for its years", () => {
  assertEquals(decodeTime(DER_TAGS.utcTime, "261126095000Z"), Date.UTC(2026, 10, 26, 9, 50));
  assertEquals(decodeTime(DER_TAGS.utcTime, "500101000000Z"), Date.UTC(1950, 0, 1));
  assertEquals(decodeTime(DER_TAGS.generalizedTime, "20500101000000Z"), Date.UTC(2050, 0, 1));
  assertEquals(decodeTime(DER_TAGS.generalizedTime, "20261126095000Z"), null);
});

Deno.test("readTime refuses other spellings, and days that there are not", () => {
  for (
    const text of [
      "261126095000",
      "2611260950Z",
      "261126095000+0100",
      "260231000000Z",
      "261301000000Z",
      "261126240000Z",
      "261126096000Z",
      "261126095060Z",
      "26112609500 Z",
      "",
    ]
  ) {
    assertEquals(decodeTime(DER_TAGS.utcTime, text), null, text);
  }
  assertEquals(decodeTime(DER_TAGS.octetString, "261126095000Z"), null);
});

Deno.test("decodeDer gives back what writeDer wrote, of any length", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70_000, size: "max" }), (contents) => {
      const read = decodeDer(writeDer(DER_TAGS.octetString, contents), (reader) => reader.next());
      assertEquals(encodeHex(read?.contents ?? new Uint8Array(1)), encodeHex(contents));
    }),
    { numRuns: 50 },
  );
});
