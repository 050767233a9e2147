import { StorageError } from "../../../protocol/errors.ts";
import { encodeHex, encodeUtf8 } from "../../../protocol/bytes.ts";
import { sha256Digest } from "../../../protocol/digest.ts";
import * as limits from "../../../protocol/limits.ts";
import type { FileEntry } from "../../../protocol/manifest_entry.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { declare, deliver, fileEntry, plan } from "../../support/disk_delivery.ts";
import { DiskYard, put } from "../../support/disk_yard.ts";
import { missingForMounts, withMount } from "../../support/mounts.ts";

const UNIX = Deno.build.os !== "windows";
const IS_ROOT = UNIX && Deno.uid() === 0;
const missing = await missingForMounts();
const skipped = missing === null ? "" : ` (skipped: ${missing})`;
const LARGE = limits.MIN_RESUMED_BYTES;

/** The entry of a file of so many bytes, each the last digit of its place. */
async function largeFile(
  path: string,
  size: number,
): Promise<{ entry: FileEntry; bytes: Uint8Array<ArrayBuffer> }> {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = i % 10;
  const digest = encodeHex(await sha256Digest(bytes));
  return { entry: { ...await fileEntry(path, ""), digest, size }, bytes };
}

async function partsIn(folder: string): Promise<string[]> {
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  return names.filter((name) => name.startsWith(".fluxvault-part-"));
}

for (const isSet of [false, true]) {
  const where = isSet ? "in a set" : "in a folder";
  Deno.test(`DiskStaging goes on with a large file that was interrupted, ${where}`, {
    ignore: isSet && !UNIX,
  }, async () => {
    await using yard = await DiskYard.make();
    const { entry, bytes } = await largeFile("tls/big", 2 * LARGE);
    const wanted = {
      entries: isSet
        ? [
          { kind: "folder", path: "tls", mode: 0o700, strategy: "STRICT", together: true } as const,
          entry,
        ]
        : [entry],
      hooks: [],
      isWipe: false,
      declaredBy: null,
    };
    const held = { ...await declare({}), manifest: wanted };
    const first = await yard.open();
    await first.survey(wanted);
    await first.keepManifest(held);
    const staged = await first.stage("tls/big", { size: entry.size, mode: 0o600, entry });
    await staged.write(bytes.subarray(0, LARGE + 5));
    await staged.interrupt();
    await first.settle();
    assertEquals((await partsIn(yard.path(isSet ? "files" : "files/tls"))).length, 1);
    const second = await yard.open();
    const { steps } = await second.survey(wanted);
    await second.keepManifest(held);
    for (const step of steps) if (step.kind === "make") await second.perform(step);
    const part = await second.resume(entry);
    assert(part !== null);
    assertEquals(part.offset, LARGE + 5);
    const prefix = await sha256Digest(bytes.slice(0, LARGE + 5));
    assertEquals(encodeHex(part.prefix), encodeHex(prefix));
    const rest = bytes.slice(part.offset);
    part.hasher.update(rest);
    await part.staged.write(rest);
    assertEquals(encodeHex(part.hasher.digest()), entry.digest);
    assertEquals(await part.staged.commit(), "created");
    assertEquals(await second.settle(), []);
    assertEquals((await second.survey(wanted)).steps, []);
    assertEquals(await partsIn(yard.path("files")), []);
  });
}

Deno.test("DiskStaging forgets the part of a file once it is declared no more", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  const { entry, bytes } = await largeFile("big", LARGE);
  const staged = await store.stage("big", { size: LARGE, mode: 0o600, entry });
  await staged.write(bytes);
  await staged.interrupt();
  assertEquals((await partsIn(yard.path("files"))).length, 1);
  await deliver(store, { files: { a: "1" } });
  assertEquals(await yard.tree("files"), ["a 600 1"]);
});

Deno.test("DiskStaging has nothing to go on with where nothing came", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  const { entry } = await largeFile("folder/big", LARGE);
  assertEquals(await store.resume(entry), null);
  assertEquals(await yard.tree("files"), [], "it made no folder for that");
});

