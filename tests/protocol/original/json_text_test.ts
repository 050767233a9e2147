import fc from "fast-check";
import { encodeJsonObject, encodeJsonString } from "../../../protocol/original/json_text.ts";
import { assertEquals, assertMatch } from "../../support/assert.ts";

/** What Python 3's `json.dumps` writes of a text. */
const AS_PYTHON: readonly (readonly [text: string, json: string])[] = [
  ["", '""'],
  ["plain ~", '"plain ~"'],
  ['"\\/', '"\\"\\\\/"'],
  ["\b\f\n\r\t", '"\\b\\f\\n\\r\\t"'],
  ["\0\x1f\x7f", '"\\u0000\\u001f\\u007f"'],
  ["\x80\u00e9\u00ff", '"\\u0080\\u00e9\\u00ff"'],
  ["\u2028\ufeff\uffff", '"\\u2028\\ufeff\\uffff"'],
  ["\u{1f511}\u{10ffff}", '"\\ud83d\\udd11\\udbff\\udfff"'],
];

for (const [text, json] of AS_PYTHON) {
  Deno.test(`encodeJsonString writes ${json} as Python does`, () => {
    assertEquals(encodeJsonString(text), json);
  });
}

Deno.test("encodeJsonString writes printable ASCII alone, which parses to the same", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const json = encodeJsonString(text);
    assertMatch(json, /^[\x20-\x7e]*$/);
    assertEquals(JSON.parse(json), text);
  }));
});

Deno.test("encodeJsonObject puts a blank behind each comma and colon, at every level", () => {
  const members = new Map<string, unknown>([
    ["a", 1],
    ["b", [true, null, "x", []]],
    ["c", { d: { e: -1.5 }, f: {} }],
  ]);
  assertEquals(
    encodeJsonObject(members),
    '{"a": 1, "b": [true, null, "x", []], "c": {"d": {"e": -1.5}, "f": {}}}',
  );
  assertEquals(encodeJsonObject(new Map()), "{}");
});

Deno.test("encodeJsonObject keeps the order of members, also of those with numbers for names", () => {
  const members = new Map([["b", 1], ["10", 2], ["a", 3], ["2", 4]]);
  assertEquals(encodeJsonObject(members), '{"b": 1, "10": 2, "a": 3, "2": 4}');
});

Deno.test("encodeJsonObject escapes names and nested texts as it does others", () => {
  const members = new Map<string, unknown>([["\u00e9", [{ "\u{1f511}": "\x7f" }]]]);
  assertEquals(
    encodeJsonObject(members),
    '{"\\u00e9": [{"\\ud83d\\udd11": "\\u007f"}]}',
  );
});

Deno.test("encodeJsonObject writes what JSON.parse reads back", () => {
  const value = fc.jsonValue({ stringUnit: "binary", maxDepth: 4 });
  fc.assert(fc.property(fc.array(fc.tuple(fc.string({ unit: "binary" }), value)), (pairs) => {
    const members = new Map(pairs);
    const json = encodeJsonObject(members);
    assertMatch(json, /^[\x20-\x7e]*$/);
    const expected = `{${
      [...members].map((pair) => pair.map((x) => JSON.stringify(x)).join(":"))
    }}`;
    assertEquals(JSON.parse(json), JSON.parse(expected));
  }));
});
