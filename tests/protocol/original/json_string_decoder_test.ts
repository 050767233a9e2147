import fc from "fast-check";
import { decodeUtf8, encodeUtf8, joinBytes } from "../../../protocol/bytes.ts";
import { ProtocolError } from "../../../protocol/errors.ts";
import { JsonStringDecoder } from "../../../protocol/original/json_string_decoder.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { cutInto } from "./pieces.ts";

interface Decoded {
  readonly text: string;
  readonly pieces: number;
  /** What stands behind the closing quote. */
  readonly behind: string;
}

/** Decodes what stands behind an opening quote; fails where no closing quote comes. */
function decode(parts: readonly Uint8Array[]): Decoded {
  const decoder = new JsonStringDecoder("it");
  const taken: Uint8Array[] = [];
  for (const [i, part] of parts.entries()) {
    const { at, isEnd } = decoder.decode(part, {
      start: 0,
      take: (piece) => taken.push(piece.slice()),
    });
    if (!isEnd) continue;
    const behind = decodeUtf8(joinBytes([part.subarray(at), ...parts.slice(i + 1)]));
    return { text: decodeUtf8(joinBytes(taken)), pieces: taken.length, behind };
  }
  throw new RangeError("no closing quote came");
}

/** Writes a text in JSON, some of its letters as escapes. */
function writeString(text: string, escaped: ReadonlySet<number>): string {
  return text.split("").map((unit, i) => {
    if (escaped.has(i)) return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
    return JSON.stringify(unit).slice(1, -1);
  }).join("");
}

Deno.test("JsonStringDecoder decodes what JSON.parse does, however it is cut", () => {
  const text = fc.string({ unit: "grapheme" });
  const escapes = fc.array(fc.nat(20));
  fc.assert(fc.property(text, escapes, fc.array(fc.integer({ min: 1, max: 7 })), (t, e, sizes) => {
    // A pair of surrogates is escaped as a whole or not at all: half of it is no letter.
    const whole = /[\ud800-\udfff]/.test(t) ? new Set<number>() : new Set(e);
    const json = `${writeString(t, whole)}" behind`;
    const parts = cutInto(encodeUtf8(json.toWellFormed()), sizes.length === 0 ? [1] : sizes);
    const decoded = decode(parts);
    assertEquals([decoded.text, decoded.behind], [t, " behind"]);
  }));
});

Deno.test("JsonStringDecoder puts escaped surrogates together, however they are cut", () => {
  for (let size = 1; size < 13; size++) {
    assertEquals(decode(cutInto(encodeUtf8('\\ud83d\\ude00"'), [size])).text, "\u{1f600}");
  }
});

Deno.test("JsonStringDecoder hands on a text full of escapes in few pieces", () => {
  const json = encodeUtf8(`${"a line\\n".repeat(1_000)}"`);
  const { text, pieces } = decode([json]);
  assertEquals(text, "a line\n".repeat(1_000));
  assert(pieces <= 2);
});

const REFUSED: Readonly<Record<string, readonly number[] | string>> = {
  "a high surrogate at the end": '\\ud83d"',
  "a high surrogate before a letter": '\\ud83dx"',
  "a high surrogate before an escape": '\\ud83d\\n"',
  "two high surrogates": '\\ud83d\\ud83d"',
  "a low surrogate alone": '\\ude00"',
  "an escape that JSON does not know": '\\x41"',
  "an escape with a letter that is no digit": '\\u00g0"',
  "a line end": 'a\n"',
  "a line end behind an escape": '\\n\n"',
  "a stray byte": [0x61, 0xff, 0x22],
  "a letter without its end": [0xc3, 0x22],
  "a letter cut by an escape": [0xc3, 0x5c, 0x6e, 0xa9, 0x22],
};

for (const [what, json] of Object.entries(REFUSED)) {
  Deno.test(`JsonStringDecoder refuses ${what}, however it is cut`, () => {
    const bytes = typeof json === "string" ? encodeUtf8(json) : Uint8Array.from(json);
    for (let size = 1; size <= bytes.length; size++) {
      const error = assertThrows(() => decode(cutInto(bytes, [size])), ProtocolError);
      assertEquals(error.code, "message-malformed");
    }
  });
}
