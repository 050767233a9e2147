import { CallError, StorageError } from "../../../../protocol/mod.ts";
import { PluginStorage } from "../../../../protocol/host/plugins/mod.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";
import { listTree, temporaryFolder } from "../../../support/temporary_folder.ts";

Deno.test("PluginStorage keeps values in a private file, for whoever opens it next", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/tried`;
  const storage = await PluginStorage.open(path);
  assertEquals(await listTree(folder.path), []);
  await Promise.all([storage.set("a", { b: 1 }), storage.set("c", null), storage.set("a", [2])]);
  await storage.delete("none");
  assertEquals(await listTree(folder.path), [
    "tried/ 700",
    'tried/storage.json 600 {"a":[2],"c":null}',
  ]);
  const again = await PluginStorage.open(path);
  assertEquals([again.get("a"), again.get("c"), again.get("d"), again.list()], [
    [2],
    null,
    null,
    ["a", "c"],
  ]);
  await again.delete("a");
  assertEquals((await PluginStorage.open(path)).list(), ["c"]);
});

Deno.test("PluginStorage shares no object with whoever set or got it", async () => {
  const storage = PluginStorage.inMemory();
  const value = { list: [1] };
  await storage.set("a", value);
  value.list.push(2);
  (storage.get("a") as typeof value).list.push(3);
  assertEquals(storage.get("a"), { list: [1] });
});

Deno.test("PluginStorage has a bound for its bytes and one for its keys", async () => {
  const storage = PluginStorage.inMemory({ maxBytes: 40, maxKeys: 2 });
  await storage.set("a", "x".repeat(30));
  await assertRejects(() => storage.set("b", "y"), CallError, "storage-full");
  await storage.set("a", "short");
  await storage.set("b", "y");
  await assertRejects(() => storage.set("c", 1), CallError, "storage-full");
  await storage.delete("b");
  await storage.set("c", "\u00e4".repeat(7));
  await assertRejects(() => storage.set("c", "\u00e4".repeat(12)), CallError, "storage-full");
  assertEquals(storage.list(), ["a", "c"]);
});

Deno.test("PluginStorage refuses keys and values that are none", async () => {
  const storage = PluginStorage.inMemory();
  for (const key of ["", "x".repeat(257), "\ud800"]) {
    await assertRejects(() => storage.set(key, 1), CallError, "key-malformed");
  }
  await assertRejects(() => storage.set("a", undefined), CallError, "value-malformed");
});

Deno.test("PluginStorage says where its file is none of ours, and not what is in it", async () => {
  await using folder = await temporaryFolder();
  for (const text of ["CANARY", "[]", "5", ""]) {
    await Deno.writeTextFile(`${folder.path}/storage.json`, text);
    const open = () => PluginStorage.open(folder.path);
    const error = await assertRejects(open, StorageError, "state-malformed");
    assertEquals(error.message.includes("CANARY"), false);
  }
});

Deno.test("PluginStorage passes on that it could not be written", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/file`;
  const storage = await PluginStorage.open(path);
  await Deno.writeTextFile(path, "in the way");
  await assertRejects(() => storage.set("a", 1), StorageError);
  assertEquals(storage.get("a"), null);
  await Deno.remove(path);
  await storage.set("a", 2);
  assertEquals((await PluginStorage.open(path)).get("a"), 2);
});
