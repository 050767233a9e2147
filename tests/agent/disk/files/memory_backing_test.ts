import { isInMemory, MemoryBacking } from "../../../../agent/disk/files/memory_backing.ts";
import { MAX_NAMED_FOLDERS } from "../../../../agent/limits.ts";
import { StorageError } from "../../../../protocol/errors.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";
import { MemoryLogger } from "../../../support/memory_logger.ts";
import { missingForMounts, withMount } from "../../../support/mounts.ts";
import { temporaryFolder } from "../../../support/temporary_folder.ts";

const TMPFS = 0x01021994;
const EXT4 = 0xef53;
const missing = await missingForMounts();
const skipped = missing === null ? "" : ` (skipped: ${missing})`;

Deno.test("MemoryBacking warns of a folder on a disk, once for all below it, and asks once for each device", async () => {
  const logger = new MemoryLogger();
  const asked: string[] = [];
  const memory = new MemoryBacking({
    logger,
    fileSystemType: (folder) => {
      asked.push(folder);
      return Promise.resolve(folder === "/run" ? TMPFS : EXT4);
    },
  });
  for (
    const [folder, dev] of [["/a", 1], ["/a", 1], ["/a/b", 1], ["/ab", 1], ["/run", 2]] as const
  ) {
    await memory.check(folder, dev);
  }
  assertEquals(asked, ["/a", "/run"]);
  assertEquals(logger.events.map(({ level, properties }) => [level, properties.folder]), [
    ["warn", "/a"],
    ["warn", "/ab"],
  ]);
});

Deno.test("MemoryBacking names so many folders and no more", async () => {
  const logger = new MemoryLogger();
  const memory = new MemoryBacking({ logger, fileSystemType: () => Promise.resolve(EXT4) });
  for (let i = 0; i < 100; i++) await memory.check(`/${i}`, 1);
  assertEquals(logger.events.length, MAX_NAMED_FOLDERS + 1);
});

Deno.test("MemoryBacking refuses a disk, and what is not known, where memory is required", async () => {
  const logger = new MemoryLogger();
  const check = (fileSystemType: () => Promise<number>, isRequired: boolean) =>
    new MemoryBacking({ logger, isRequired, fileSystemType }).check("/a", 1);
  const unknown = () => Promise.reject(new Error("not said"));
  await assertRejects(() => check(() => Promise.resolve(EXT4), true), StorageError, "not-on-tmpfs");
  await assertRejects(() => check(unknown, true), StorageError, "not-on-tmpfs");
  await check(() => Promise.resolve(TMPFS), true);
  await check(unknown, false);
  assertEquals(logger.events, []);
});

Deno.test(`isInMemory knows tmpfs and ramfs from others${skipped}`, {
  ignore: missing !== null,
}, async () => {
  await using folder = await temporaryFolder();
  for (const type of ["tmpfs", "ramfs"]) {
    await withMount(["-t", type, type, folder.path], async () => {
      assertEquals(await isInMemory(folder.path), true, type);
    });
  }
  assertEquals(await isInMemory("/sys"), false);
  assertEquals(await isInMemory(`${folder.path}/gone`), false);
});
