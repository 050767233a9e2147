import {
  type PassphraseContext,
  passphraseSource,
} from "../../../../keeper/keys/stores/passphrase.ts";
import { ConfigError } from "../../../../protocol/mod.ts";
import { fixedEnvironment } from "../../../../protocol/host/mod.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";
import { MemoryInput } from "../../../support/memory_input.ts";
import { MemoryOutput } from "../../../support/memory_output.ts";
import { temporaryFolder } from "../../../support/temporary_folder.ts";

function contextWith(stdin: MemoryInput, variables = {}): PassphraseContext {
  const signal = new AbortController().signal;
  return { env: fixedEnvironment(variables), stdin, stderr: new MemoryOutput(), signal };
}

function person(...lines: readonly string[]): MemoryInput {
  return new MemoryInput(lines, { isTerminal: true });
}

Deno.test("passphraseSource asks a person once for one that there is, whoever asks again", async () => {
  const stdin = person("correct horse", "another");
  const source = passphraseSource(contextWith(stdin));
  assertEquals(await source({ isNew: false }), "correct horse");
  assertEquals(await source({ isNew: true }), "correct horse");
  assertEquals(stdin.prompts, ["(hidden) Passphrase of the keys: "]);
});

Deno.test("passphraseSource asks a person twice for a new one", async () => {
  const stdin = person("correct horse", "correct horse");
  assertEquals(await passphraseSource(contextWith(stdin))({ isNew: true }), "correct horse");
  assertEquals(stdin.prompts, ["(hidden) New passphrase: ", "(hidden) The same again: "]);
});

Deno.test("passphraseSource refuses two that differ", async () => {
  const source = passphraseSource(contextWith(person("correct horse", "correct house")));
  const error = await assertRejects(() => source({ isNew: true }), ConfigError);
  assert(!error.message.includes("correct"));
});

Deno.test("passphraseSource takes a line of standard input where nobody can be asked", async () => {
  const stdin = new MemoryInput(["correct horse"]);
  assertEquals(await passphraseSource(contextWith(stdin))({ isNew: true }), "correct horse");
});

Deno.test("passphraseSource takes a credential before anything else", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/fluxvault-passphrase`, "from a service\n");
  const stdin = person("correct horse");
  const context = contextWith(stdin, { CREDENTIALS_DIRECTORY: folder.path });
  assertEquals(await passphraseSource(context)({ isNew: true }), "from a service");
  assertEquals(stdin.prompts, []);
});

for (const short of ["", "seven77", "\u{1f424}".repeat(7)]) {
  Deno.test(`passphraseSource refuses ${JSON.stringify(short)}`, async () => {
    for (const isNew of [true, false]) {
      const source = passphraseSource(contextWith(person(short, short)));
      const error = await assertRejects(() => source({ isNew }), ConfigError);
      assert(short === "" || !error.message.includes(short));
    }
  });
}

Deno.test("passphraseSource says how to give one where there is none", async () => {
  const source = passphraseSource(contextWith(new MemoryInput()));
  const error = await assertRejects(() => source({ isNew: false }), ConfigError);
  assert(error.hint?.includes("$CREDENTIALS_DIRECTORY/fluxvault-passphrase"), error.hint);
});
