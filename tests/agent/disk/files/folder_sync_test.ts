import { syncFolder, syncFolders } from "../../../../agent/disk/files/folder_sync.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";
import { deliver } from "../../../support/disk_delivery.ts";
import { DiskYard } from "../../../support/disk_yard.ts";
import { temporaryFolder } from "../../../support/temporary_folder.ts";
import { StorageError } from "../../../../protocol/errors.ts";

const UNIX = Deno.build.os !== "windows";

Deno.test("syncFolders syncs every folder, and is done with what is none any more", {
  ignore: !UNIX,
}, async () => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  const names = Array.from({ length: 40 }, (_, i) => `${path}/${i}`);
  for (const name of names) await Deno.mkdir(name);
  await Deno.writeTextFile(`${path}/file`, "");
  await Deno.symlink("0", `${path}/link`);
  await new Deno.Command("mkfifo", { args: [`${path}/pipe`] }).output();
  const others = ["gone", "file", "link", "pipe"].map((name) => `${path}/${name}`);
  const folders = new Set([...others, ...names]);
  await syncFolders(folders);
  assertEquals(folders.size, 0);
});

Deno.test("syncFolder says what the system said", { ignore: !UNIX }, async () => {
  await assertRejects(() => syncFolder(`/${"x".repeat(300)}`), StorageError, "path-refused");
  const folders = new Set([`/${"x".repeat(300)}`, "/"]);
  await assertRejects(() => syncFolders(folders), StorageError, "path-refused");
  assertEquals([...folders], [`/${"x".repeat(300)}`]);
});

Deno.test("DiskSecretStore settles what came where a folder was exchanged for anything else", {
  ignore: !UNIX,
}, async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  const declared = { files: { "a/key": "k", "b/key": "k" } };
  const exchanges = [
    (at: string) => Deno.writeTextFile(at, ""),
    (at: string) => Deno.symlink("..", at),
    async (at: string) => void await new Deno.Command("mkfifo", { args: [at] }).output(),
  ];
  for (const exchange of exchanges) {
    const done = await deliver(store, declared, {
      beforeSettle: async () => {
        await Deno.remove(yard.path("files/a"), { recursive: true });
        await exchange(yard.path("files/a"));
      },
    });
    assertEquals(done.includes("a/key created"), true);
    await Deno.remove(yard.path("files/a"));
    // What went wrong once is no trouble to whoever comes next.
    assertEquals(await deliver(store, declared), ["a/key created"]);
    await Deno.remove(yard.path("files/a"), { recursive: true });
  }
});
