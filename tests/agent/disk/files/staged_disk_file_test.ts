import { StagedDiskFile, type StagePlan } from "../../../../agent/disk/files/staged_disk_file.ts";
import { encodeUtf8 } from "../../../../protocol/bytes.ts";
import { StorageError } from "../../../../protocol/errors.ts";
import * as limits from "../../../../protocol/limits.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";
import { listTree, temporaryFolder } from "../../../support/temporary_folder.ts";
import { evalWithoutChown, missingForNoChown } from "../../../support/without_chown.ts";

const UNIX = Deno.build.os !== "windows";
const IS_ROOT = UNIX && Deno.uid() === 0;

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

Deno.test(
  "StagedDiskFile has its mode from the start, whatever it is",
  { ignore: !UNIX },
  async () => {
    await using folder = await temporaryFolder();
    for (const mode of [0o777, 0o640, 0o444, 0o200, 0]) {
      const staged = await StagedDiskFile.create(planIn(folder.path, { ownership: { mode } }));
      await staged.write(encodeUtf8("x"));
      const [name] = (await Array.fromAsync(Deno.readDir(folder.path))).map(({ name }) => name);
      assertEquals(((await Deno.lstat(`${folder.path}/${name}`)).mode ?? 0) & 0o777, mode);
      await staged.discard();
    }
  },
);

Deno.test("StagedDiskFile belongs to its owner before anything is in it", {
  ignore: !IS_ROOT,
}, async () => {
  await using folder = await temporaryFolder();
  const ownership = { mode: 0o400, uid: 1_234, gid: 2_345 };
  const staged = await StagedDiskFile.create(planIn(folder.path, { ownership }));
  const [name] = (await Array.fromAsync(Deno.readDir(folder.path))).map(({ name }) => name);
  const { uid, gid, size, mode } = await Deno.lstat(`${folder.path}/${name}`);
  assertEquals([uid, gid, size, (mode ?? 0) & 0o777], [1_234, 2_345, 0, 0o400]);
  await staged.discard();
});

const missing = await missingForNoChown();
const skipped = missing === null ? "" : ` (skipped: ${missing})`;

Deno.test(`StagedDiskFile leaves nothing where the owner may not be set${skipped}`, {
  ignore: missing !== null,
}, async () => {
  await using folder = await temporaryFolder();
  const source = import.meta.resolve("../../../../agent/disk/files/staged_disk_file.ts");
  const code = await evalWithoutChown(`
    import { StagedDiskFile } from ${JSON.stringify(source)};
    const plan = {
      folder: ${JSON.stringify(folder.path)},
      target: ${JSON.stringify(`${folder.path}/a`)},
      ownership: { mode: 0o600, uid: 1234 },
      check: () => {},
    };
    console.log(await StagedDiskFile.create(plan).then(() => "done", (error) => error.code));
  `);
  assertEquals([code, await listTree(folder.path)], ["owner-refused", []]);
});

Deno.test("StagedDiskFile keeps what came of a large file, and nothing of a small one", async () => {
  await using folder = await temporaryFolder();
  const partName = ".fluxvault-part-1";
  const open = () => StagedDiskFile.create(planIn(folder.path, { partName }));
  const small = await open();
  await small.write(encodeUtf8("small"));
  assertEquals(await small.interrupt(), null);
  const plain = await StagedDiskFile.create(planIn(folder.path));
  await plain.write(new Uint8Array(limits.MIN_RESUMED_BYTES));
  assertEquals(await plain.interrupt(), null, "it has no name under which it would be found");
  assertEquals(await listTree(folder.path), []);
  const large = await open();
  await large.write(new Uint8Array(limits.MIN_RESUMED_BYTES));
  assertEquals(await large.interrupt(), `${folder.path}/${partName}`);
  assertEquals(await large.interrupt(), null, "it is kept already");
  await large.discard();
  assertEquals((await Deno.stat(`${folder.path}/${partName}`)).size, limits.MIN_RESUMED_BYTES);
  const again = await open();
  assertEquals((await Deno.stat(`${folder.path}/${partName}`)).size, 0, "it begins anew");
  await again.commit();
  assertEquals(await listTree(folder.path), ["a 600 "]);
});

Deno.test("StagedDiskFile gives back what was written to it", async () => {
  await using folder = await temporaryFolder();
  const staged = await StagedDiskFile.create(planIn(folder.path));
  await staged.write(encodeUtf8("0123456789"));
  assertEquals(new TextDecoder().decode(await staged.read(3, 4)), "3456");
  assertEquals((await staged.read(10, 4)).length, 0);
  await staged.discard();
});
