import { join } from "node:path";
import { KnownAgentsFile } from "../../../keeper/trust/known_agents_file.ts";
import { EMPTY_STATE, type KnownAgentsState } from "../../../keeper/trust/known_agents_state.ts";
import { StorageError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { fingerprintOf, pinOf, stateOf } from "./known_agents_fixtures.ts";

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "fluxvault-state-" });
  try {
    await work(join(root, "a", "state"));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

function adding(name: string): (state: KnownAgentsState) => KnownAgentsState {
  return (state) => ({ ...state, agents: [...state.agents, pinOf(name)] });
}

Deno.test("KnownAgentsFile knows nobody where there is no file, and makes none by reading", () =>
  withFolder(async (folder) => {
    assertEquals(await new KnownAgentsFile(folder).load(), EMPTY_STATE);
    await assertRejects(() => Deno.stat(folder), Deno.errors.NotFound);
  }));

Deno.test("KnownAgentsFile keeps a change for the next process, for its owner alone", () =>
  withFolder(async (folder) => {
    const file = new KnownAgentsFile(folder);
    await file.update(adding("a"));
    assertEquals(await new KnownAgentsFile(folder).load(), stateOf({ agents: [pinOf("a")] }));
    if (Deno.build.os === "windows") return;
    assertEquals(((await Deno.stat(file.path)).mode ?? 0) & 0o777, 0o600);
    assertEquals(((await Deno.stat(folder)).mode ?? 0) & 0o777, 0o700);
  }));

Deno.test("KnownAgentsFile loses no change of two writers at once", () =>
  withFolder(async (folder) => {
    const files = [new KnownAgentsFile(folder), new KnownAgentsFile(folder)];
    const names = Array.from({ length: 20 }, (_, i) => `agent-${i}`);
    await Promise.all(names.map((name, i) => files[i % 2]?.update(adding(name))));
    const { agents } = await new KnownAgentsFile(folder).load();
    const found = new Set(agents.map(({ fingerprint }) => fingerprint));
    assertEquals(found, new Set(names.map(fingerprintOf)));
  }));

Deno.test("KnownAgentsFile fails the one change that throws", () =>
  withFolder(async (folder) => {
    const file = new KnownAgentsFile(folder);
    const bad = assertRejects(
      () =>
        file.update(() => {
          throw new RangeError("no");
        }),
      RangeError,
    );
    await Promise.all([file.update(adding("a")), bad, file.update(adding("b"))]);
    assertEquals((await file.load()).agents.length, 2);
  }));

Deno.test("KnownAgentsFile writes nothing where nothing changed", () =>
  withFolder(async (folder) => {
    const file = new KnownAgentsFile(folder);
    await file.update(adding("a"));
    const before = await Deno.stat(file.path);
    await file.update((state) => state);
    assertEquals((await Deno.stat(file.path)).ino, before.ino);
  }));

Deno.test("KnownAgentsFile never writes over a file that it cannot read", () =>
  withFolder(async (folder) => {
    const file = new KnownAgentsFile(folder);
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(file.path, '{"version":1,"agents":[{}]}', { mode: 0o600 });
    const error = await assertRejects(() => file.load(), StorageError, "state-malformed");
    assert(error.message.includes(file.path) && error.message.includes("agents[0]"));
    await assertRejects(() => file.update(adding("a")), StorageError, "state-malformed");
    assertEquals(await Deno.readTextFile(file.path), '{"version":1,"agents":[{}]}');
  }));

for (const mode of [0o620, 0o602, 0o666]) {
  Deno.test({
    name: `KnownAgentsFile refuses a file of mode ${mode.toString(8)}, and changes nothing in it`,
    ignore: Deno.build.os === "windows",
    fn: () =>
      withFolder(async (folder) => {
        const file = new KnownAgentsFile(folder);
        await file.update(adding("a"));
        const before = await Deno.readTextFile(file.path);
        await Deno.chmod(file.path, mode);
        const error = await assertRejects(() => file.load(), StorageError, "permission-denied");
        assert(error.hint?.includes(`chmod 600 ${file.path}`), error.hint);
        await assertRejects(() => file.update(adding("b")), StorageError, "permission-denied");
        assertEquals(await Deno.readTextFile(file.path), before);
        await Deno.chmod(file.path, 0o644);
        assertEquals((await file.load()).agents.length, 1);
      }),
  });
}

Deno.test("KnownAgentsFile writes no file that it could not read, and keeps the one that is there", () =>
  withFolder(async (folder) => {
    const file = new KnownAgentsFile(folder);
    await file.update(adding("a"));
    const before = await Deno.readTextFile(file.path);
    const many = Array.from({ length: 50_000 }, (_, i) => pinOf(`k${i}`, { address: null }));
    const error = await assertRejects(
      () => file.update((state) => ({ ...state, agents: [...state.agents, ...many] })),
      StorageError,
      "io-failed",
    );
    assert(error.hint?.includes("agents forget"), error.hint);
    assertEquals(await Deno.readTextFile(file.path), before);
    await file.update(adding("b"));
    assertEquals((await file.load()).agents.length, 2);
  }));
