import {
  describeEntry,
  type KeysContext,
  openRing,
  readOperand,
} from "../../../keeper/commands/stored_secret.ts";
import { ConfigError } from "../../../protocol/mod.ts";
import { fixedEnvironment } from "../../../protocol/host/mod.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { MemoryInput } from "../../support/memory_input.ts";
import { MemoryOutput } from "../../support/memory_output.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";
import { ENROLMENT, KEY, NOW_MS } from "../keys/key_fixtures.ts";

function contextWith(given: Partial<KeysContext>): KeysContext {
  const { signal } = new AbortController();
  const streams = { stdin: new MemoryInput(), stderr: new MemoryOutput() };
  return { ...streams, signal, env: fixedEnvironment(), ...given } as KeysContext;
}

Deno.test("describeEntry shows all of an entry, its time as a text", () => {
  const entry = { kind: "enrolment", name: "demo", store: "file", createdMs: NOW_MS } as const;
  assertEquals(describeEntry(entry), {
    kind: "enrolment",
    name: "demo",
    store: "file",
    created: "2030-01-01T00:00:00.000Z",
  });
});

Deno.test("readOperand takes exactly one, and repeats none", () => {
  assertEquals(readOperand(contextWith({ operands: ["a"] }), "app"), "a");
  for (const operands of [[], ["demo", "hunter2"], [ENROLMENT], [KEY.wif], ["demo", KEY.wif]]) {
    const context = contextWith({ operands });
    const error = assertThrows(() => readOperand(context, "app"), ConfigError);
    const text = `${error.message} ${error.hint}`;
    for (const secret of ["hunter2", ENROLMENT, KEY.wif]) assert(!text.includes(secret), text);
  }
});

Deno.test("openRing opens the keys of the folder of state", async () => {
  await using folder = await temporaryFolder();
  const name = KEY.address;
  const created = new Date(NOW_MS).toISOString();
  const keys = [{ kind: "keeper-key", name, store: "file", created }];
  await Deno.writeTextFile(`${folder.path}/keys.json`, JSON.stringify({ version: 1, keys }), {
    mode: 0o600,
  });
  const settings = { stateDir: folder.path } as KeysContext["settings"];
  const entries = await openRing(contextWith({ settings })).list();
  assertEquals(entries.map((entry) => entry.name), [name]);
});
