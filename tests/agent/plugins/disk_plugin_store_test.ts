import { MAX_REMEMBERED_PLUGINS } from "../../../agent/limits.ts";
import { DiskPluginStore } from "../../../agent/plugins/disk_plugin_store.ts";
import type { PluginBook } from "../../../agent/plugins/plugin_record.ts";
import { StorageError } from "../../../protocol/errors.ts";
import { encodeUtf8 } from "../../../protocol/bytes.ts";
import { MAX_PLUGIN_BYTES } from "../../../protocol/plugins/mod.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { missingForSmallDisk, withSmallDisk } from "../../support/small_disk.ts";
import { listTree, temporaryFolder } from "../../support/temporary_folder.ts";

const [A, B] = ["a".repeat(64), "b".repeat(64)];
const RECORD = {
  name: "greeter",
  version: "1.0.0",
  digest: A,
  signature: `${"S".repeat(87)}=`,
};
const HIGHEST = { name: "greeter", version: "1.2.0", digest: B };
const BOOK: PluginBook = { installed: [RECORD], highest: [HIGHEST] };

async function open() {
  const folder = await temporaryFolder();
  return {
    path: folder.path,
    book: `${folder.path}/plugins/plugins.json`,
    store: new DiskPluginStore(folder.path),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

Deno.test("DiskPluginStore reads what it wrote, and nothing where nothing was", async () => {
  await using yard = await open();
  assertEquals(await yard.store.load(), { installed: [], highest: [] });
  await yard.store.sweep([]);
  assertEquals(await listTree(yard.path), []);
  await yard.store.save(BOOK);
  assertEquals(await new DiskPluginStore(yard.path).load(), BOOK);
  assertEquals(await yard.store.readPackage(A), null);
  await yard.store.writePackage(A, encodeUtf8("package"));
  assertEquals(await yard.store.readPackage(A), encodeUtf8("package"));
});

Deno.test("DiskPluginStore reads as many plugins as may ever be remembered", async () => {
  await using yard = await open();
  const longest = Array.from({ length: MAX_REMEMBERED_PLUGINS }, (_, index) => ({
    ...RECORD,
    name: `n${index}`.padEnd(31, "x"),
    version: "999999999.999999999.999999999",
  }));
  const highest = longest.map(({ name, version, digest }) => ({ name, version, digest }));
  await yard.store.save({ installed: longest, highest });
  assertEquals(await yard.store.load(), { installed: longest, highest });
});

Deno.test("DiskPluginStore keeps all for its owner alone", async () => {
  await using yard = await open();
  await yard.store.save(BOOK);
  await yard.store.writePackage(A, encodeUtf8("x"));
  const modes = (await listTree(yard.path)).map((line) => line.split(" ").slice(0, 2).join(" "));
  assertEquals(modes, ["plugins/ 700", "plugins/" + A + ".plugin 600", "plugins/plugins.json 600"]);
});

Deno.test("DiskPluginStore removes packages that nobody names, and nothing else", async () => {
  await using yard = await open();
  for (const digest of [A, B]) await yard.store.writePackage(digest, encodeUtf8("x"));
  await yard.store.save(BOOK);
  await Deno.writeTextFile(`${yard.path}/plugins/of somebody`, "x");
  await yard.store.sweep([B]);
  const names = [...Deno.readDirSync(`${yard.path}/plugins`)].map(({ name }) => name).sort();
  assertEquals(names, [`${B}.plugin`, "of somebody", "plugins.json"]);
});

Deno.test("DiskPluginStore removes at its start what a killed agent had half-written", async () => {
  await using yard = await open();
  await yard.store.save(BOOK);
  await Deno.writeTextFile(`${yard.path}/plugins/.${"0".repeat(16)}.fluxvault-tmp`, "half");
  await yard.store.load();
  assertEquals([...Deno.readDirSync(`${yard.path}/plugins`)].map(({ name }) => name), [
    "plugins.json",
  ]);
});

Deno.test("DiskPluginStore takes nothing for what is remembered but what it wrote", async () => {
  await using yard = await open();
  await yard.store.save(BOOK);
  const whole = { version: 1, ...BOOK };
  const wrong: readonly unknown[] = [
    null,
    [],
    { ...whole, version: 2 },
    { version: 1, installed: [] },
    { ...whole, installed: [RECORD, RECORD] },
    { ...whole, installed: [{ ...RECORD, name: "two-words" }] },
    { ...whole, installed: [{ ...RECORD, digest: "../../identity" }] },
    { ...whole, installed: [{ ...RECORD, signature: "" }] },
    { ...whole, highest: [{ ...HIGHEST, version: "1.x" }] },
  ];
  for (const file of wrong) {
    await Deno.writeTextFile(yard.book, JSON.stringify(file));
    const error = await assertRejects(() => yard.store.load(), StorageError);
    assertEquals(error.code, "state-malformed", JSON.stringify(file));
  }
  await Deno.writeTextFile(yard.book, "{");
  await assertRejects(() => yard.store.load(), StorageError);
});

Deno.test("DiskPluginStore reads no package that is longer than one can be", async () => {
  await using yard = await open();
  await yard.store.writePackage(A, new Uint8Array(MAX_PLUGIN_BYTES + 1));
  await assertRejects(() => yard.store.readPackage(A), StorageError);
});

Deno.test("DiskPluginStore names a package by nothing but a digest", async () => {
  await using yard = await open();
  for (const digest of ["", "../identity", A.toUpperCase(), `${A}0`]) {
    await assertRejects(() => yard.store.readPackage(digest), TypeError);
  }
});

const MISSING = await missingForSmallDisk();

Deno.test({
  name: `DiskPluginStore leaves all as it was where the disk is full ${MISSING ?? ""}`.trimEnd(),
  ignore: MISSING !== null,
  fn: async () => {
    await using yard = await open();
    await withSmallDisk(`${yard.path}/plugins`, 64, async () => {
      await yard.store.save(BOOK);
      const write = () => yard.store.writePackage(A, new Uint8Array(128 * 1024));
      assertEquals((await assertRejects(write, StorageError)).code, "disk-full");
      assertEquals([...Deno.readDirSync(`${yard.path}/plugins`)].map(({ name }) => name), [
        "plugins.json",
      ]);
      await Deno.writeFile(`${yard.path}/plugins/filler`, new Uint8Array(64 * 1024)).catch(
        () => {},
      );
      const save = () => yard.store.save({ installed: [], highest: [HIGHEST] });
      assertEquals((await assertRejects(save, StorageError)).code, "disk-full");
      assertEquals(await yard.store.load(), BOOK);
    });
  },
});
