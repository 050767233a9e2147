import fc from "fast-check";
import { encodeUtf8 } from "../../protocol/bytes.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import { MessageFields } from "../../protocol/message_fields.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";

function parse(text: string): MessageFields {
  return MessageFields.parse(encodeUtf8(text), "a message");
}

function refuse(run: () => unknown): void {
  assertThrows(run, ProtocolError, "message-malformed");
}

Deno.test("MessageFields.parse refuses all but one JSON object", () => {
  const bad = [
    "",
    "null",
    "1",
    '"a"',
    "[]",
    "{",
    "{}{}",
    "{a:1}",
    "{'a':1}",
    '{"a":NaN}',
    "\ufeff{}",
  ];
  for (const text of bad) refuse(() => parse(text));
  refuse(() => MessageFields.parse(Uint8Array.of(0x7b, 0xff, 0x7d), "a message"));
});

Deno.test("MessageFields.parse refuses lone surrogates and deep nesting anywhere", () => {
  for (const text of ['{"a":"\\ud800"}', '{"\\udc00":1}', '{"a":[{"b":"\\udfff"}]}']) {
    refuse(() => parse(text));
  }
  parse(`{"a":${"[".repeat(15)}${"]".repeat(15)}}`);
  refuse(() => parse(`{"a":${"[".repeat(16)}${"]".repeat(16)}}`));
  refuse(() => parse(`{"a":${"[".repeat(30_000)}${"]".repeat(30_000)}}`));
});

Deno.test("MessageFields.parse throws a ProtocolError or nothing, and never quotes what it read", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const canary = `canary${text}`;
      try {
        parse(`{"a": ${canary}`);
      } catch (error) {
        assert(error instanceof ProtocolError && error.cause === undefined);
        assert(!error.message.includes("canary"));
      }
    }),
  );
  refuse(() => parse('{"a":"canary"}').integer("a"));
});

Deno.test("MessageFields reads own members only, the last of a duplicate", () => {
  const fields = parse('{"a":1,"a":2,"__proto__":{"b":3}}');
  assertEquals(fields.integer("a"), 2);
  assertEquals([fields.has("b"), fields.raw("b"), fields.raw("toString")], [
    false,
    undefined,
    undefined,
  ]);
  assert(fields.has("__proto__"));
  assertEquals(fields.object("__proto__").integer("b"), 3);
});

Deno.test("MessageFields.entries gives own members as they are, in their order", () => {
  const fields = parse('{"b":null,"a":[1],"__proto__":2,"b":"x"}');
  assertEquals([...fields.entries()], [["b", "x"], ["a", [1]], ["__proto__", 2]]);
  assertEquals(parse("{}").entries(), new Map());
});

Deno.test("MessageFields.integer takes whole numbers within its bounds alone", () => {
  const fields = parse(
    '{"a":7,"b":2.0,"c":1.5,"d":"7","e":-1,"f":9007199254740993,"g":null,"h":1e3}',
  );
  assertEquals([fields.integer("a", { max: 7 }), fields.integer("b"), fields.integer("h")], [
    7,
    2,
    1_000,
  ]);
  for (const name of ["c", "d", "e", "f", "g", "absent"]) refuse(() => fields.integer(name));
  refuse(() => fields.integer("a", { max: 6 }));
  refuse(() => fields.integer("a", { min: 8 }));
});

Deno.test("MessageFields tells absent and null from malformed", () => {
  const fields = parse('{"n":null,"t":"x","o":{},"h":"ab"}');
  for (const name of ["n", "absent"]) {
    assertEquals(fields.optionalText(name, /^/), null);
    assertEquals(fields.optionalInteger(name), null);
    assertEquals(fields.optionalHex(name, 1), null);
    assertEquals(fields.optionalObject(name), null);
  }
  assertEquals(fields.optionalText("t", /^x$/), "x");
  assertEquals(fields.optionalHex("h", 1), Uint8Array.of(0xab));
  refuse(() => fields.optionalText("t", /^y$/));
  refuse(() => fields.optionalInteger("t"));
  refuse(() => fields.optionalHex("h", 2));
  refuse(() => fields.optionalObject("t"));
});

Deno.test("MessageFields reads truth values, objects and lists strictly", () => {
  const fields = parse('{"b":false,"n":0,"o":{"x":1},"l":["a","b"],"m":["a",1]}');
  assertEquals(fields.boolean("b"), false);
  refuse(() => fields.boolean("n"));
  assertEquals([fields.optionalBoolean("b"), fields.optionalBoolean("absent")], [false, false]);
  refuse(() => fields.optionalBoolean("n"));
  assertEquals(fields.object("o").integer("x"), 1);
  refuse(() => fields.object("l"));
  refuse(() => fields.object("absent"));
  assertEquals(fields.texts("l", { pattern: /^[ab]$/, max: 2 }), ["a", "b"]);
  refuse(() => fields.texts("l", { pattern: /^[ab]$/, max: 1 }));
  refuse(() => fields.texts("l", { pattern: /^a$/, max: 2 }));
  refuse(() => fields.texts("m", { pattern: /^/, max: 2 }));
  refuse(() => fields.texts("o", { pattern: /^/, max: 2 }));
});

Deno.test("MessageFields.ascending takes whole numbers that grow, so many and no larger", () => {
  const bounds = { max: 9, maxLength: 3 };
  const good = parse('{"a":[],"b":[0],"c":[1,2,9],"d":[-0,1.0]}');
  assertEquals([..."abcd"].map((name) => good.ascending(name, bounds)), [
    [],
    [0],
    [1, 2, 9],
    [-0, 1],
  ]);
  const bad = [
    ...['{"a":[1,1]}', '{"a":[2,1]}', '{"a":[-1]}', '{"a":[10]}', '{"a":[0,1,2,3]}'],
    ...['{"a":[0.5]}', '{"a":["1"]}', '{"a":[null]}', '{"a":[[0]]}', '{"a":[0,1e99]}'],
    ...['{"a":{"0":1,"length":1}}', '{"a":"12"}', '{"a":null}', "{}"],
  ];
  for (const text of bad) refuse(() => parse(text).ascending("a", bounds));
  assertEquals(good.optionalAscending("c", bounds), [1, 2, 9]);
  for (const text of ["{}", '{"a":null}']) {
    assertEquals(parse(text).optionalAscending("a", bounds), null);
  }
  refuse(() => parse('{"a":0}').optionalAscending("a", bounds));
});
