import { defineOptions, type Option } from "../../../../protocol/host/command_line/option_table.ts";
import {
  allOptionsOf,
  defineCommand,
  findCommand,
  optionsOf,
  type Program,
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

/** A program of two commands, each with one option of the same name. */
function programOf(...options: readonly Option[]): Program {
  const load = () => Promise.resolve({ run: () => Promise.resolve(0) });
  const commands = options.map((option, i) => {
    return defineCommand({ path: [`c${i}`], summary: "", options: defineOptions([option]), load });
  });
  return { ...PROGRAM, commands };
}

Deno.test("allOptionsOf gives an option the further names that later commands have for it", () => {
  const program = programOf(
    { name: "dir", kind: "path", help: "first", aliases: ["folder"], default: "a" },
    { name: "dir", kind: "path", help: "second", aliases: ["vault-dir", "folder"], short: "d" },
    { name: "dir", kind: "path", help: "third", short: "x" },
  );
  const [option] = allOptionsOf(program);
  assertEquals(option, {
    ...{ name: "dir", kind: "path", help: "first", default: "a" },
    ...{ aliases: ["folder", "vault-dir"], short: "d" },
  });
});

Deno.test("allOptionsOf leaves an option as it is that no command has another name for", () => {
  const option = { name: "dir", kind: "path", help: "" } as const;
  assertEquals(allOptionsOf(programOf(option, { ...option, default: "." }))[0], option);
});

Deno.test("allOptionsOf refuses a further name that takes a value in one command only", () => {
  const program = programOf(
    { name: "dir", kind: "path", aliases: ["x"], help: "" },
    { name: "x", kind: "boolean", help: "" },
  );
  assertThrows(() => allOptionsOf(program), RangeError);
});

Deno.test("allOptionsOf refuses an option that takes a value in one command only", () => {
  const program = programOf(
    { name: "x", kind: "boolean", help: "" },
    { name: "x", kind: "text", help: "" },
  );
  assertThrows(() => allOptionsOf(program), RangeError);
});
