import fc from "fast-check";
import {
  concatBytes,
  copyBytes,
  decodeHex,
  decodeUtf8,
  encodeHex,
  encodeUtf8,
  equalBytes,
  joinBytes,
  randomBytes,
  readUint32,
  writeUint32,
} from "../../protocol/bytes.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";

Deno.test("decodeHex reads what encodeHex writes, and nothing of another length", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
    const text = encodeHex(bytes);
    assertEquals(decodeHex(text, bytes.length), copyBytes(bytes));
    assertEquals(decodeHex(text, bytes.length + 1), null);
    assertEquals(text, text.toLowerCase());
  }));
});

Deno.test("decodeHex refuses upper case, white space, odd lengths and what is no text", () => {
  for (const text of ["AB", "aB", " a", "a\n", "0x", "g0", "a", "", null, undefined, 12, ["ab"]]) {
    assertEquals(decodeHex(text, 1), null);
  }
});

Deno.test("decodeUtf8 reads what encodeUtf8 writes and keeps a byte order mark", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => {
    assertEquals(decodeUtf8(encodeUtf8(text)), text);
  }));
  assertEquals(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)), "\ufeffa");
});

Deno.test("decodeUtf8 refuses what is not well-formed", () => {
  const bad = [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]];
  for (const bytes of bad) assertThrows(() => decodeUtf8(new Uint8Array(bytes)), TypeError);
});

Deno.test("equalBytes agrees with the comparison of two texts", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4 }), fc.uint8Array({ maxLength: 4 }), (a, b) => {
      assertEquals(equalBytes(a, b), a.join() === b.join());
      assert(equalBytes(a, a.slice()));
    }),
  );
});

Deno.test("joinBytes joins any number of pieces; concatBytes is the same for a few", () => {
  const pieces = Array.from({ length: 200_000 }, (_, i) => Uint8Array.of(i & 0xff));
  assertEquals(joinBytes(pieces).length, 200_000);
  assertEquals(
    concatBytes(Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3)).join(),
    "1,2,3",
  );
  assertEquals(joinBytes([]).length, 0);
});

Deno.test("copyBytes owns its memory", () => {
  const whole = Uint8Array.of(1, 2, 3);
  const copy = copyBytes(whole.subarray(1));
  whole.fill(0);
  assertEquals([copy.join(), copy.buffer.byteLength], ["2,3", 2]);
});

Deno.test("randomBytes gives other bytes each time", () => {
  assertEquals(randomBytes(32).length, 32);
  assert(!equalBytes(randomBytes(32), randomBytes(32)));
});

Deno.test("readUint32 reads what writeUint32 writes, big-endian, also in a view", () => {
  const view = new Uint8Array(12).subarray(3);
  writeUint32(view, { offset: 1, value: 0x89abcdef });
  assertEquals(view.subarray(1, 5).join(), [0x89, 0xab, 0xcd, 0xef].join());
  assertEquals(readUint32(view, 1), 0x89abcdef);
});
