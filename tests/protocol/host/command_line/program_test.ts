import { defineOptions } from "../../../../protocol/host/command_line/option_table.ts";
import {
  allOptionsOf,
  defineCommand,
  findCommand,
  optionsOf,
  startsWithWords,
} from "../../../../protocol/host/command_line/program.ts";
import { assert, assertEquals, assertThrows } from "../../../support/assert.ts";
import { sampleProgram } from "../../../support/sample_program.ts";

const PROGRAM = sampleProgram();

Deno.test("findCommand finds the longest path that the words begin with", () => {
  assertEquals(findCommand(PROGRAM, ["agents", "approve", "x"])?.path, ["agents", "approve"]);
  assertEquals(findCommand(PROGRAM, ["agents"])?.path, []);
  assertEquals(findCommand(PROGRAM, [])?.path, []);
});

Deno.test("findCommand finds a command in whichever case its words are written", () => {
  for (const word of ["Node", "NODE", "node"]) {
    assertEquals(findCommand(PROGRAM, [word, "a"])?.path, ["node"]);
  }
  assertEquals(findCommand(PROGRAM, ["AGENTS", "Approve"])?.path, ["agents", "approve"]);
});

Deno.test("findCommand finds a command whose own words are in upper case", () => {
  const commands = PROGRAM.commands.map((command) => ({
    ...command,
    path: command.path.map((word) => word.toUpperCase()),
  }));
  assertEquals(findCommand({ ...PROGRAM, commands }, ["node"])?.path, ["NODE"]);
});

Deno.test("startsWithWords compares whole words, and as many as the start has", () => {
  assert(startsWithWords(["Agents", "list"], ["agents"]) && startsWithWords(["a"], []));
  assert(!startsWithWords(["agents"], ["agents", "list"]));
  assert(!startsWithWords(["agents"], ["agent"]));
});

Deno.test("findCommand returns null where no path fits", () => {
  const commands = PROGRAM.commands.filter((command) => command.path.length > 0);
  assertEquals(findCommand({ ...PROGRAM, commands }, ["agents"]), null);
});

Deno.test("optionsOf puts a command's own options before the global ones", () => {
  const [command] = PROGRAM.commands;
  assert(command !== undefined);
  const names = optionsOf(command).map((option) => option.name);
  assertEquals([names[0], names.at(-1)], ["bind-port", "help"]);
});

Deno.test("allOptionsOf names each option once", () => {
  const names = allOptionsOf(PROGRAM).map((option) => option.name);
  assertEquals(names.length, new Set(names).size);
  assert(names.includes("bind-port") && names.includes("config"));
});

Deno.test("allOptionsOf refuses an option that takes a value in one command only", () => {
  const load = () => Promise.resolve({ run: () => Promise.resolve(0) });
  const command = (kind: "boolean" | "text") =>
    defineCommand({
      path: [kind],
      summary: "",
      options: defineOptions([{ name: "x", kind, help: "" }]),
      load,
    });
  const commands = [command("boolean"), command("text")];
  assertThrows(() => allOptionsOf({ ...PROGRAM, commands }), RangeError);
});
