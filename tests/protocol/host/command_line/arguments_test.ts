import fc from "fast-check";
import { ConfigError } from "../../../../protocol/errors.ts";
import { parseArguments } from "../../../../protocol/host/command_line/arguments.ts";
import { defineOptions } from "../../../../protocol/host/command_line/option_table.ts";
import { assert, assertEquals, assertThrows } from "../../../support/assert.ts";

const OPTIONS = defineOptions([
  { name: "bind-port", kind: "integer", short: "p", aliases: ["port"], help: "" },
  { name: "files", kind: "list", help: "" },
  { name: "run-once", kind: "boolean", short: "o", help: "" },
  { name: "signing-key", kind: "text", secret: true, sources: ["variable"], help: "" },
]);

function flagsOf(...args: string[]): string[] {
  return parseArguments(args, OPTIONS).flags.map(({ option, text }) => `${option.name}=${text}`);
}

Deno.test("parseArguments reads every way to write a value", () => {
  assertEquals(flagsOf("--bind-port", "1"), ["bind-port=1"]);
  assertEquals(flagsOf("--bind-port=1"), ["bind-port=1"]);
  assertEquals(flagsOf("-p", "1"), ["bind-port=1"]);
  assertEquals(flagsOf("-p1"), ["bind-port=1"]);
  assertEquals(flagsOf("--port", "-1"), ["bind-port=-1"]);
  assertEquals(flagsOf("--files=--odd"), ["files=--odd"]);
});

Deno.test("parseArguments reads every way to switch a boolean", () => {
  assertEquals(flagsOf("--run-once"), ["run-once=true"]);
  assertEquals(flagsOf("-o"), ["run-once=true"]);
  assertEquals(flagsOf("--run-once=false"), ["run-once=false"]);
  assertEquals(flagsOf("--no-run-once"), ["run-once=false"]);
});

Deno.test("parseArguments keeps operands and their places, also behind two dashes", () => {
  const { operands } = parseArguments(["agents", "--run-once", "list", "--", "--files"], OPTIONS);
  assertEquals(operands, [
    { text: "agents", index: 0 },
    { text: "list", index: 2 },
    { text: "--files", index: 4 },
  ]);
});

for (
  const [what, args, text] of [
    ["an unknown option and names the one that was meant", ["--bind-prot", "1"], "--bind-port"],
    ["an unknown option with underscores", ["--bind_port", "1"], "--bind-port"],
    ["an unknown letter", ["-x"], "--help"],
    ["a missing value at the end", ["--bind-port"], "VALUE"],
    ["a missing value before another option", ["--bind-port", "--run-once"], "VALUE"],
    ["a value for a negation", ["--no-run-once=true"], "--run-once"],
    ["the negation of an option that is no boolean", ["--no-bind-port"], "bind-port"],
    ["an option that is no flag", ["--signing-key=abc"], "FLUXVAULT_SIGNING_KEY"],
  ] as const
) {
  Deno.test(`parseArguments refuses ${what}`, () => {
    const error = assertThrows(() => parseArguments(args, OPTIONS), ConfigError);
    assert(error.source?.startsWith("flag -"));
    assert(error.hint?.includes(text), error.hint);
  });
}

Deno.test("parseArguments shows no value in an error", () => {
  for (const args of [["--signing-key=hunter2"], ["--signing-kex=hunter2"], ["--no-x=hunter2"]]) {
    const error = assertThrows(() => parseArguments(args, OPTIONS), ConfigError);
    assert(!`${error.message} ${error.hint} ${error.source}`.includes("hunter2"));
  }
});

Deno.test("parseArguments throws nothing but a ConfigError, whatever the arguments", () => {
  const words = fc.constantFrom("--", "-", "--__proto__=1", "--constructor", "--bind-port", "-op");
  const args = fc.array(fc.oneof(words, fc.string(), fc.string().map((text) => `--${text}`)));
  fc.assert(fc.property(args, (list) => {
    try {
      parseArguments(list, OPTIONS);
    } catch (error) {
      assert(error instanceof ConfigError);
    }
  }));
});
