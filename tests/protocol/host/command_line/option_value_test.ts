import fc from "fast-check";
import { ConfigError } from "../../../../protocol/errors.ts";
import type { Option, OptionValue } from "../../../../protocol/host/command_line/option_table.ts";
import {
  readOptionJson,
  readOptionText,
} from "../../../../protocol/host/command_line/option_value.ts";
import { assert, assertEquals, assertThrows } from "../../../support/assert.ts";

const SOURCE = "flag --x";
const PORT: Option = { name: "x", kind: "integer", min: 0, max: 65_535, default: 8888, help: "" };
const TIME: Option = { name: "x", kind: "seconds", min: 1, help: "" };
const SWITCH: Option = { name: "x", kind: "boolean", help: "" };
const LIST: Option = { name: "x", kind: "list", help: "" };
const TEXT: Option = { name: "x", kind: "text", help: "" };
const CHOICE: Option = { name: "x", kind: "choice", choices: ["approve", "pinned"], help: "" };
const ALL = [PORT, TIME, SWITCH, LIST, TEXT, CHOICE];

const accepted: readonly [Option, string, OptionValue][] = [
  [PORT, "0", 0],
  [PORT, "65535", 65_535],
  [PORT, " 80 ", 80],
  [TIME, "300", 300],
  [TIME, "1.5", 1.5],
  [TIME, "90s", 90],
  [TIME, "1500ms", 1.5],
  [TIME, "5m", 300],
  [TIME, "1h", 3600],
  [TIME, "2d", 172_800],
  [SWITCH, "True", true],
  [SWITCH, "1", true],
  [SWITCH, "YES", true],
  [SWITCH, "false", false],
  [SWITCH, "0", false],
  [SWITCH, "no", false],
  [LIST, "a, b,c", ["a", "b", "c"]],
  [TEXT, " kept as it is ", " kept as it is "],
  [CHOICE, "pinned", "pinned"],
];
for (const [option, text, value] of accepted) {
  Deno.test(`readOptionText reads ${JSON.stringify(text)} as ${option.kind}`, () => {
    assertEquals(readOptionText(option, text, SOURCE), value);
  });
}

const refused: readonly [Option, string][] = [
  [PORT, "65536"],
  [PORT, "-1"],
  [PORT, "80a"],
  [PORT, "0x50"],
  [PORT, "1e3"],
  [PORT, "8.5"],
  [PORT, ""],
  [TIME, "0.5"],
  [TIME, "soon"],
  [TIME, "5w"],
  [TIME, "-5"],
  [SWITCH, "maybe"],
  [SWITCH, "constructor"],
  [LIST, "a,,b"],
  [LIST, "a,"],
  [LIST, ""],
  [TEXT, ""],
  [TEXT, "a\0b"],
  [CHOICE, "approv"],
];
for (const [option, text] of refused) {
  Deno.test(`readOptionText refuses ${JSON.stringify(text)} as ${option.kind}`, () => {
    const error = assertThrows(() => readOptionText(option, text, SOURCE), ConfigError);
    assertEquals(error.setting, "--x");
    assertEquals(error.source, SOURCE);
    assert(error.hint !== undefined);
  });
}

Deno.test("readOptionText says the range and the value", () => {
  const error = assertThrows(() => readOptionText(PORT, "70000", SOURCE), ConfigError);
  assertEquals(error.message, '--x must be a whole number from 0 to 65535, not "70000"');
});

Deno.test("readOptionText suggests the choice that was meant", () => {
  const error = assertThrows(() => readOptionText(CHOICE, "pined", SOURCE), ConfigError);
  assertEquals(error.hint, "Did you mean pinned?");
});

Deno.test("readOptionText never shows the value of a secret", () => {
  for (const option of ALL) {
    for (const text of ["hunter2\0", "", "hunter2,,"]) {
      try {
        readOptionText({ ...option, secret: true }, text, SOURCE);
      } catch (error) {
        assert(error instanceof ConfigError);
        assert(!`${error.message} ${error.hint} ${error.cause}`.includes("hunter2"));
      }
    }
  }
});

Deno.test("readOptionText cuts a long value", () => {
  const error = assertThrows(() => readOptionText(PORT, "9".repeat(5000), SOURCE), ConfigError);
  assert(error.message.length < 200);
});

Deno.test("readOptionText throws nothing but a ConfigError, whatever the text", () => {
  fc.assert(fc.property(fc.constantFrom(...ALL), fc.string({ unit: "binary" }), (option, text) => {
    try {
      readOptionText(option, text, SOURCE);
    } catch (error) {
      assert(error instanceof ConfigError);
    }
  }));
});

Deno.test("readOptionJson takes values of the option's own type", () => {
  assertEquals(readOptionJson(PORT, 80, SOURCE), 80);
  assertEquals(readOptionJson(TIME, 1.5, SOURCE), 1.5);
  assertEquals(readOptionJson(SWITCH, true, SOURCE), true);
  assertEquals(readOptionJson(LIST, ["a,b", "c"], SOURCE), ["a,b", "c"]);
  assertEquals(readOptionJson(LIST, [], SOURCE), []);
  assertEquals(readOptionJson(TEXT, "a", SOURCE), "a");
});

Deno.test("readOptionJson takes the text of a value", () => {
  assertEquals(readOptionJson(PORT, "80", SOURCE), 80);
  assertEquals(readOptionJson(SWITCH, "yes", SOURCE), true);
  assertEquals(readOptionJson(LIST, "a,b", SOURCE), ["a", "b"]);
  assertEquals(readOptionJson(TEXT, 7, SOURCE), "7");
});

Deno.test("readOptionJson refuses a value of another type", () => {
  for (
    const [option, json] of [
      [PORT, true],
      [PORT, NaN],
      [PORT, 80.5],
      [PORT, 1e300],
      [SWITCH, 1],
      [SWITCH, {}],
      [LIST, ["a", 1]],
      [LIST, [""]],
      [LIST, 5],
      [TEXT, []],
      [TEXT, {}],
      [CHOICE, 1],
      [TEXT, 10n],
    ] as const
  ) {
    assertThrows(() => readOptionJson(option, json, SOURCE), ConfigError);
  }
});

Deno.test("readOptionJson throws nothing but a ConfigError, even for a value that holds itself", () => {
  const circular: unknown[] = [];
  circular.push(circular);
  const values = fc.oneof(fc.anything({ withBigInt: true, withDate: true }), fc.constant(circular));
  fc.assert(fc.property(fc.constantFrom(...ALL), values, (option, json) => {
    try {
      readOptionJson(option, json, SOURCE);
    } catch (error) {
      assert(error instanceof ConfigError);
    }
  }));
});
