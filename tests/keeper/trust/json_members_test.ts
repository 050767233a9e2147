import { JsonMembers } from "../../../keeper/trust/json_members.ts";
import { ConfigError } from "../../../protocol/mod.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

function membersOf(value: unknown): JsonMembers {
  return new JsonMembers(value, "it", (reason) => new ConfigError(reason));
}

function messageOf(read: () => unknown): string {
  return assertThrows(read, ConfigError).message;
}

Deno.test("JsonMembers reads what is as it should be", () => {
  const members = membersOf({
    count: 3,
    list: [{ a: 1 }, { a: 2 }],
    part: { a: 4 },
    none: null,
    text: "abc",
    name: "web",
    time: "2030-01-01T00:00:00.000Z",
  });
  assertEquals(members.number("count"), 3);
  assertEquals(members.list("list", (item) => item.number("a")), [1, 2]);
  assertEquals(members.optionalObject("part", (part) => part.number("a")), 4);
  assertEquals(members.optionalObject("none", () => 1), null);
  assertEquals(members.optionalObject("missing", () => 1), null);
  assertEquals([members.text("text", /^abc$/), members.optionalText("none", /x/)], ["abc", null]);
  assertEquals([members.name("name"), members.name("none")], ["web", null]);
  assertEquals(members.time("time"), Date.UTC(2030, 0, 1));
  assertEquals([members.optionalTime("none"), members.has("none"), members.has("x")], [
    null,
    true,
    false,
  ]);
});

const FAULTS: readonly (readonly [string, (members: JsonMembers) => unknown, string])[] = [
  ["a number below zero", (members) => members.number("negative"), 'it has no usable "negative"'],
  ["a list that is none", (members) => members.list("text", () => 1), 'it has no usable "text"'],
  ["an item that is no object", (members) => members.list("list", () => 1), "list[0] is no object"],
  [
    "a member of an item",
    (members) => members.list("items", (item) => item.number("a")),
    'items[0] has no usable "a"',
  ],
  [
    "a member of an object",
    (members) => members.optionalObject("part", (part) => part.time("a")),
    'it.part has no usable "a"',
  ],
  ["text that does not match", (members) => members.text("text", /^x$/), 'it has no usable "text"'],
  ["a name that nothing has", (members) => members.name("bad"), 'it has no usable "bad"'],
  ["a time that is none", (members) => members.time("text"), 'it has no usable "text"'],
];

for (const [what, read, message] of FAULTS) {
  Deno.test(`JsonMembers names ${what}`, () => {
    const value = { negative: -1, text: "abc", list: [1], items: [{}], part: {}, bad: "a b" };
    assertEquals(messageOf(() => read(membersOf(value))), message);
  });
}

for (const value of [null, 1, "text", []]) {
  Deno.test(`JsonMembers takes ${JSON.stringify(value)} for no object`, () => {
    assertEquals(messageOf(() => membersOf(value)), "it is no object");
  });
}

Deno.test("JsonMembers reads numbers that may be missing, and flags", () => {
  const members = membersOf({ number: 4, none: null, yes: true, no: false });
  assertEquals([members.optionalNumber("number"), members.optionalNumber("none")], [4, null]);
  assertEquals([members.flag("yes"), members.flag("no")], [true, false]);
  assertEquals(messageOf(() => members.flag("number")), 'it has no usable "number"');
});
