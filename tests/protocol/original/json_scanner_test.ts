import fc from "fast-check";
import { concatBytes, decodeUtf8, encodeUtf8, joinBytes } from "../../../protocol/bytes.ts";
import { ProtocolError } from "../../../protocol/errors.ts";
import {
  JsonScanner,
  type JsonScannerOptions,
  type ScanEvent,
} from "../../../protocol/original/json_scanner.ts";
import { encodeJsonObject, encodeJsonString } from "../../../protocol/original/json_text.ts";
import { MAX_MEMBERS_BYTES, MAX_NESTING } from "../../../protocol/original/limits.ts";
import { assert, assertEquals, assertMatch, assertThrows } from "../../support/assert.ts";
import { cutInto, SIZES } from "./pieces.ts";

const WHAT = "a message";

interface Scanned {
  readonly members: Map<string, unknown>;
  /** The text of each streamed member, in UTF-8. */
  readonly texts: Map<string, Uint8Array>;
  /** How many bytes were used. */
  readonly used: number;
  readonly isDone: boolean;
}

/** Feeds the pieces until the object has ended. */
function scan(
  pieces: readonly Uint8Array[],
  options: Omit<JsonScannerOptions, "what"> = {},
): Scanned {
  const scanner = new JsonScanner({ what: WHAT, ...options });
  const members = new Map<string, unknown>();
  const texts = new Map<string, Uint8Array>();
  let current: Uint8Array[] = [];
  let used = 0;
  let ends = 0;
  const take = (event: ScanEvent): void => {
    if (event.kind === "member") members.set(event.name, event.value);
    if (event.kind === "piece") current.push(event.bytes.slice());
    if (event.kind === "end") ends++;
    if (event.kind !== "text-end") return;
    texts.set(event.name, joinBytes(current));
    current = [];
  };
  for (const piece of pieces) {
    const fed = scanner.feed(piece);
    fed.events.forEach(take);
    used += fed.used;
    // The memory belongs to whoever fed it.
    piece.fill(0x2a);
    if (scanner.isDone) break;
    assertEquals(fed.used, piece.length);
  }
  assertEquals(ends, scanner.isDone ? 1 : 0);
  return { members, texts, used, isDone: scanner.isDone };
}

function scanText(text: string, options?: Omit<JsonScannerOptions, "what">): Scanned {
  return scan([encodeUtf8(text)], options);
}

/** Expects the refusal of a text, as a whole and cut into single bytes. */
function refuse(text: string | Uint8Array, options?: Omit<JsonScannerOptions, "what">): void {
  const bytes = typeof text === "string" ? encodeUtf8(text) : text;
  for (const sizes of [[bytes.length], [1]]) {
    const run = () => scan(cutInto(bytes, sizes), options);
    const { message, cause } = assertThrows(run, ProtocolError, "message-malformed");
    assertMatch(message, /^a message (?:is|has|holds|nests) /);
    assertEquals(cause, undefined);
  }
}

const NAME = fc.string({ unit: "binary", minLength: 1, maxLength: 8 });
const VALUE = fc.jsonValue({ stringUnit: "binary", maxDepth: 5 });
const PAIRS = fc.array(fc.tuple(fc.oneof(NAME, fc.constantFrom("a", "__proto__", "2")), VALUE));
const BLANKS = fc.stringMatching(/^[ \t\r\n]{0,3}$/);
const TEXT = fc.string({ unit: "binary", maxLength: 60 });

/** Writes the same object with little, with much and with the original's own white space. */
const OBJECT_TEXT = fc.tuple(PAIRS, BLANKS, fc.boolean()).map(([pairs, blanks, isPython]) => {
  if (isPython) return encodeJsonObject(new Map(pairs));
  const members = pairs.map(([name, value]) =>
    [name, value].map((part) => JSON.stringify(part, null, blanks)).join(`${blanks}:${blanks}`)
  );
  return `{${blanks}${members.join(`${blanks},${blanks}`)}${blanks}}`;
});

/** The ways in which a text can be written in JSON. */
const WRITERS: readonly ((text: string) => string)[] = [
  JSON.stringify,
  encodeJsonString,
  (text) => JSON.stringify(text).replaceAll("/", "\\/"),
  (text) => `"${text.replaceAll(/[^]/g, escapeUnit)}"`,
  (text) => `"${text.replaceAll(/[^]/g, escapeInCapitals)}"`,
];

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function escapeInCapitals(unit: string): string {
  return `\\u${escapeUnit(unit).slice(2).toUpperCase()}`;
}

