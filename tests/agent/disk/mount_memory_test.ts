import { MountMemory } from "../../../agent/disk/mount_memory.ts";
import { StorageError } from "../../../protocol/errors.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { missingForMounts, withMount } from "../../support/mounts.ts";
import { listTree, temporaryFolder } from "../../support/temporary_folder.ts";

const missing = await missingForMounts();
const skipped = missing === null ? "" : ` (skipped: ${missing})`;

Deno.test("MountMemory knows a file until another one is in its place", {
  ignore: Deno.build.os === "windows",
}, async () => {
  await using folder = await temporaryFolder();
  const at = `${folder.path}/a`;
  await Deno.writeTextFile(at, "");
  const mounts = new MountMemory();
  const info = await Deno.lstat(at);
  assertEquals(mounts.isKnown(at, info), false);
  mounts.note(at, info);
  assertEquals(mounts.isKnown(at, info), true);
  await Deno.rename(at, `${at}.old`);
  await Deno.writeTextFile(at, "");
  assertEquals(mounts.isKnown(at, await Deno.lstat(at)), false);
  assertEquals(mounts.isKnown(at, info), false, "it is forgotten");
});

Deno.test("MountMemory leaves nothing of the attempt behind, and does not mind that it fails", async () => {
  await using folder = await temporaryFolder();
  const at = `${folder.path}/a`;
  await Deno.writeTextFile(at, "x", { mode: 0o600 });
  const info = await Deno.lstat(at);
  const mounts = new MountMemory();
  mounts.check(at, { info, folder: folder.path, size: null });
  mounts.check(at, { info, folder: `${folder.path}/gone`, size: null });
  assertEquals(await listTree(folder.path), ["a 600 x"]);
});

Deno.test(`MountMemory finds a mount before a large file comes${skipped}`, {
  ignore: missing !== null,
}, async () => {
  await using folder = await temporaryFolder();
  const [at, source] = [`${folder.path}/a`, `${folder.path}/source`];
  for (const path of [at, source]) await Deno.writeTextFile(path, "x", { mode: 0o600 });
  await withMount(["--bind", source, at], async () => {
    const info = await Deno.lstat(at);
    const mounts = new MountMemory();
    mounts.check(at, { info, folder: folder.path, size: 10 });
    assertEquals(mounts.isKnown(at, info), false, "a small one is not worth the attempt");
    assertThrows(
      () => mounts.check(at, { info, folder: folder.path, size: 10_000_000 }),
      StorageError,
      "file-mounted",
    );
    assertEquals(mounts.isKnown(at, info), true);
  });
  assertEquals(await listTree(folder.path), ["a 600 x", "source 600 x"]);
});
