import { copyEntry, linkEntry } from "../../../../agent/disk/sets/tree_copy.ts";
import { StorageError } from "../../../../protocol/errors.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";
import { missingForMounts, withMount } from "../../../support/mounts.ts";
import {
  listTree,
  type TemporaryFolder,
  temporaryFolder,
} from "../../../support/temporary_folder.ts";

const missing = await missingForMounts();
const skipped = missing === null ? "" : ` (skipped: ${missing})`;

async function entryAt(folder: TemporaryFolder, name: string) {
  const at = `${folder.path}/${name}`;
  return { at, info: await Deno.lstat(at) };
}

function unixTest(name: string, work: (folder: TemporaryFolder) => Promise<void>): void {
  Deno.test(name, { ignore: Deno.build.os === "windows" }, async () => {
    await using folder = await temporaryFolder();
    await work(folder);
  });
}

unixTest("linkEntry gives files, links and pipes a second name", async (folder) => {
  await Deno.writeTextFile(`${folder.path}/file`, "a", { mode: 0o640 });
  await Deno.symlink("nowhere", `${folder.path}/link`);
  await new Deno.Command("mkfifo", { args: [`${folder.path}/pipe`] }).output();
  for (const name of ["file", "link", "pipe"]) {
    const entry = await entryAt(folder, name);
    await linkEntry(entry, { to: `${folder.path}/second-${name}` });
    assertEquals((await entryAt(folder, `second-${name}`)).info.ino, entry.info.ino);
  }
});

unixTest("copyEntry copies a file with another mode, and a link as a link", async (folder) => {
  await Deno.writeTextFile(`${folder.path}/a`, "contents", { mode: 0o600 });
  await Deno.symlink("a", `${folder.path}/link`);
  const ownership = { mode: 0o644 };
  await copyEntry(await entryAt(folder, "a"), { to: `${folder.path}/b`, ownership });
  await copyEntry(await entryAt(folder, "link"), { to: `${folder.path}/link-b`, ownership });
  assertEquals(await listTree(folder.path), [
    "a 600 contents",
    "b 644 contents",
    "link -> a",
    "link-b -> a",
  ]);
});

unixTest("copyEntry copies nothing else, and nothing that was exchanged", async (folder) => {
  await new Deno.Command("mkfifo", { args: [`${folder.path}/pipe`] }).output();
  const to = `${folder.path}/copy`;
  const ownership = { mode: 0o644 };
  const pipe = await entryAt(folder, "pipe");
  await assertRejects(() => copyEntry(pipe, { to, ownership }), StorageError, "not-a-file");
  await Deno.writeTextFile(`${folder.path}/a`, "a");
  const file = await entryAt(folder, "a");
  await Deno.rename(file.at, `${folder.path}/b`);
  await Deno.writeTextFile(file.at, "other");
  await assertRejects(() => copyEntry(file, { to, ownership }), StorageError, "file-changed");
  assertEquals((await listTree(folder.path)).length, 3);
});

Deno.test(`linkEntry copies what is on another mount${skipped}`, {
  ignore: missing !== null,
}, async () => {
  await using folder = await temporaryFolder();
  for (const name of ["a", "source"]) {
    await Deno.writeTextFile(`${folder.path}/${name}`, name, { mode: 0o640 });
  }
  await withMount(["--bind", `${folder.path}/source`, `${folder.path}/a`], async () => {
    await linkEntry(await entryAt(folder, "a"), { to: `${folder.path}/b` });
  });
  assertEquals(await listTree(folder.path), ["a 640 a", "b 640 source", "source 640 source"]);
});
