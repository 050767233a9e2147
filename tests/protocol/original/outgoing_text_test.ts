import fc from "fast-check";
import { decodeUtf8, encodeUtf8, joinBytes } from "../../../protocol/bytes.ts";
import { StorageError } from "../../../protocol/errors.ts";
import { answer, request } from "../../../protocol/original/messages.ts";
import { encodeJsonObject } from "../../../protocol/original/json_text.ts";
import { answerPieces, readText } from "../../../protocol/original/outgoing_text.ts";
import { assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { cutInto, readPieces, SIZES } from "./pieces.ts";

const REQUESTED = request({ name: "caf\u00e9.txt", checksum: 0, fill: "00ff" });

/** Texts with all that is changed on its way, and letters of one to four bytes. */
const TEXTS = fc.array(
  fc.oneof(
    fc.constantFrom("\r", "\n", "\r\n", '"', "\\", "\0", "\x7f", "\u00e9", "\u2028", "\u{1f511}"),
    fc.string({ unit: "binary", maxLength: 5 }),
  ),
  { maxLength: 40 },
).map((parts) => parts.join(""));

/** Returns the JSON as it is sent, and checks that every piece of it is ASCII. */
async function joinAnswer(
  requested: ReadonlyMap<string, unknown>,
  pieces: AsyncIterable<Uint8Array>,
): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of answerPieces(requested, pieces)) {
    assertMatch(decodeUtf8(part), /^[\x20-\x7e]+$/);
    parts.push(part);
  }
  return decodeUtf8(joinBytes(parts));
}

async function wholeAnswer(
  requested: ReadonlyMap<string, unknown>,
  file: Uint8Array,
): Promise<string> {
  const body = await readText(readPieces([file]));
  return encodeJsonObject(answer(requested, { status: "Success", body }));
}

Deno.test("readText translates line ends, however the file is cut", async () => {
  await fc.assert(fc.asyncProperty(TEXTS, SIZES, async (text, sizes) => {
    const read = await readText(readPieces(cutInto(encodeUtf8(text), sizes)));
    assertEquals(read, text.replace(/\r\n?/g, "\n"));
  }));
});

Deno.test("answerPieces gives the answer of the whole text, however the file is cut", async () => {
  await fc.assert(fc.asyncProperty(TEXTS, SIZES, async (text, sizes) => {
    const file = encodeUtf8(text);
    const json = await joinAnswer(REQUESTED, readPieces(cutInto(file, sizes)));
    assertEquals(json, await wholeAnswer(REQUESTED, file));
    assertEquals(JSON.parse(json).Body, text.replace(/\r\n?/g, "\n"));
  }));
});

const CUT: readonly (readonly [what: string, text: string, body: string])[] = [
  ["a CRLF", "a\r\nb", "a\nb"],
  ["a letter of two bytes", "a\u00e9b", "a\u00e9b"],
  ["an astral character", "a\u{1f511}b", "a\u{1f511}b"],
  ["a byte order mark", "\ufeffb", "\ufeffb"],
  ["a CR at the end", "ab\r", "ab\n"],
];

for (const [what, text, body] of CUT) {
  Deno.test(`answerPieces keeps ${what} whole wherever it is cut`, async () => {
    const file = encodeUtf8(text);
    for (let at = 0; at <= file.length; at++) {
      const pieces = readPieces([file.slice(0, at), new Uint8Array(0), file.slice(at)]);
      assertEquals(JSON.parse(await joinAnswer(REQUESTED, pieces)).Body, body, `cut at ${at}`);
    }
  });
}

Deno.test("answerPieces gives an empty body for an empty file", async () => {
  for (const pieces of [[], [new Uint8Array(0)]]) {
    const json = await joinAnswer(REQUESTED, readPieces(pieces));
    assertEquals(json, await wholeAnswer(REQUESTED, new Uint8Array(0)));
  }
});

Deno.test("answerPieces repeats all of the request, whatever members it has", async () => {
  const name = fc.oneof(
    fc.constantFrom("Body", "Status", "State", "FILE"),
    fc.string({ unit: "binary", minLength: 1, maxLength: 5 }),
  );
  const value = fc.jsonValue({ stringUnit: "binary", maxDepth: 2 });
  await fc.assert(fc.asyncProperty(fc.array(fc.tuple(name, value)), async (pairs) => {
    const requested = new Map<string, unknown>([...pairs, ...REQUESTED]);
    const file = encodeUtf8("the text\n");
    const json = await joinAnswer(requested, readPieces([file]));
    assertEquals(JSON.parse(json), JSON.parse(await wholeAnswer(requested, file)));
  }));
});

const NOT_UTF8: readonly (readonly [what: string, bytes: readonly number[]])[] = [
  ["a stray byte", [0x61, 0xff]],
  ["a letter without its end", [0x61, 0xc3]],
  ["a letter cut off by a line end", [0xf0, 0x9f, 0x0d, 0x0a]],
];

for (const [what, bytes] of NOT_UTF8) {
  Deno.test(`answerPieces and readText refuse ${what} as file-changed`, async () => {
    for (const size of [1, 2, 4]) {
      const pieces = () => readPieces(cutInto(Uint8Array.from(bytes), [size]));
      await assertRejects(
        () => joinAnswer(REQUESTED, pieces()),
        StorageError,
        "file-changed",
      );
      await assertRejects(() => readText(pieces()), StorageError, "file-changed");
    }
  });
}

/** A file that cannot be read to its end. */
async function* brokenFile(): AsyncGenerator<Uint8Array> {
  yield* readPieces([encodeUtf8("a")]);
  throw new StorageError("file-changed", "it changed");
}

Deno.test("answerPieces and readText pass on the error of a file that cannot be read", async () => {
  await assertRejects(() => joinAnswer(REQUESTED, brokenFile()), StorageError, "file-changed");
  await assertRejects(() => readText(brokenFile()), StorageError, "file-changed");
});

Deno.test("answerPieces lets go of the file when nobody wants the rest", async () => {
  let isClosed = false;
  async function* file(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield* readPieces([encodeUtf8("a")]);
    } finally {
      isClosed = true;
    }
  }
  let count = 0;
  for await (const _ of answerPieces(REQUESTED, file())) if (++count === 3) break;
  assertEquals(isClosed, true);
});
