import type { KeyEntry } from "../../../keeper/keys/key_index.ts";
import { KeyIndexFile } from "../../../keeper/keys/key_index_file.ts";
import { StorageError } from "../../../protocol/mod.ts";
import { lockFile } from "../../../protocol/host/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { listTree, temporaryFolder } from "../../support/temporary_folder.ts";
import { NOW_MS } from "./key_fixtures.ts";

function entry(name: string): KeyEntry {
  return { kind: "enrolment", name, store: "file", createdMs: NOW_MS };
}

Deno.test("KeyIndexFile keeps the list in a file of its owner alone", async () => {
  await using folder = await temporaryFolder();
  const file = new KeyIndexFile(`${folder.path}/state`);
  assertEquals(await file.load(), []);
  await file.update((entries) => Promise.resolve([...entries, entry("a")]));
  await file.update((entries) => Promise.resolve([...entries, entry("b")]));
  assertEquals(await new KeyIndexFile(`${folder.path}/state`).load(), [entry("a"), entry("b")]);
  const tree = await listTree(folder.path);
  assert(tree[0] === "state/ 700" && tree[1]?.startsWith("state/keys.json 600 "), tree.join());
});

Deno.test("KeyIndexFile loses no change of two that come together", async () => {
  await using folder = await temporaryFolder();
  const add = (name: string) =>
    new KeyIndexFile(folder.path).update((entries) => Promise.resolve([...entries, entry(name)]));
  await Promise.all([add("a"), add("b"), add("c")]);
  const names = (await new KeyIndexFile(folder.path).load()).map(({ name }) => name);
  assertEquals(names.sort(), ["a", "b", "c"]);
});

Deno.test("KeyIndexFile writes nothing where a change rejects, and frees its lock", async () => {
  await using folder = await temporaryFolder();
  const file = new KeyIndexFile(folder.path);
  await file.update(() => Promise.resolve([entry("a")]));
  await assertRejects(() => file.update(() => Promise.reject(new TypeError("no"))), TypeError);
  assertEquals(await file.load(), [entry("a")]);
  (await lockFile(`${folder.path}/keys.lock`)).release();
});

Deno.test("KeyIndexFile never writes over a file that it cannot read", async () => {
  await using folder = await temporaryFolder();
  const file = new KeyIndexFile(folder.path);
  await Deno.writeTextFile(file.path, "{}", { mode: 0o600 });
  const change = () => file.update(() => Promise.resolve([]));
  const error = await assertRejects(change, StorageError, "state-malformed");
  assert(error.message.startsWith(`${file.path}: `) && error.hint !== undefined, error.message);
  assertEquals(await Deno.readTextFile(file.path), "{}");
});

Deno.test({
  name: "KeyIndexFile refuses a file that others can write, and changes nothing in it",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using folder = await temporaryFolder();
    const file = new KeyIndexFile(folder.path);
    await file.update(() => Promise.resolve([entry("a")]));
    const before = await Deno.readTextFile(file.path);
    await Deno.chmod(file.path, 0o660);
    const error = await assertRejects(() => file.load(), StorageError, "permission-denied");
    assert(error.hint?.includes(`chmod 600 ${file.path}`), error.hint);
    const change = () => file.update(() => Promise.resolve([]));
    await assertRejects(change, StorageError, "permission-denied");
    assertEquals(await Deno.readTextFile(file.path), before);
  },
});

Deno.test("KeyIndexFile takes back what a change did where the list cannot be written", async () => {
  await using folder = await temporaryFolder();
  const file = new KeyIndexFile(folder.path);
  let isLocked = false;
  const undo = async () => {
    isLocked = await lockFile(`${folder.path}/keys.lock`, { waitMs: 0 }).then(
      (lock) => (lock.release(), false),
      () => true,
    );
  };
  // A folder in its place is what no file can be renamed to.
  const change = async () => {
    await Deno.mkdir(`${file.path}/x`, { recursive: true });
    return [entry("a")];
  };
  await assertRejects(() => file.update(change, { undo }), StorageError);
  assertEquals(isLocked, true);
});

Deno.test("KeyIndexFile writes nothing where a change returns the same list", async () => {
  await using folder = await temporaryFolder();
  const file = new KeyIndexFile(folder.path);
  await file.update(() => Promise.resolve([entry("a")]));
  const { ino } = await Deno.stat(file.path);
  await file.update((entries) => Promise.resolve(entries));
  assertEquals((await Deno.stat(file.path)).ino, ino);
});
