import { formatCompletions } from "../../../../protocol/host/command_line/completion.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { sampleProgram } from "../../../support/sample_program.ts";

const PROGRAM = sampleProgram();

async function hasBash(): Promise<boolean> {
  try {
    return (await new Deno.Command("bash", { args: ["--version"], stdout: "null" }).output())
      .success;
  } catch {
    return false;
  }
}

async function completeInBash(...words: string[]): Promise<string[]> {
  const script = `${formatCompletions(PROGRAM, "bash")}
    COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")})
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    _fluxvault_sample
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, success } = await new Deno.Command("bash", { args: ["-c", script] }).output();
  assert(success);
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
}

const BASH = { ignore: !await hasBash() };

Deno.test("formatCompletions completes commands and options in a real bash", BASH, async () => {
  assertEquals(await completeInBash("fluxvault-sample", "ag"), ["agents"]);
  assertEquals(await completeInBash("fluxvault-sample", "agents", ""), ["list", "approve"]);
  assertEquals(await completeInBash("fluxvault-sample", "--bind"), ["--bind-port"]);
  assertEquals(await completeInBash("fluxvault-sample", "agents", "list", "--bind"), []);
  assertEquals(await completeInBash("fluxvault-sample", "agents", "list", "--qu"), ["--quiet"]);
});

Deno.test("formatCompletions completes values in a real bash", BASH, async () => {
  assertEquals(await completeInBash("fluxvault-sample", "--trust", "f"), ["first-use"]);
  assertEquals(await completeInBash("fluxvault-sample", "--bind-port", ""), []);
  const [file] = await completeInBash("fluxvault-sample", "--config", import.meta.filename ?? "");
  assertEquals(file, import.meta.filename);
});

for (const shell of ["bash", "zsh", "fish"] as const) {
  Deno.test(`formatCompletions names every command, option and choice for ${shell}`, () => {
    const script = formatCompletions(PROGRAM, shell);
    for (const word of ["agents", "approve", "bind-port", "trust", "first-use", "completions"]) {
      assert(script.includes(word), word);
    }
  });
}

Deno.test("formatCompletions keeps an apostrophe in a help text from ending the quotes", () => {
  assert(formatCompletions(PROGRAM, "zsh").includes("'--trust:Which agents'\\'' keys to trust.'"));
  assert(formatCompletions(PROGRAM, "fish").includes("-d 'Which agents\\' keys to trust.'"));
});
