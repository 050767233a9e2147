import fc from "fast-check";
import { encodeHex } from "../../../protocol/bytes.ts";
import {
  decodeDer,
  readBitString,
  readOid,
  readUnsigned,
} from "../../../protocol/certificates/der_reader.ts";
import {
  writeBitString,
  writeOid,
  writeSequence,
  writeUnsigned,
  writeUtf8String,
} from "../../../protocol/certificates/der_writer.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

Deno.test("writeSequence writes its parts one behind the other", () => {
  const both = writeSequence(writeUnsigned(new Uint8Array([1])), writeUtf8String("db"));
  assertEquals(encodeHex(both), "3007020101" + "0c026462");
  assertEquals(encodeHex(writeSequence()), "3000");
});

Deno.test("writeUnsigned writes what readUnsigned reads", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (bytes) => {
    const text = encodeHex(decodeDer(writeUnsigned(bytes), readUnsigned) ?? new Uint8Array(0));
    assertEquals(BigInt(`0x${text}`), BigInt(`0x${encodeHex(bytes)}`));
  }));
});

Deno.test("writeUnsigned writes nothing as zero", () => {
  assertEquals(encodeHex(writeUnsigned(new Uint8Array(0))), "020100");
});

Deno.test("writeOid writes what readOid reads", () => {
  for (const oid of ["2.5.4.3", "1.2.840.10045.4.3.2", "1.3.132.0.34", "0.0", "2.999.4294967295"]) {
    assertEquals(decodeDer(writeOid(oid), readOid), oid);
  }
});

Deno.test("writeOid refuses what is no identifier", () => {
  for (const text of ["", "1", "1.40", "3.1", "1.2.-3", "1.2.x", "1.2.4294967296"]) {
    assertThrows(() => writeOid(text), TypeError);
  }
});

Deno.test("writeBitString writes what readBitString reads", () => {
  const bytes = new Uint8Array([0, 1, 255]);
  assertEquals(encodeHex(decodeDer(writeBitString(bytes), readBitString) ?? bytes), "0001ff");
});
