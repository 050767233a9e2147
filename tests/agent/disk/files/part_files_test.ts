import { isStale, PartFiles } from "../../../../agent/disk/files/part_files.ts";
import { partName } from "../../../../agent/disk/files/stage_name.ts";
import { PART_LIFETIME_MS } from "../../../../agent/limits.ts";
import { encodeHex } from "../../../../protocol/bytes.ts";
import { sha256Digest } from "../../../../protocol/digest.ts";
import { createHasher } from "../../../../protocol/hasher.ts";
import * as limits from "../../../../protocol/limits.ts";
import type { FileEntry } from "../../../../protocol/manifest_entry.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { temporaryFolder } from "../../../support/temporary_folder.ts";

const LARGE = limits.MIN_RESUMED_BYTES;

function entryOf(path: string, size = 2 * LARGE): FileEntry {
  const digest = "ab".repeat(32);
  return { kind: "file", path, digest, size, mode: 0o600, strategy: "STRICT" };
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

Deno.test("PartFiles takes up what came of a file, with its digest, and goes on", async () => {
  await using folder = await temporaryFolder();
  const entry = entryOf("a");
  const whole = crypto.getRandomValues(new Uint8Array(65_536));
  const bytes = new Uint8Array(LARGE + 100);
  for (let i = 0; i < bytes.length; i++) bytes[i] = whole[i % whole.length] ?? 0;
  const path = `${folder.path}/${await partName(entry)}`;
  await Deno.writeFile(path, bytes);
  const part = await new PartFiles(createHasher).open(entry, folder.path);
  assert(part !== null);
  using file = part.file;
  assertEquals([part.path, part.offset], [path, bytes.length]);
  assertEquals(encodeHex(part.prefix), encodeHex(await sha256Digest(bytes)));
  const rest = new Uint8Array([1, 2, 3]);
  part.hasher.update(rest);
  await file.write(rest);
  const longer = await Deno.readFile(path);
  assertEquals(longer.length, bytes.length + 3);
  assertEquals(encodeHex(part.hasher.digest()), encodeHex(await sha256Digest(longer)));
});

Deno.test("PartFiles takes nothing that is no part of the file, and removes it", {
  ignore: Deno.build.os === "windows",
}, async () => {
  await using folder = await temporaryFolder();
  const entry = entryOf("a");
  const parts = new PartFiles(createHasher);
  const path = `${folder.path}/${await partName(entry)}`;
  assertEquals(await parts.open(entry, folder.path), null);
  const past = new Date(Date.now() - PART_LIFETIME_MS);
  const others: (() => Promise<void>)[] = [
    () => Deno.writeFile(path, new Uint8Array(LARGE - 1)),
    () => Deno.writeFile(path, new Uint8Array(2 * LARGE + 1)),
    () => Deno.symlink("/dev/zero", path),
    async () => {
      await Deno.writeFile(path, new Uint8Array(LARGE));
      await Deno.utime(path, past, past);
    },
  ];
  for (const make of others) {
    await make();
    assertEquals(await parts.open(entry, folder.path), null);
    assertEquals(await exists(path), false);
  }
});

Deno.test("PartFiles goes on with no file of another user, who could read on", {
  ignore: Deno.build.os === "windows" || Deno.uid() !== 0,
}, async () => {
  await using folder = await temporaryFolder();
  const entry = entryOf("a");
  const parts = new PartFiles(createHasher);
  const path = `${folder.path}/${await partName(entry)}`;
  for (const [uid, isTaken] of [[1_234, false], [4_321, true]] as const) {
    await Deno.writeFile(path, new Uint8Array(LARGE));
    await Deno.chown(path, uid, uid);
    const part = await parts.open({ ...entry, uid: 4_321 }, folder.path);
    part?.file.close();
    assertEquals([part !== null, await exists(path)], [isTaken, isTaken]);
  }
});

Deno.test("PartFiles removes the parts of what is declared no more, and those that are too old", async () => {
  await using folder = await temporaryFolder();
  const parts = new PartFiles(createHasher);
  const paths: string[] = [];
  for (const name of ["a", "b", "c"]) {
    const path = `${folder.path}/${await partName(entryOf(name))}`;
    await Deno.writeTextFile(path, "");
    parts.note(path, name === "b" ? 0 : PART_LIFETIME_MS);
    paths.push(path);
  }
  await parts.retain([entryOf("a"), entryOf("b"), entryOf("c", 10)], PART_LIFETIME_MS);
  assertEquals(await Promise.all(paths.map(exists)), [true, false, false]);
  await parts.retain([], PART_LIFETIME_MS);
  assertEquals(await exists(paths[0] ?? ""), false);
});

Deno.test("isStale counts from the last write", () => {
  assertEquals(isStale({ mtime: new Date(1_000) }, PART_LIFETIME_MS + 999), false);
  assertEquals(isStale({ mtime: new Date(1_000) }, PART_LIFETIME_MS + 1_000), true);
  assertEquals(isStale({ mtime: null }, PART_LIFETIME_MS), true);
});
