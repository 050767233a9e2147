import { join } from "node:path";
import { findGivenBefore } from "../../../../keeper/audit/reading/given_before.ts";
import { READ_BUFFER_BYTES } from "../../../../keeper/audit/limits.ts";
import type { AuditEvent } from "../../../../keeper/audit/mod.ts";
import { assertEquals } from "../../../support/assert.ts";
import { type TemporaryFolder, temporaryFolder } from "../../../support/temporary_folder.ts";
import { textOf } from "../audit_fixtures.ts";

function given(agent: string, path: string, contents: string): AuditEvent {
  return { event: "given", fingerprint: agent, path, contents, size: contents.length };
}

async function write(folder: TemporaryFolder, text: string): Promise<string> {
  const path = join(folder.path, "audit.jsonl");
  await Deno.writeTextFile(path, text);
  return path;
}

Deno.test("findGivenBefore returns what was given last, of each agent and path", async () => {
  await using folder = await temporaryFolder();
  const path = await write(
    folder,
    await textOf([
      given("A", "a", "old"),
      given("A", "a", "newer"),
      given("B", "a", "other"),
      { event: "held", fingerprint: "A", path: "a", contents: "no", size: 1 },
      given("A", "b", "b"),
    ]),
  );
  const [a, missing] = [{ agent: "A", path: "a" }, { agent: "B", path: "b" }];
  const lookUp = await findGivenBefore(path, [a, missing, { agent: "B", path: "a" }]);
  assertEquals(lookUp(a), { contents: "newer", size: 5, time: "2030-01-02T00:00:02.000Z" });
  assertEquals([lookUp({ agent: "B", path: "a" })?.contents, lookUp(missing)], ["other", null]);
});

Deno.test("findGivenBefore reads lines that lie across the pieces in which it reads", async () => {
  await using folder = await temporaryFolder();
  const filler = { event: "command", command: "x".repeat(READ_BUFFER_BYTES * 1.5) };
  const events = ["1", "2", "3"].flatMap((name) => [given("A", name, `c${name}`), filler]);
  const path = await write(folder, await textOf([...events, given("A", "4", "c4")]));
  const files = ["1", "2", "3", "4"].map((name) => ({ agent: "A", path: name }));
  const lookUp = await findGivenBefore(path, files);
  assertEquals(files.map((file) => lookUp(file)?.contents), ["c1", "c2", "c3", "c4"]);
});

Deno.test("findGivenBefore passes over what is no line, and a write that was cut off", async () => {
  await using folder = await temporaryFolder();
  const text = await textOf([given("A", "a", "whole")]);
  const cut = await textOf([given("A", "a", "cut")]);
  const path = await write(folder, `${text}no line "event":"given"\n\n${cut.slice(0, -20)}`);
  const file = { agent: "A", path: "a" };
  assertEquals((await findGivenBefore(path, [file]))(file)?.contents, "whole");
});

Deno.test("findGivenBefore finds nothing where there is no log", async () => {
  await using folder = await temporaryFolder();
  const file = { agent: "A", path: "a" };
  assertEquals((await findGivenBefore(join(folder.path, "none"), [file]))(file), null);
});
