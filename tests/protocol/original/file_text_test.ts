import fc from "fast-check";
import { encodeHex, encodeUtf8, joinBytes } from "../../../protocol/bytes.ts";
import { Crc32, examineText, LineEnds, textOf } from "../../../protocol/original/file_text.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import vectors from "../../vectors/original/vectors.json" with { type: "json" };
import { cutInto, readPieces, SIZES } from "./pieces.ts";

const VECTORS = vectors.crc32_text.map((vector) => ({
  note: vector.note,
  file: Uint8Array.fromHex(vector.file_bytes_hex),
  text: vector.text_utf8_hex_after_newline_translation,
  checksum: vector.crc32,
}));

/** Texts with many line ends of every kind, and letters of one to four bytes. */
const TEXTS = fc.array(
  fc.oneof(
    fc.constantFrom(
      "\r",
      "\n",
      "\r\n",
      "\n\r",
      "a",
      "\u00e9",
      "\u2028",
      "\u{1f511}",
      "\ufeff",
      "\0",
    ),
    fc.string({ unit: "binary", maxLength: 5 }),
  ),
  { maxLength: 40 },
).map((parts) => parts.join(""));

function translateWhole(text: string): string {
  return text.replace(/\r\n?/g, "\n");
}

function translatePieces(pieces: readonly Uint8Array[]): { text: Uint8Array; hasChanged: boolean } {
  const lineEnds = new LineEnds();
  const text = joinBytes(pieces.map((piece) => lineEnds.translate(piece).slice()));
  return { text, hasChanged: lineEnds.hasChanged };
}

Deno.test("examineText gives what the 11 vectors of the original say", async () => {
  assertEquals(VECTORS.length, 11);
  for (const { note, file, text, checksum } of VECTORS) {
    const facts = await examineText(readPieces([file]));
    assertEquals(facts, {
      checksum,
      textBytes: text.length / 2,
      isText: true,
      hasOtherLineEnds: encodeHex(file) !== text,
    }, note);
  }
});

Deno.test("textOf gives what the 11 vectors of the original say", () => {
  for (const { note, file, text } of VECTORS) {
    assertEquals(encodeHex(encodeUtf8(textOf(file))), text, note);
  }
});

Deno.test("Crc32 gives the check value of the standard, and 0 for nothing", () => {
  const checksum = new Crc32();
  assertEquals(checksum.value, 0);
  checksum.update(encodeUtf8("12345"));
  checksum.update(encodeUtf8(""));
  checksum.update(encodeUtf8("6789"));
  assertEquals(checksum.value, 0xcbf43926);
});

Deno.test("LineEnds translates the same however the text is cut", () => {
  fc.assert(fc.property(TEXTS, SIZES, (text, sizes) => {
    const translated = translatePieces(cutInto(encodeUtf8(text), sizes));
    assertEquals(translated.text, encodeUtf8(translateWhole(text)));
    assertEquals(translated.hasChanged, text.includes("\r"));
  }));
});

Deno.test("LineEnds translates a CRLF that is cut in two, also around an empty piece", () => {
  const cr = encodeUtf8("a\r");
  const lf = encodeUtf8("\nb");
  for (const pieces of [[cr, lf], [cr, new Uint8Array(0), lf]]) {
    assertEquals(translatePieces(pieces).text, encodeUtf8("a\nb"));
  }
  assertEquals(translatePieces([cr, encodeUtf8("\nb\r")]).text, encodeUtf8("a\nb\n"));
});

Deno.test("LineEnds keeps two LFs behind a CR apart", () => {
  const pieces = ["\r", "\n", "\n", "\r\n"].map(encodeUtf8);
  assertEquals(translatePieces(pieces).text, encodeUtf8("\n\n\n"));
});

Deno.test("LineEnds leaves the piece that it is given as it is", () => {
  const piece = encodeUtf8("a\r\nb\rc");
  new LineEnds().translate(piece);
  assertEquals(piece, encodeUtf8("a\r\nb\rc"));
});

Deno.test("examineText gives the same however the file is cut", async () => {
  await fc.assert(fc.asyncProperty(TEXTS, SIZES, async (text, sizes) => {
    const file = encodeUtf8(text);
    const whole = await examineText(readPieces([file]));
    assertEquals(await examineText(readPieces(cutInto(file, sizes))), whole);
    const checksum = new Crc32();
    checksum.update(encodeUtf8(translateWhole(text)));
    assertEquals([whole.isText, whole.checksum], [true, checksum.value]);
  }));
});

const NOT_UTF8: readonly (readonly [what: string, bytes: readonly number[]])[] = [
  ["a stray byte", [0x61, 0xff, 0x62]],
  ["a letter without its end", [0x61, 0xc3]],
  ["a letter whose middle is missing", [0xf0, 0x9f, 0x61]],
  ["a surrogate", [0xed, 0xa0, 0x80]],
  ["an overlong form", [0xc0, 0x8a]],
];

for (const [what, bytes] of NOT_UTF8) {
  Deno.test(`examineText finds that ${what} is no text, however it is cut`, async () => {
    const file = Uint8Array.from(bytes);
    for (const size of [1, 2, 3]) {
      const facts = await examineText(readPieces(cutInto(file, [size])));
      assertEquals([facts.isText, facts.textBytes], [false, file.length]);
    }
  });

  Deno.test(`textOf refuses ${what}`, () => {
    assertThrows(() => textOf(Uint8Array.from(bytes)), TypeError);
  });
}

Deno.test("examineText reads a file that is no text to its end", async () => {
  let hasEnded = false;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield* readPieces([Uint8Array.of(0xff), encodeUtf8("a\r\n")]);
    hasEnded = true;
  }
  const facts = await examineText(pieces());
  assertEquals([facts.isText, facts.textBytes, facts.hasOtherLineEnds], [false, 3, true]);
  assert(hasEnded);
});

Deno.test("examineText counts a byte order mark, wherever it stands", async () => {
  const plain = await examineText(readPieces([encodeUtf8("a")]));
  for (const text of ["\ufeffa", "a\ufeff"]) {
    const facts = await examineText(readPieces(cutInto(encodeUtf8(text), [1])));
    assertEquals([facts.isText, facts.textBytes], [true, 4]);
    assert(facts.checksum !== plain.checksum);
  }
  assertEquals(textOf(encodeUtf8("\ufeffa")), "\ufeffa");
});

Deno.test("examineText finds an empty file to be text with the checksum 0", async () => {
  const empty = { checksum: 0, textBytes: 0, isText: true, hasOtherLineEnds: false };
  assertEquals(await examineText(readPieces([])), empty);
  assertEquals(await examineText(readPieces([new Uint8Array(0)])), empty);
});
