import { placeOf } from "../../../agent/disk/paths/disk_path.ts";
import { changeFile, changeFolder, makeFolder } from "../../../agent/disk/local_steps.ts";
import { DeviceTraits } from "../../../agent/disk/files/ownership.ts";
import { StorageError } from "../../../protocol/errors.ts";
import type { FolderEntry } from "../../../protocol/manifest_entry.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { fileEntry, folderEntry } from "../../support/disk_delivery.ts";
import { listTree, type TemporaryFolder, temporaryFolder } from "../../support/temporary_folder.ts";
import { evalWithout, evalWithoutChown, missingForNoChown } from "../../support/without_chown.ts";

const RULES = { inodes: new Set<string>(), sets: new Set<string>() };
const missing = await missingForNoChown();
const skipped = missing === null ? "" : ` (skipped: ${missing})`;

function workOn<Entry>(entry: Entry) {
  return { entry, rules: RULES, traits: new DeviceTraits() };
}

function placeIn(folder: TemporaryFolder, path: string) {
  return placeOf(path, [{ folder: folder.path, prefix: "" }]);
}

function unixTest(name: string, work: (folder: TemporaryFolder) => Promise<void>): void {
  Deno.test(name, { ignore: Deno.build.os === "windows" }, async () => {
    await using folder = await temporaryFolder();
    await work(folder);
  });
}

unixTest("makeFolder makes a folder with any mode", async (folder) => {
  for (const mode of [0o777, 0o750, 0o500, 0o300]) {
    const path = `d${mode}`;
    await makeFolder(placeIn(folder, path), workOn(folderEntry(path, { mode })));
    assertEquals(((await Deno.lstat(`${folder.path}/${path}`)).mode ?? 0) & 0o777, mode);
  }
  assertEquals((await Array.fromAsync(Deno.readDir(folder.path))).length, 4);
});

unixTest("makeFolder takes the folder that another file was made in", async (folder) => {
  await Deno.mkdir(`${folder.path}/d`, { mode: 0o700 });
  await Deno.writeTextFile(`${folder.path}/d/a`, "a", { mode: 0o600 });
  await makeFolder(placeIn(folder, "d"), workOn(folderEntry("d", { mode: 0o755 })));
  assertEquals(await listTree(folder.path), ["d/ 755", "d/a 600 a"]);
});

unixTest("makeFolder reports what it cannot do, and leaves nothing", async (folder) => {
  await Deno.writeTextFile(`${folder.path}/a`, "a", { mode: 0o600 });
  const make = (path: string) => () => makeFolder(placeIn(folder, path), workOn(folderEntry(path)));
  await assertRejects(make("a"), StorageError, "not-a-file");
  await assertRejects(make("gone/d"), StorageError, "file-missing");
  assertEquals(await listTree(folder.path), ["a 600 a"]);
});

unixTest("changeFolder leaves a folder that was made once", async (folder) => {
  await Deno.mkdir(`${folder.path}/d`, { mode: 0o700 });
  const change = (entry: FolderEntry) => changeFolder(placeIn(folder, "d"), workOn(entry));
  await change(folderEntry("d", { mode: 0o755, strategy: "ENSURE_CREATED" }));
  assertEquals(await listTree(folder.path), ["d/ 700"]);
  await change(folderEntry("d", { mode: 0o755 }));
  assertEquals(await listTree(folder.path), ["d/ 755"]);
});

unixTest("changeFolder and changeFile follow no link, and report what is gone", async (folder) => {
  await Deno.mkdir(`${folder.path}/d`, { mode: 0o700 });
  await Deno.writeTextFile(`${folder.path}/d/a`, "a", { mode: 0o600 });
  await Deno.symlink("d", `${folder.path}/link`);
  await Deno.symlink("d/a", `${folder.path}/file`);
  const folderChange = (path: string) =>
    changeFolder(placeIn(folder, path), workOn(folderEntry(path, { mode: 0o777 })));
  const fileChange = async (path: string) =>
    await changeFile(
      placeIn(folder, path),
      workOn(await fileEntry(path, { text: "a", mode: 0o777 })),
    );
  await assertRejects(() => folderChange("link"), StorageError, "symlink-refused");
  await assertRejects(() => fileChange("link/a"), StorageError, "symlink-refused");
  await assertRejects(() => fileChange("file"), StorageError, "symlink-refused");
  await assertRejects(() => folderChange("gone"), StorageError, "file-changed");
  await assertRejects(() => fileChange("d/gone"), StorageError, "file-changed");
  assertEquals((await listTree(folder.path)).slice(0, 2), ["d/ 700", "d/a 600 a"]);
});

unixTest("changeFile changes a file, and copies one that has another name", async (folder) => {
  const at = `${folder.path}/a`;
  await Deno.writeTextFile(at, "a", { mode: 0o600 });
  const entry = await fileEntry("a", { text: "a", mode: 0o640 });
  const { ino } = await Deno.lstat(at);
  await changeFile(placeIn(folder, "a"), workOn(entry));
  assertEquals((await Deno.lstat(at)).ino, ino);
  await Deno.link(at, `${folder.path}/b`);
  await changeFile(placeIn(folder, "a"), workOn({ ...entry, mode: 0o644 }));
  assert((await Deno.lstat(at)).ino !== ino);
  assertEquals(await listTree(folder.path), ["a 644 a", "b 640 a"]);
});

Deno.test(
  `changeFile puts a copy in the place of a file that only its owner may change${skipped}`,
  {
    ignore: missing !== null,
  },
  async () => {
    await using folder = await temporaryFolder();
    const at = `${folder.path}/a`;
    await Deno.writeTextFile(at, "a", { mode: 0o600 });
    await Deno.chmod(at, 0o644);
    await Deno.chown(at, 1_234, 1_234);
    const done = await evalWithout(
      ["fowner"],
      `
    import { placeOf } from ${source("agent/disk/paths/disk_path.ts")};
    import { changeFile } from ${source("agent/disk/local_steps.ts")};
    import { DeviceTraits } from ${source("agent/disk/files/ownership.ts")};
    const place = placeOf("a", [{ folder: ${JSON.stringify(folder.path)}, prefix: "" }]);
    const rules = { inodes: new Set(), sets: new Set() };
    const entry = { kind: "file", path: "a", mode: 0o600 };
    console.log(await changeFile(place, { entry, rules, traits: new DeviceTraits() }));
  `,
    );
    assertEquals(done, folder.path);
    assertEquals(await listTree(folder.path), ["a 600 a"]);
    assertEquals((await Deno.stat(at)).uid, 0);
  },
);

function source(name: string): string {
  return JSON.stringify(import.meta.resolve(`../../../${name}`));
}

Deno.test(`makeFolder leaves nothing where the owner may not be set${skipped}`, {
  ignore: missing !== null,
}, async () => {
  await using folder = await temporaryFolder();
  const code = await evalWithoutChown(`
    import { placeOf } from ${source("agent/disk/paths/disk_path.ts")};
    import { makeFolder } from ${source("agent/disk/local_steps.ts")};
    import { DeviceTraits } from ${source("agent/disk/files/ownership.ts")};
    const place = placeOf("d", [{ folder: ${JSON.stringify(folder.path)}, prefix: "" }]);
    const rules = { inodes: new Set(), sets: new Set() };
    const entry = { kind: "folder", path: "d", mode: 0o700, uid: 1234, strategy: "STRICT" };
    console.log(await makeFolder(place, { entry, rules, traits: new DeviceTraits() })
      .then(() => "done", (error) => error.code));
  `);
  assertEquals([code, await listTree(folder.path)], ["owner-refused", []]);
});
