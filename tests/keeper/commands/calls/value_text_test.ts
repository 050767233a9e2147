import { describeValue } from "../../../../keeper/commands/calls/value_text.ts";
import { assertEquals } from "../../../support/assert.ts";

Deno.test("describeValue names the members of an object, and which may be left out", () => {
  const schema = {
    type: "object",
    properties: {
      days: { type: "integer" },
      dry: { type: "boolean" },
      level: { enum: ["low", 3] },
      kind: { const: "a" },
      size: { type: ["integer", "null"] },
      what: true,
    },
    required: ["days", 7],
  };
  assertEquals(
    describeValue(schema),
    'days:integer [dry:boolean] [level:"low"|3] [kind:"a"] [size:integer|null] [what:any]',
  );
});

Deno.test("describeValue writes what is no object by its type, and a text as it is", () => {
  assertEquals(describeValue({ type: "string" }), "string");
  assertEquals(describeValue({ anyOf: [] }), "any");
  assertEquals(describeValue({ properties: {} }), "{}");
  assertEquals(describeValue("a number of days"), "a number of days");
});

Deno.test("describeValue does not go on for ever", () => {
  const names = Array.from({ length: 50 }, (_, i) => [`m${i}`, {}] as const);
  const text = describeValue({ properties: Object.fromEntries(names) });
  assertEquals([text.split(" ").length, text.endsWith(" ...")], [21, true]);
});
