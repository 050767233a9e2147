import { readInput } from "../../../../keeper/commands/calls/given_input.ts";
import { ConfigError } from "../../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";
import { MemoryInput } from "../../../support/memory_input.ts";
import { temporaryFolder } from "../../../support/temporary_folder.ts";

function context(input?: string, lines: readonly string[] = []) {
  const { signal } = new AbortController();
  return { settings: { input }, stdin: new MemoryInput(lines), signal };
}

Deno.test("readInput reads members, or nothing", async () => {
  assertEquals(await readInput(context(), ["a=1", "b:=2"]), { a: "1", b: 2 });
  assertEquals(await readInput(context(), []), undefined);
});

Deno.test("readInput reads a file, or standard input", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/input`;
  await Deno.writeTextFile(path, '{"a":[1]}');
  assertEquals(await readInput(context(path), []), { a: [1] });
  assertEquals(await readInput(context("-", ["[2]"]), []), [2]);
});

Deno.test("readInput repeats nothing of what it cannot read", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/input`;
  await Deno.writeTextFile(path, "canary");
  const error = await assertRejects(() => readInput(context(path), []), ConfigError);
  assert(!error.message.includes("canary") && error.hint !== undefined);
  await assertRejects(() => readInput(context(folder.path), []), ConfigError);
  await assertRejects(() => readInput(context(path), ["a=1"]), ConfigError);
});
