import { StagedDiskFile, type StagePlan } from "../../../agent/disk/staged_disk_file.ts";
import { encodeUtf8 } from "../../../protocol/bytes.ts";
import { StorageError } from "../../../protocol/errors.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { listTree, temporaryFolder } from "../../support/temporary_folder.ts";

function planIn(folder: string, changes: Partial<StagePlan> = {}): StagePlan {
  const ownership = { mode: 0o600 };
  return { folder, target: `${folder}/a`, ownership, check: () => {}, ...changes };
}

Deno.test("StagedDiskFile puts all that was written in place", async () => {
  await using folder = await temporaryFolder();
  const staged = await StagedDiskFile.create(planIn(folder.path));
  for (const text of ["one ", "", "two"]) await staged.write(encodeUtf8(text));
  const info = await staged.commit();
  assertEquals(info.size, 7);
  assertEquals(await listTree(folder.path), ["a 600 one two"]);
});

Deno.test("StagedDiskFile leaves nothing behind when it is discarded", async () => {
  await using folder = await temporaryFolder();
  const staged = await StagedDiskFile.create(planIn(folder.path));
  await staged.write(encodeUtf8("half"));
  await staged.discard();
  await staged.discard();
  assertEquals(await listTree(folder.path), []);
});

Deno.test("StagedDiskFile keeps what it put in place when it is discarded afterwards", async () => {
  await using folder = await temporaryFolder();
  const staged = await StagedDiskFile.create(planIn(folder.path));
  await staged.commit();
  await staged.discard();
  assertEquals(await listTree(folder.path), ["a 600 "]);
});

Deno.test("StagedDiskFile is not put in place where the last check fails", async () => {
  await using folder = await temporaryFolder();
  const refusal = new StorageError("symlink-refused", "no");
  const check = () => {
    throw refusal;
  };
  const staged = await StagedDiskFile.create(planIn(folder.path, { check }));
  await assertRejects(() => staged.commit(), StorageError, "symlink-refused");
  await staged.discard();
  assertEquals(await listTree(folder.path), []);
});

Deno.test("StagedDiskFile cannot be used after its end", async () => {
  await using folder = await temporaryFolder();
  const staged = await StagedDiskFile.create(planIn(folder.path));
  await staged.commit();
  await assertRejects(() => staged.write(encodeUtf8("x")), StorageError, "io-failed");
  await assertRejects(() => staged.commit(), StorageError, "io-failed");
});

Deno.test("StagedDiskFile.create reports a folder that is not there", async () => {
  await assertRejects(
    () => StagedDiskFile.create(planIn("/no/such/folder")),
    StorageError,
    "file-missing",
  );
});
