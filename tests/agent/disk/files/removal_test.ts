import { placeOf } from "../../../../agent/disk/paths/disk_path.ts";
import { type Removal, remove } from "../../../../agent/disk/files/removal.ts";
import { StorageError } from "../../../../protocol/errors.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";
import { missingForMounts, withMount } from "../../../support/mounts.ts";
import {
  listTree,
  type TemporaryFolder,
  temporaryFolder,
} from "../../../support/temporary_folder.ts";

const UNIX = Deno.build.os !== "windows";
const RULES = { inodes: new Set<string>(), sets: new Set<string>() };
const missing = await missingForMounts();
const skipped = missing === null ? "" : ` (skipped: ${missing})`;

function removalOf(
  folder: TemporaryFolder,
  path: string,
  extent: Removal["extent"] = "tree",
): Removal {
  return { place: placeOf(path, [{ folder: folder.path, prefix: "" }]), extent };
}

Deno.test("remove removes a file, a tree, and an empty folder, and says where", async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/d/deep/deeper`, { recursive: true });
  await Deno.writeTextFile(`${folder.path}/d/deep/a`, "");
  await Deno.writeTextFile(`${folder.path}/d/b`, "");
  assertEquals(await remove(removalOf(folder, "d/b", "file"), RULES), `${folder.path}/d`);
  assertEquals(await remove(removalOf(folder, "d/deep"), RULES), `${folder.path}/d`);
  assertEquals(await remove(removalOf(folder, "d", "folder"), RULES), folder.path);
  assertEquals(await remove(removalOf(folder, "d/deep"), RULES), null, "it is gone already");
  assertEquals(await listTree(folder.path), []);
});

Deno.test("remove removes nothing else than what was found", { ignore: !UNIX }, async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/d`, { mode: 0o700 });
  await Deno.writeTextFile(`${folder.path}/d/a`, "a", { mode: 0o600 });
  await Deno.symlink("d/a", `${folder.path}/link`);
  const refused = (path: string, extent: Removal["extent"], code: string) =>
    assertRejects(() => remove(removalOf(folder, path, extent), RULES), StorageError, code);
  await refused("d", "file", "not-a-file");
  await refused("d", "folder", "file-changed");
  await refused("d/a", "folder", "not-a-file");
  await refused("link", "file", "symlink-refused");
  await refused("link", "folder", "symlink-refused");
  assertEquals(await listTree(folder.path), ["d/ 700", "d/a 600 a", "link -> d/a"]);
});

Deno.test("remove follows no link, on the way or in a tree", { ignore: !UNIX }, async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/outside`, { mode: 0o700 });
  await Deno.writeTextFile(`${folder.path}/outside/a`, "a", { mode: 0o600 });
  await Deno.mkdir(`${folder.path}/d`);
  await Deno.symlink("../outside", `${folder.path}/d/link`);
  await assertRejects(
    () => remove(removalOf(folder, "d/link/a"), RULES),
    StorageError,
    "symlink-refused",
  );
  await remove(removalOf(folder, "d"), RULES);
  assertEquals(await listTree(folder.path), ["outside/ 700", "outside/a 600 a"]);
});

Deno.test("remove removes a generation with the link to it", { ignore: !UNIX }, async () => {
  await using folder = await temporaryFolder();
  const name = `.fluxvault-generation-${"0".repeat(24)}`;
  await Deno.mkdir(`${folder.path}/${name}`);
  await Deno.symlink(name, `${folder.path}/tls`);
  await remove(removalOf(folder, "tls"), RULES);
  assertEquals(await listTree(folder.path), []);
});

Deno.test("remove removes no tree in which a folder of the agent's own lies", {
  ignore: !UNIX,
}, async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/d/state`, { recursive: true });
  const { dev, ino } = await Deno.stat(`${folder.path}/d/state`);
  const rules = { ...RULES, inodes: new Set([`${dev}:${ino}`]) };
  await assertRejects(() => remove(removalOf(folder, "d"), rules), StorageError, "path-refused");
  assertEquals((await listTree(folder.path)).length, 2);
});

Deno.test(`remove enters no mount, and removes none${skipped}`, {
  ignore: missing !== null,
}, async () => {
  await using folder = await temporaryFolder();
  for (const name of ["d/mount", "elsewhere"]) {
    await Deno.mkdir(`${folder.path}/${name}`, { recursive: true });
  }
  await Deno.writeTextFile(`${folder.path}/elsewhere/a`, "a");
  const refused = (path: string) =>
    assertRejects(() => remove(removalOf(folder, path), RULES), StorageError, "file-mounted");
  await withMount(["-t", "tmpfs", "tmpfs", `${folder.path}/d/mount`], async () => {
    await refused("d");
    await refused("d/mount");
  });
  await withMount(["--bind", `${folder.path}/elsewhere`, `${folder.path}/d/mount`], async () => {
    await refused("d/mount");
    assertEquals(await Deno.readTextFile(`${folder.path}/d/mount/a`), "a");
  });
});
