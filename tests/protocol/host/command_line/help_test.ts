import { formatHelp } from "../../../../protocol/host/command_line/help.ts";
import { namesOf } from "../../../../protocol/host/command_line/option_table.ts";
import { optionsOf, type Program } from "../../../../protocol/host/command_line/program.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { sampleProgram } from "../../../support/sample_program.ts";

const PROGRAM: Program = sampleProgram();

function helpOf(words: string): string {
  const command = PROGRAM.commands.find(({ path }) => path.join(" ") === words);
  assert(command !== undefined);
  return formatHelp(PROGRAM, command);
}

Deno.test("formatHelp fits into 80 columns", () => {
  for (const command of PROGRAM.commands) {
    for (const line of formatHelp(PROGRAM, command).split("\n")) assert(line.length <= 80, line);
  }
});

Deno.test("formatHelp names every option, alias, variable, default and heading", () => {
  const help = helpOf("");
  const [command] = PROGRAM.commands;
  assert(command !== undefined);
  for (const option of optionsOf(command)) {
    for (const name of namesOf(option)) assert(help.includes(`--${name}`), name);
    assert(help.includes(`${option.group ?? "Options"}:`));
  }
  const flat = help.replaceAll(/\s+/g, " ");
  assert(flat.includes("The port to listen on. [FLUXVAULT_BIND_PORT; default: 8888; also --port]"));
  assert(flat.includes("--trust approve|first-use "));
  assert(flat.includes("[FLUXVAULT_INTERVAL; default: 300 s]"));
  assert(flat.includes("-h, --help "));
});

Deno.test("formatHelp shows an option's further variables after its own", () => {
  assert(helpOf("node").includes("The port to dial. [FLUXVAULT_PORT, VAULT_PORT]\n"));
});

Deno.test("formatHelp lists the commands below the one that was asked about", () => {
  assert(helpOf("").includes("\nCommands:\n  agents list\n      Lists the agents.\n"));
  assert(!helpOf("agents list").includes("Commands:"));
});

Deno.test("formatHelp shows the command's words and operands in the usage", () => {
  assert(
    helpOf("agents approve").includes(
      "\nUsage: fluxvault-sample agents approve [OPTIONS] AGENT...\n",
    ),
  );
  assertEquals(helpOf("agents approve").split("\n")[0], "Approves agents.");
});

Deno.test("formatHelp shows what may stand behind --", () => {
  const [command] = PROGRAM.commands;
  assert(command !== undefined);
  const help = formatHelp(PROGRAM, { ...command, rest: "COMMAND ARG..." });
  assert(help.includes("\nUsage: fluxvault-sample [OPTIONS] [-- COMMAND ARG...]\n"), help);
});
