import { DiskVault } from "../../../keeper/vault/disk_vault.ts";
import type {
  FolderMark,
  FolderMarks,
  FolderMarksStore,
} from "../../../keeper/vault/folder_marks.ts";
import { StorageError } from "../../../protocol/mod.ts";
import { assertEquals } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { missingForSmallDisk, withSmallDisk } from "../../support/small_disk.ts";
import { describe, itemsAt, VaultFolder } from "./vault_folder.ts";

/** Keeps marks in memory, as a state folder would from one run to the next. */
class MemoryMarks implements FolderMarksStore {
  readonly marks = new Map<string, FolderMark>();
  merges = 0;
  failure: StorageError | null = null;

  load(): Promise<ReadonlyMap<string, FolderMark>> {
    return this.failure === null
      ? Promise.resolve(new Map(this.marks))
      : Promise.reject(this.failure);
  }

  merge(news: FolderMarks): Promise<void> {
    this.merges++;
    for (const [path, mark] of news) {
      this.marks.delete(path);
      if (mark !== null) this.marks.set(path, mark);
    }
    return Promise.resolve();
  }
}

Deno.test("FolderMemory keeps which sources held files, and only what is new", async () => {
  await using folder = await VaultFolder.make({ "t/sub/a": "1", "b": "2" });
  const marks = new MemoryMarks();
  const vault = new DiskVault(folder.path, { marks, delay: () => Promise.resolve() });
  const { dev } = await Deno.stat(folder.path);
  for (let i = 0; i < 2; i++) await itemsAt(vault, "t");
  assertEquals([...marks.marks], [[folder.at("t"), { dev, isMount: false }]]);
  assertEquals(marks.merges, 1);
  await Deno.remove(folder.at("t/sub/a"));
  assertEquals(describe(await itemsAt(vault, "t")), ["/", "sub/"]);
  assertEquals([[...marks.marks], marks.merges], [[], 2]);
  await itemsAt(vault, "b");
  assertEquals(marks.merges, 2);
});

Deno.test("FolderMemory says once that nothing can be remembered, and the vault is read nevertheless", async () => {
  await using folder = await VaultFolder.make({ "t/a": "1" });
  const logger = new MemoryLogger();
  const marks = new MemoryMarks();
  marks.failure = new StorageError("state-malformed", "not as it was written");
  const vault = new DiskVault(folder.path, { marks, logger });
  for (let i = 0; i < 2; i++) assertEquals(describe(await itemsAt(vault, "t")), ["/", "a"]);
  const told = logger.messages("warn").filter((message) => message.includes("remembered"));
  assertEquals([told.length, marks.merges], [1, 0]);
});

const missing = await missingForSmallDisk();

Deno.test({
  name: "FolderMemory tells the next keeper that a disk is missing",
  ignore: missing !== null,
  fn: async () => {
    await using folder = await VaultFolder.make({ "t/other": "1" });
    const marks = new MemoryMarks();
    const start = () => new DiskVault(folder.path, { marks, delay: () => Promise.resolve() });
    await withSmallDisk(folder.at("t/disk"), 64, async () => {
      await folder.write("t/disk/a", "1");
      assertEquals(describe(await itemsAt(start(), "t")), ["/", "disk/", "disk/a", "other"]);
    });
    for (let i = 0; i < 2; i++) {
      assertEquals(describe(await itemsAt(start(), "t")), ["/", "disk!mount-missing", "other"]);
    }
    await withSmallDisk(folder.at("t/disk"), 64, async () => {
      // Another disk, and nothing on it yet.
      assertEquals(describe(await itemsAt(start(), "t/other")), [""]);
      await folder.write("t/disk/b", "1");
      assertEquals(describe(await itemsAt(start(), "t")), ["/", "disk/", "disk/b", "other"]);
      await Deno.remove(folder.at("t/disk/b"));
      assertEquals(describe(await itemsAt(start(), "t")), ["/", "disk/", "other"]);
    });
    assertEquals(describe(await itemsAt(start(), "t")), ["/", "disk/", "other"]);
  },
});