Deno.test("DiskStaging refuses a second path to what is declared", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open({ allowed: [yard.path("files")] });
  const entry = await fileEntry("a", "1");
  await store.survey({ entries: [entry], hooks: [], isWipe: false, declaredBy: null });
  const other = yard.path("files/a");
  await assertRejects(() => put(store, other), StorageError, "path-refused");
  await assertRejects(() => store.inspect(other), StorageError, "path-refused");
  assertEquals(await put(store, "a"), "created");
});

Deno.test("DiskStaging has what no manifest declares removed by a wipe, and by nothing else", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  await put(store, "new/deep/a");
  await store.settle();
  assertEquals(await plan(await yard.open(), { folders: { new: {} } }), []);
  assertEquals(await deliver(await yard.open(), { isWipe: true }), [
    "new removed",
    "new/deep removed",
    "new/deep/a removed",
  ]);
});

Deno.test(
  `DiskStaging replaces no file that is a mount, and says how it can be written${skipped}`,
  {
    ignore: missing !== null,
  },
  async () => {
    await using yard = await DiskYard.make();
    const [target, source] = [yard.path("files/a"), yard.path("outside/source")];
    for (const path of [target, source]) await Deno.writeTextFile(path, "old", { mode: 0o600 });
    await withMount(["--bind", source, target], async () => {
      const store = await yard.open();
      const error = await assertRejects(() => put(store, "a"), StorageError, "file-mounted");
      assertMatch(error.hint ?? "", /in_place/);
      // From then on it is known before the contents come.
      assertEquals(await plan(store, { files: { a: "new" } }), ["a failed file-mounted"]);
      const inPlace = { files: { a: { text: "new", inPlace: true, mode: 0o640 } } } as const;
      assertEquals(await plan(store, inPlace), ["a updated"]);
      assertEquals(await deliver(store, inPlace), ["a updated"]);
      assertEquals(await plan(store, inPlace), []);
      assertEquals(await Deno.readTextFile(source), "new");
      assertEquals(((await Deno.stat(source)).mode ?? 0) & 0o777, 0o640);
    });
    assertEquals(await Deno.readTextFile(target), "old");
  },
);

Deno.test("DiskStaging puts a file in place as any other where nothing is to be written over", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  const declared = (text: string) => ({ files: { a: { text, inPlace: true } } }) as const;
  assertEquals(await deliver(store, declared("1")), ["a created"]);
  const { ino } = await Deno.stat(yard.path("files/a"));
  assertEquals(await deliver(store, declared("2")), ["a updated"]);
  assertEquals((await Deno.stat(yard.path("files/a"))).ino, ino);
  assertEquals(await yard.tree("files"), ["a 600 2"]);
});

Deno.test(`DiskStaging puts nothing on a disk where memory is required${skipped}`, {
  ignore: missing !== null,
}, async () => {
  await using yard = await DiskYard.make();
  await Deno.mkdir(yard.path("files/memory"));
  await withMount(["-t", "tmpfs", "tmpfs", yard.path("files/memory")], async () => {
    const store = await yard.open({ requiresMemory: true });
    const declared = { files: { "memory/deep/a": "1", "disk/a": "2" } };
    const lines = ["disk/a failed not-on-tmpfs", "memory/deep/a created"];
    assertEquals(await plan(store, declared), lines);
    assertEquals(await deliver(store, declared), lines);
    await assertRejects(() => put(store, "disk/b"), StorageError, "not-on-tmpfs");
    assertEquals(encodeUtf8(await Deno.readTextFile(yard.path("files/memory/deep/a"))).length, 1);
  });
});

Deno.test("DiskStaging repairs a mode however often the owner of the file has changed it", {
  ignore: !IS_ROOT,
}, async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  const declared = { files: { key: { text: "k", uid: 1_234 }, other: "o" } };
  const held = await declare(declared);
  await store.survey({ ...held.manifest, declaredBy: null });
  const [entry] = held.manifest.entries;
  assert(entry?.kind === "file");
  const staged = await store.stage("key", { size: 1, mode: entry.mode, entry });
  await staged.write(encodeUtf8("k"));
  // The owner has found the file on its way.
  for (const { name } of Deno.readDirSync(yard.path("files"))) {
    await Deno.chmod(yard.path(`files/${name}`), 0o644);
  }
  await staged.commit();
  await store.settle();
  assertEquals(await plan(store, declared), ["key reowned", "other created"]);
});
