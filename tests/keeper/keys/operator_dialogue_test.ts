import { askYesNo, removalQuestion, takeSecret } from "../../../keeper/keys/operator_dialogue.ts";
import { StopRequested } from "../../../protocol/host/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryInput } from "../../support/memory_input.ts";
import { MemoryOutput } from "../../support/memory_output.ts";
import { KEY } from "./key_fixtures.ts";

const NAME = { kind: "keeper-key", name: KEY.address } as const;
const { signal } = new AbortController();

function dialogue(lines: readonly string[], isTerminal = true) {
  const stdin = new MemoryInput(lines, { isTerminal });
  return { stdin, stderr: new MemoryOutput(), signal };
}

for (
  const [lines, otherwise, expected] of [
    [["y"], false, true],
    [[" YES "], false, true],
    [["n"], true, false],
    [["No"], true, false],
    [[""], true, true],
    [[""], false, false],
    [[], true, false],
    [["what?", "yes"], false, true],
  ] as const
) {
  Deno.test(`askYesNo takes ${JSON.stringify(lines)}, else ${otherwise}, as ${expected}`, async () => {
    const context = dialogue(lines);
    assertEquals(await askYesNo(context, "Sure?", { otherwise }), expected);
    assertEquals(context.stdin.prompts[0], `Sure? [${otherwise ? "Yes" : "No"}] `);
  });
}

Deno.test("takeSecret warns a person before it asks for a private key", async () => {
  const context = dialogue([` ${KEY.wif} `]);
  assertEquals(await takeSecret(context, NAME), KEY.wif);
  assert(context.stderr.text.includes("Check that you trust this program"), context.stderr.text);
  assertEquals(context.stdin.prompts, [
    `(hidden) Private key of ${KEY.address}, in WIF (it is not shown): `,
  ]);
});

Deno.test("takeSecret takes a line of standard input without a word", async () => {
  const context = dialogue([KEY.wif], false);
  assertEquals([await takeSecret(context, NAME), context.stderr.text], [KEY.wif, ""]);
});

Deno.test("takeSecret is null where nothing is given", async () => {
  const app = { kind: "enrolment", name: "demo" } as const;
  assertEquals(await takeSecret(dialogue([]), app), null);
  assertEquals(await takeSecret(dialogue([" "]), app), null);
});

Deno.test("takeSecret stops with its signal", async () => {
  const stopped = AbortSignal.abort(new StopRequested("SIGTERM"));
  const context = { ...dialogue([KEY.wif]), signal: stopped };
  await assertRejects(() => takeSecret(context, NAME), StopRequested);
});

Deno.test("removalQuestion says that a secret is lost", () => {
  assertEquals(
    removalQuestion(NAME),
    `Remove the key of ${KEY.address} for good? Without a copy it is lost.`,
  );
});
