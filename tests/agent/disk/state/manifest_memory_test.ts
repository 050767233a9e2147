import { MANIFEST_FILE_NAME } from "../../../../agent/disk/state/manifest_file.ts";
import { ManifestMemory } from "../../../../agent/disk/state/manifest_memory.ts";
import { assertEquals, assertMatch } from "../../../support/assert.ts";
import { declare } from "../../../support/disk_delivery.ts";
import { MemoryLogger } from "../../../support/memory_logger.ts";
import { temporaryFolder } from "../../../support/temporary_folder.ts";

Deno.test("ManifestMemory holds a manifest across a restart, until it is forgotten", async () => {
  await using folder = await temporaryFolder();
  const options = { stateFolder: folder.path, logger: new MemoryLogger() };
  const memory = await ManifestMemory.open(options);
  assertEquals(memory.held, null);
  const { contents: _, ...manifest } = await declare({ files: { a: "1" }, declaredBy: "1key" });
  await memory.keep(manifest);
  assertEquals(memory.held, manifest);
  assertEquals((await ManifestMemory.open(options)).held, manifest);
  await memory.forget();
  await memory.forget();
  assertEquals([memory.held, (await ManifestMemory.open(options)).held], [null, null]);
  assertEquals(options.logger.events, []);
});

Deno.test("ManifestMemory writes a manifest only where there is something new in it", async () => {
  await using folder = await temporaryFolder();
  const memory = await ManifestMemory.open({
    stateFolder: folder.path,
    logger: new MemoryLogger(),
  });
  const manifest = await declare({ files: { a: "1" } });
  const inode = async () => (await Deno.stat(`${folder.path}/${MANIFEST_FILE_NAME}`)).ino;
  await memory.keep(manifest);
  const first = await inode();
  await memory.keep({ ...manifest });
  assertEquals(await inode(), first);
});

Deno.test("ManifestMemory keeps in memory what it cannot write, and says so", async () => {
  const logger = new MemoryLogger();
  const memory = await ManifestMemory.open({ stateFolder: "/no/such/folder", logger });
  const manifest = await declare({});
  await memory.keep(manifest);
  assertEquals(memory.held, manifest);
  assertMatch(logger.messages("warn").join(), /in memory only/);
  const without = await ManifestMemory.open({ stateFolder: null, logger });
  await without.keep(manifest);
  await without.forget();
  assertEquals(without.held, null);
});
