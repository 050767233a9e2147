import { KEEPER_PROGRAM } from "../../keeper/program.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { runInProcess } from "../support/program.ts";

Deno.test("KEEPER_PROGRAM has code behind each command, and one command for each word", async () => {
  const words = KEEPER_PROGRAM.commands.map(({ path }) => path.join(" "));
  assertEquals(words.length, new Set(words).size);
  for (const { path, load } of KEEPER_PROGRAM.commands) {
    assertEquals(typeof (await load()).run, "function", path.join(" "));
  }
});

Deno.test("KEEPER_PROGRAM helps with each command, in a sentence", async () => {
  for (const { path, summary } of KEEPER_PROGRAM.commands) {
    assert(/^[A-Z].*\.$/.test(summary), summary);
    const { code, stdout } = await runInProcess(KEEPER_PROGRAM, [...path, "--help"]);
    const usage = `Usage: ${["fluxvault-keeper", ...path].join(" ")} [OPTIONS]`;
    assert(code === 0 && stdout.includes(usage), stdout);
  }
});

Deno.test("KEEPER_PROGRAM takes no secret as an option", () => {
  const options = KEEPER_PROGRAM.commands.flatMap(({ options }) => options);
  assertEquals(
    options.filter(({ name, secret }) => secret || /secret|wif|pass(?:word|phrase)/.test(name)),
    [],
  );
});
