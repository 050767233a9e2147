import { InPlaceFile } from "../../../../agent/disk/files/in_place_file.ts";
import { MAX_IN_MEMORY_BYTES } from "../../../../agent/limits.ts";
import { encodeUtf8 } from "../../../../protocol/bytes.ts";
import { StorageError } from "../../../../protocol/errors.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";
import { missingForSmallDisk, withSmallDisk } from "../../../support/small_disk.ts";
import {
  listTree,
  type TemporaryFolder,
  temporaryFolder,
} from "../../../support/temporary_folder.ts";

const UNIX = Deno.build.os !== "windows";
const missing = await missingForSmallDisk();
const skipped = missing === null ? "" : ` (skipped: ${missing})`;

function open(
  folder: Pick<TemporaryFolder, "path">,
  options: { readonly size?: number | null; readonly mode?: number } = {},
): Promise<InPlaceFile> {
  const { size = null, mode = 0o600 } = options;
  const target = `${folder.path}/a`;
  return InPlaceFile.create({
    folder: folder.path,
    target,
    size,
    ownership: { mode },
    look: () => Deno.lstatSync(target),
  });
}

async function put(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(path, text, { mode: 0o600 });
}

Deno.test("InPlaceFile writes over a file, longer or shorter, small or not", async () => {
  await using folder = await temporaryFolder();
  await put(`${folder.path}/a`, "first");
  const { ino } = await Deno.stat(`${folder.path}/a`);
  for (const text of ["much longer than the first", "short", "", "again"]) {
    for (const size of [text.length, MAX_IN_MEMORY_BYTES + 1, null]) {
      const file = await open(folder, { size });
      for (const half of [text.slice(0, 2), text.slice(2)]) await file.write(encodeUtf8(half));
      assertEquals((await file.commit()).size, text.length);
      assertEquals(await listTree(folder.path), [`a 600 ${text}`]);
    }
  }
  assertEquals((await Deno.stat(`${folder.path}/a`)).ino, ino, "it is the same file");
});

Deno.test("InPlaceFile touches nothing before all of it is here", async () => {
  await using folder = await temporaryFolder();
  await put(`${folder.path}/a`, "old");
  for (const size of [3, null]) {
    const file = await open(folder, { size });
    await file.write(encodeUtf8("new"));
    assertEquals(await Deno.readTextFile(`${folder.path}/a`), "old");
    await file.discard();
  }
  assertEquals(await listTree(folder.path), ["a 600 old"]);
});

Deno.test("InPlaceFile sets the mode before the new contents are there", {
  ignore: !UNIX,
}, async () => {
  await using folder = await temporaryFolder();
  await put(`${folder.path}/a`, "old");
  await Deno.chmod(`${folder.path}/a`, 0o666);
  const file = await open(folder, { size: 3, mode: 0o640 });
  await file.write(encodeUtf8("new"));
  await file.commit();
  assertEquals(await listTree(folder.path), ["a 640 new"]);
});

Deno.test("InPlaceFile writes over no file that has another name, or was exchanged", {
  ignore: !UNIX,
}, async () => {
  await using folder = await temporaryFolder();
  const target = `${folder.path}/a`;
  await put(target, "old");
  await Deno.link(target, `${folder.path}/b`);
  const named = await open(folder, { size: 3 });
  await assertRejects(() => named.commit(), StorageError, "not-a-file");
  await Deno.remove(target);
  await put(target, "new");
  const before = await Deno.lstat(target);
  const exchanged = await InPlaceFile.create({
    folder: folder.path,
    target,
    size: 3,
    ownership: { mode: 0o600 },
    look: () => before,
  });
  await Deno.remove(target);
  await Deno.symlink("b", target);
  await assertRejects(() => exchanged.commit(), StorageError, "file-changed");
  assertEquals(await Deno.readTextFile(`${folder.path}/b`), "old");
});

Deno.test(`InPlaceFile leaves a file as it was where there is no room for more${skipped}`, {
  ignore: missing !== null,
}, async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/disk`;
  await withSmallDisk(path, 64, async () => {
    await put(`${path}/a`, "old");
    const large = await open({ path }, { size: 100_000 });
    await large.write(new Uint8Array(100_000).fill(97));
    await assertRejects(() => large.commit(), StorageError, "disk-full");
    assertEquals(await listTree(path), ["a 600 old"]);
    // What fits in the room that it has needs none besides.
    await Deno.writeFile(`${path}/filler`, new Uint8Array(60_000));
    const small = await open({ path }, { size: 3 });
    await small.write(encodeUtf8("new"));
    await small.commit();
    assertEquals(await Deno.readTextFile(`${path}/a`), "new");
  });
});