function valuesOf(json: string): Map<string, unknown> {
  return new Map(Object.entries(JSON.parse(json) as Record<string, unknown>));
}

Deno.test("JsonScanner finds the members and the end of any object, whatever the cuts", () => {
  const behind = fc.uint8Array({ maxLength: 20 });
  fc.assert(
    fc.property(OBJECT_TEXT, BLANKS, behind, SIZES, (json, blanks, rest, sizes) => {
      const object = encodeUtf8(blanks + json);
      const { members, used, isDone } = scan(cutInto(concatBytes(object, rest), sizes));
      assert(isDone);
      assertEquals(used, object.length);
      assertEquals(members, valuesOf(json));
    }),
    { numRuns: 300 },
  );
});

Deno.test("JsonScanner.feed leaves what stands behind the object alone", () => {
  const scanner = new JsonScanner({ what: WHAT });
  assertEquals(scanner.feed(encodeUtf8(' \n{"a":1}\n{"b":2}')).used, 9);
  assert(scanner.isDone);
  assertEquals(scanner.feed(encodeUtf8("{")), { events: [], used: 0 });
});

Deno.test("JsonScanner.isFresh is true until the object begins", () => {
  const scanner = new JsonScanner({ what: WHAT });
  scanner.feed(encodeUtf8(" \r\n\t"));
  assert(scanner.isFresh);
  scanner.feed(encodeUtf8("{"));
  assert(!scanner.isFresh && !scanner.isDone);
});

Deno.test("JsonScanner hands on members in their order, the last of a duplicate last", () => {
  const scanner = new JsonScanner({ what: WHAT });
  assertEquals(scanner.feed(encodeUtf8('{"b":1,"2":null,"b":[]}')).events, [
    { kind: "member", name: "b", value: 1 },
    { kind: "member", name: "2", value: null },
    { kind: "member", name: "b", value: [] },
    { kind: "end" },
  ]);
});

