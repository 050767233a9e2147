import fc from "fast-check";
import { copyBytes, encodeHex, encodeUtf8, joinBytes } from "../../../protocol/bytes.ts";
import { ProtocolError } from "../../../protocol/errors.ts";
import { HexReader } from "../../../protocol/original/hex_reader.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { cutInto, SIZES } from "./pieces.ts";

/** Every byte that is a hex letter. */
const LETTERS = new Set(encodeUtf8("0123456789abcdefABCDEF"));

Deno.test("HexReader decodes the same however the letters are cut, in either case", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), SIZES, (bytes, sizes) => {
    for (const letters of [encodeHex(bytes), encodeHex(bytes).toUpperCase()]) {
      const reader = new HexReader();
      const pieces = cutInto(encodeUtf8(letters), sizes).map((piece) => reader.decode(piece));
      assertEquals(joinBytes(pieces), copyBytes(bytes));
      assert(reader.isWhole);
    }
  }));
});

Deno.test("HexReader decodes letters of both cases in one byte", () => {
  assertEquals(new HexReader().decode(encodeUtf8("aBFf0A")), Uint8Array.of(0xab, 0xff, 0x0a));
});

Deno.test("HexReader.isWhole is false where half a byte has come", () => {
  const reader = new HexReader();
  assert(reader.isWhole);
  assertEquals(reader.decode(encodeUtf8("abc")), Uint8Array.of(0xab));
  assert(!reader.isWhole);
  assertEquals(reader.decode(encodeUtf8("")), new Uint8Array(0));
  assert(!reader.isWhole);
  assertEquals(reader.decode(encodeUtf8("d")), Uint8Array.of(0xcd));
  assert(reader.isWhole);
});

Deno.test("HexReader refuses every byte that is no hex letter, first or second", () => {
  for (let byte = 0; byte < 256; byte++) {
    if (LETTERS.has(byte)) continue;
    for (const letters of [[byte, 0x30], [0x30, byte]]) {
      const reader = new HexReader();
      assertThrows(
        () => reader.decode(Uint8Array.from(letters)),
        ProtocolError,
        "message-malformed",
      );
    }
  }
});

Deno.test("HexReader does not quote what it refuses", () => {
  const refuse = () => new HexReader().decode(encodeUtf8("canary"));
  const { message } = assertThrows(refuse, ProtocolError, "message-malformed");
  assert(!message.includes("canary"));
});
