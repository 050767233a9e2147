import {
  FileDigests,
  openUnchanged,
  readPieces,
} from "../../../../agent/disk/files/file_digests.ts";
import { encodeHex } from "../../../../protocol/bytes.ts";
import { sha256Digest } from "../../../../protocol/digest.ts";
import { createHasher } from "../../../../protocol/hasher.ts";
import { StorageError } from "../../../../protocol/errors.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";
import { temporaryFolder } from "../../../support/temporary_folder.ts";

const UNIX = Deno.build.os !== "windows";

Deno.test("FileDigests works out the digest of files of every size", async () => {
  await using folder = await temporaryFolder();
  const digests = new FileDigests();
  for (const size of [0, 1, 65_535, 65_536, 65_537, 600_000]) {
    const bytes = new Uint8Array(size).fill(size % 251);
    const at = `${folder.path}/${size}`;
    await Deno.writeFile(at, bytes);
    const digest = await digests.of(at, await Deno.lstat(at));
    assertEquals(encodeHex(digest), encodeHex(await sha256Digest(bytes)), String(size));
  }
});

function countingDigests(): { digests: FileDigests; count: () => number } {
  let count = 0;
  const digests = new FileDigests(() => {
    count++;
    return createHasher();
  });
  return { digests, count: () => count };
}

Deno.test("FileDigests reads a file anew that was written a moment ago", async () => {
  await using folder = await temporaryFolder();
  const at = `${folder.path}/a`;
  const { digests, count } = countingDigests();
  await Deno.writeTextFile(at, "one");
  for (let i = 0; i < 2; i++) await digests.of(at, await Deno.lstat(at));
  assertEquals(count(), 2);
});

Deno.test("FileDigests reads a file once that has lain there, until it is forgotten", async () => {
  // This one was written long before any test.
  const at = new URL("../../../../deno.json", import.meta.url).pathname;
  const { digests, count } = countingDigests();
  const read = async () => await digests.of(at, await Deno.lstat(at));
  await read();
  await read();
  digests.retain(new Set([at]));
  await read();
  assertEquals(count(), 1);
  digests.retain(new Set());
  await read();
  digests.delete(at);
  await read();
  assertEquals(count(), 3);
});

Deno.test("FileDigests takes nothing that was put in the place of a file", {
  ignore: !UNIX,
}, async () => {
  await using folder = await temporaryFolder();
  const digests = new FileDigests();
  for (const size of [10, 100_000]) {
    const at = `${folder.path}/a`;
    await Deno.writeFile(at, new Uint8Array(size));
    const before = await Deno.lstat(at);
    await Deno.rename(at, `${folder.path}/other`);
    await Deno.writeFile(at, new Uint8Array(size));
    await assertRejects(() => digests.of(at, before), StorageError, "file-changed");
    await Deno.remove(at);
    await assertRejects(() => digests.of(at, before), StorageError, "file-missing");
  }
});

Deno.test("FileDigests does not wait for a pipe in the place of a file", {
  ignore: !UNIX,
}, async () => {
  await using folder = await temporaryFolder();
  for (const size of [10, 100_000]) {
    const at = `${folder.path}/${size}`;
    await Deno.writeFile(at, new Uint8Array(size));
    const before = await Deno.lstat(at);
    await Deno.remove(at);
    await new Deno.Command("mkfifo", { args: [at] }).output();
    await assertRejects(() => new FileDigests().of(at, before), StorageError, "file-changed");
  }
});

Deno.test("FileDigests is done with a file on which somebody writes on and on", async () => {
  await using folder = await temporaryFolder();
  for (const size of [10, 100_000]) {
    const at = `${folder.path}/${size}`;
    await Deno.writeFile(at, new Uint8Array(size));
    const before = await Deno.lstat(at);
    using writer = await Deno.open(at, { append: true });
    let written = 0;
    const digests = new FileDigests(() => ({
      ...createHasher(),
      // With each piece that was read there is another, as long as anybody would wait for the end.
      update: () => {
        if (written++ < 100) writer.writeSync(new Uint8Array(65_536));
      },
    }));
    await assertRejects(() => digests.of(at, before), StorageError, "file-changed");
  }
});

Deno.test("openUnchanged opens what was looked at, and closes what it does not give", async () => {
  await using folder = await temporaryFolder();
  const at = `${folder.path}/a`;
  await Deno.writeTextFile(at, "one");
  const before = await Deno.lstat(at);
  using file = await openUnchanged(at, before);
  assertEquals(file.statSync().size, 3);
  await Deno.rename(at, `${at}.old`);
  await Deno.writeTextFile(at, "two");
  if (UNIX) await assertRejects(() => openUnchanged(at, before), StorageError, "file-changed");
});

Deno.test("readPieces yields all of a file", async () => {
  await using folder = await temporaryFolder();
  const at = `${folder.path}/a`;
  const bytes = crypto.getRandomValues(new Uint8Array(50_000));
  await Deno.writeFile(at, bytes);
  const pieces: number[] = [];
  for await (const piece of readPieces(at, await Deno.lstat(at))) pieces.push(...piece);
  assertEquals(pieces, [...bytes]);
});