Deno.test("JsonScanner hands on a streamed text as its UTF-8, whatever the cuts", () => {
  const writer = fc.constantFrom(...WRITERS);
  fc.assert(
    fc.property(TEXT, writer, PAIRS, SIZES, (text, write, pairs, sizes) => {
      const others = encodeJsonObject(new Map(pairs)).slice(1, -1);
      const list = [`"the text": ${write(text)}`, ...(others === "" ? [] : [others])];
      for (const parts of [list, list.toReversed()]) {
        const json = encodeUtf8(`{${parts.join(",")}}`);
        const { members, texts, used } = scan(cutInto(json, sizes), { streamed: ["the text"] });
        assertEquals(used, json.length);
        assertEquals(texts, new Map([["the text", encodeUtf8(text)]]));
        assertEquals(members, valuesOf(`{${others}}`));
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("JsonScanner cuts a streamed text anywhere within escapes and letters", () => {
  const text = '\u{1f511}\u{1f400}a\u{103ff}\u{10ffff}\ud7ff\ue000\u00e9\u2028"\\/\b\f\n\r\t\0';
  for (const write of WRITERS) {
    const json = encodeUtf8(`{"t":${write(text)}}`);
    for (let at = 0; at <= json.length; at++) {
      const pieces = [json.slice(0, at), json.slice(at)];
      const { texts } = scan(pieces, { streamed: ["t"] });
      assertEquals(texts.get("t"), encodeUtf8(text), `cut at ${at}`);
    }
  }
});

Deno.test("JsonScanner streams more than one member, and one whose name is escaped", () => {
  const { texts } = scanText('{"a":"1","\\u0062":"\\n","c":""}', { streamed: ["a", "b", "c"] });
  assertEquals(
    texts,
    new Map([["a", "1"], ["b", "\n"], ["c", ""]].map(([name = "", text]) => [
      name,
      encodeUtf8(text ?? ""),
    ])),
  );
});

Deno.test("JsonScanner hands on a streamed member that is no text as a member", () => {
  const { members, texts } = scanText('{"t":null,"u":["x"]}', { streamed: ["t", "u"] });
  assertEquals([members, texts.size], [new Map<string, unknown>([["t", null], ["u", ["x"]]]), 0]);
});

Deno.test("JsonScanner keeps nothing of a streamed text, however long", () => {
  const text = "\\n0123456789".repeat(20_000);
  const { texts } = scanText(`{"t":"${text}"}`, { streamed: ["t"], maxBytes: 3 });
  assertEquals(texts.get("t")?.length, 220_000);
});

const NOT_OBJECTS: readonly (readonly [what: string, json: string])[] = [
  ["a list", "[]"],
  ["a text", '"a"'],
  ["a number", "1"],
  ["null", "null"],
  ["a byte order mark in front", "\ufeff{}"],
  ["a trailing comma", '{"a":1,}'],
  ["a comma alone", "{,}"],
  ["two commas", '{"a":1,,"b":2}'],
  ["a missing comma", '{"a":1 "b":2}'],
  ["a missing colon", '{"a" 1}'],
  ["a comma for a colon", '{"a",1}'],
  ["two colons", '{"a"::1}'],
  ["a missing value", '{"a":}'],
  ["a missing value in front of a comma", '{"a":,"b":1}'],
  ["a name without quotes", "{a:1}"],
  ["a name in other quotes", "{'a':1}"],
  ["a name that is a number", "{1:1}"],
  ["an empty name", '{"":1}'],
  ["an empty name behind another", '{"a":1,"":1}'],
  ["a comment", '{/**/"a":1}'],
  ["another blank", '{\u00a0"a":1}'],
  ["a closing bracket", '{"a":1]}'],
];

for (const [what, json] of NOT_OBJECTS) {
  Deno.test(`JsonScanner refuses ${what}`, () => refuse(json));
}

const BAD_VALUES: readonly (readonly [what: string, json: string])[] = [
  ["a word that JSON does not know", "NaN"],
  ["a truth value in capitals", "True"],
  ["a number with a zero in front", "01"],
  ["a number with a plus", "+1"],
  ["a number that ends in its point", "1."],
  ["two numbers", "1 2"],
  ["brackets that do not match", "[}"],
  ["a list with a trailing comma", "[1,]"],
  ["a nested object with a trailing comma", '{"b":1,}'],
  ["a nested text with a control character", '["\n"]'],
  ["an escape that JSON does not know", '"\\x41"'],
  ["an escape in capitals", '"\\U0041"'],
  ["an escape with too few digits", '"\\u004"'],
  ["an escape with other letters", '"\\u00g1"'],
  ["an escape with a sign", '"\\u+041"'],
  ["a control character", '"a\nb"'],
  ["a control character behind an escape", '"\\t\n"'],
  ["a tab", '"\t"'],
  ["a NUL", '"\0"'],
  ["a high surrogate at the end", '"\\ud83d"'],
  ["a high surrogate in front of a letter", '"\\ud83da"'],
  ["a high surrogate in front of an escape", '"\\ud83d\\n"'],
  ["a high surrogate in front of another letter's number", '"\\ud83d\\u0041"'],
  ["surrogates with a letter between them", '"\\ud83da\\udd11"'],
  ["surrogates with a letter's number between them", '"\\ud83d\\u0041\\udd11"'],
  ["surrogates with an escape between them", '"\\ud83d\\n\\udd11"'],
  ["a high surrogate and a pair", '"\\ud83d\\ud83d\\udd11"'],
  ["a pair and a low surrogate", '"\\ud83d\\udd11\\udd11"'],
  ["the first and the last of the lone surrogates", '"\\udfff\\ud800"'],
  ["the first low surrogate", '"\\udc00"'],
  ["the last high surrogate", '"\\udbff"'],
  ["two high surrogates", '"\\ud83d\\ud83d"'],
  ["a low surrogate", '"\\udd11"'],
  ["surrogates in the wrong order", '"\\udd11\\ud83d"'],
];

for (const [what, value] of BAD_VALUES) {
  Deno.test(`JsonScanner refuses ${what} for a value, streamed or not`, () => {
    refuse(`{"a":${value}}`);
    refuse(`{"a":${value}}`, { streamed: ["a"] });
  });
}

Deno.test("JsonScanner refuses lone surrogates, control characters and bad escapes in a name", () => {
  for (const name of ["\\ud83d", "\\udd11", "a\nb", "\\x"]) refuse(`{"${name}":1}`);
});

const NOT_UTF8: readonly (readonly [what: string, bytes: readonly number[]])[] = [
  ["a stray byte", [0xff]],
  ["a continuation without its letter", [0x80]],
  ["a letter without its end", [0x61, 0xc3]],
  ["a letter that an escape cuts off", [0xc3, 0x5c, 0x6e]],
  ["a letter that another cuts off", [0xf0, 0x9f, 0x61]],
  ["a surrogate", [0xed, 0xa0, 0xbd]],
  ["an overlong form", [0xc0, 0xaf]],
  ["a letter beyond the last", [0xf4, 0x90, 0x80, 0x80]],
];

for (const [what, bytes] of NOT_UTF8) {
  Deno.test(`JsonScanner refuses a text that holds ${what}, streamed or not`, () => {
    const json = concatBytes(encodeUtf8('{"a":"'), Uint8Array.from(bytes), encodeUtf8('"}'));
    refuse(json);
    refuse(json, { streamed: ["a"] });
  });
}

/** Lists or objects in one another. */
function nest(open: string, close: string, depth: number): string {
  return `{"a":${open.repeat(depth)}${close.repeat(depth)}}`;
}

Deno.test("JsonScanner refuses a value that nests deeper than the limit, before its end", () => {
  scanText(nest("[", "]", MAX_NESTING));
  scanText(nest('{"b":[', "]}", MAX_NESTING / 2));
  refuse(nest("[", "", MAX_NESTING + 1));
  refuse(nest('{"b":', "", MAX_NESTING + 1));
  refuse(nest("[", "", 60_000));
});

Deno.test("JsonScanner does not count brackets within a nested text", () => {
  const value = [`${"[{".repeat(40)}\\"`, `"${"]}".repeat(40)}`];
  const { members } = scanText(`{"a":${JSON.stringify(value)}}`);
  assertEquals(members.get("a"), value);
});

for (const [what, json] of [["text", '"123"'], ["list", "[123]"], ["number", "12345"]] as const) {
  Deno.test(`JsonScanner allows names and a ${what} up to the limit and not one byte more`, () => {
    assert(scanText(`{ "a" : ${json} }`, { maxBytes: 8 }).isDone);
    refuse(`{ "a" : ${json} }`, { maxBytes: 7 });
  });
}

Deno.test("JsonScanner counts all names and values together, up to 65,536 bytes", () => {
  const half = "x".repeat(MAX_MEMBERS_BYTES / 2 - 5);
  assert(scanText(`{"a":"${half}","b":"${half}"}`).isDone);
  refuse(`{"a":"${half}","b":"${half}x"}`);
});

Deno.test("JsonScanner refuses what is too long before its end has come", () => {
  for (const start of ['{"', '{"a":"', '{"a":[', '{"a":1']) {
    refuse(start + "1".repeat(20), { maxBytes: 16 });
  }
});

Deno.test("JsonScanner throws a ProtocolError or nothing, and takes no more than JSON.parse", () => {
  const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
  const mutated = fc.tuple(OBJECT_TEXT, fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([json, changes]) => {
      const bytes = encodeUtf8(json);
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      return bytes;
    });
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 60 }), mutated);
  fc.assert(
    fc.property(bytes, SIZES, fc.boolean(), (input, sizes, isStreamed) => {
      let scanned: Scanned;
      try {
        scanned = scan(cutInto(input, sizes), { streamed: isStreamed ? ["a"] : [] });
      } catch (error) {
        assert(error instanceof ProtocolError && error.code === "message-malformed");
        return;
      }
      if (!scanned.isDone) return;
      const parsed = valuesOf(decodeUtf8(input.subarray(0, scanned.used)));
      const texts = [...scanned.texts].map(([name, text]) => [name, decodeUtf8(text)] as const);
      const isRepeated = texts.some(([name]) => scanned.members.has(name));
      if (!isRepeated) assertEquals(new Map([...scanned.members, ...texts]), parsed);
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("JsonScanner never quotes what it refuses", () => {
  for (const json of ['{"a":canary}', '{"a":["canary"x]}', '{"canary\\x":1}', '{"a":"canary\n"}']) {
    const run = () => scanText(`${json},`, { streamed: ["b"] });
    assert(!assertThrows(run, ProtocolError, "message-malformed").message.includes("canary"));
  }
});
