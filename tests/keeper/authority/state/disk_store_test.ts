import { Authority } from "../../../../keeper/authority/authority.ts";
import { DiskAuthorityStore } from "../../../../keeper/authority/state/disk_store.ts";
import { MAX_INDEX_BYTES } from "../../../../keeper/authority/limits.ts";
import { StorageError } from "../../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";
import { missingForSmallDisk, withSmallDisk } from "../../../support/small_disk.ts";
import { listTree, temporaryFolder } from "../../../support/temporary_folder.ts";
import { agentOrder, APP, MemorySecrets } from "../authority_site.ts";

const missing = await missingForSmallDisk();
const skipped = missing === null ? "" : ` (skipped: ${missing})`;
const UNIX = Deno.build.os !== "windows";

function open(folder: string, secrets = new MemorySecrets()): Promise<Authority> {
  return Authority.open(new DiskAuthorityStore(folder), { secrets });
}

Deno.test("DiskAuthorityStore keeps an authority in files of their owner alone", async () => {
  await using folder = await temporaryFolder();
  const secrets = new MemorySecrets();
  const { serial } = await (await open(folder.path, secrets)).issue(await agentOrder());
  const modes = (await listTree(folder.path)).map((line) => {
    return line.replaceAll(/[0-9a-f]{32}/g, "KEY").split(" ").slice(0, 2).join(" ");
  });
  assertEquals(modes, [
    "authority/ 700",
    "authority/apps/ 700",
    "authority/apps/app-vaultdemo.json 600",
    "authority/authority.json 600",
    "authority/authority.lock 600",
    "authority/keys/ 700",
    "authority/keys/KEY.json 600",
    "authority/keys/KEY.json 600",
  ]);
  const listed = await (await open(folder.path, secrets)).list();
  assertEquals(listed.map((certificate) => certificate.serial), [serial]);
});

Deno.test("DiskAuthorityStore lets two programs take turns", async () => {
  await using folder = await temporaryFolder();
  const secrets = new MemorySecrets();
  await (await open(folder.path, secrets)).init();
  const both = [await open(folder.path, secrets), await open(folder.path, secrets)];
  const orders = await Promise.all(Array.from({ length: 6 }, () => agentOrder()));
  const issued = await Promise.all(orders.map((order, index) => both[index % 2]?.issue(order)));
  const listed = await both[0]?.list();
  assertEquals(
    listed?.map(({ serial }) => serial).toSorted(),
    issued.map((one) => one?.serial ?? "").toSorted(),
  );
});

Deno.test("DiskAuthorityStore reads an index once, until another program has changed it", async () => {
  await using folder = await temporaryFolder();
  const secrets = new MemorySecrets();
  const other = await open(folder.path, secrets);
  await other.issue(await agentOrder());
  const { reader } = new DiskAuthorityStore(folder.path);
  const [root, app] = [await reader.loadRoot(), await reader.loadApp(APP)];
  assert(root !== null && root === await reader.loadRoot());
  assert(app !== null && app === await reader.loadApp(APP));
  const { serial } = await other.issue(await agentOrder());
  const changed = await reader.loadApp(APP);
  assertEquals(changed?.issued.at(-1)?.serial, serial);
  assertEquals(app.issued.length, 1);
  await Deno.remove(`${folder.path}/authority/apps/app-vaultdemo.json`);
  assertEquals(await reader.loadApp(APP), null);
});

Deno.test("DiskAuthorityStore refuses an index that is damaged, and leaves it as it is", async () => {
  await using folder = await temporaryFolder();
  const secrets = new MemorySecrets();
  await (await open(folder.path, secrets)).issue(await agentOrder());
  const order = await agentOrder();
  for (const name of ["apps/app-vaultdemo.json", "authority.json"]) {
    const path = `${folder.path}/authority/${name}`;
    const whole = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, whole.slice(0, 200));
    const error = await assertRejects(
      async () => await (await open(folder.path, secrets)).issue(order),
      StorageError,
    );
    assert(error.code === "state-malformed" && error.message.includes(path), error.message);
    assertEquals(await Deno.readTextFile(path), whole.slice(0, 200));
    await Deno.writeTextFile(path, whole);
  }
  await (await open(folder.path, secrets)).issue(order);
});

Deno.test("DiskAuthorityStore writes no index that it could not read again", async () => {
  await using folder = await temporaryFolder();
  const { serial } = await (await open(folder.path)).issue(await agentOrder());
  const store = new DiskAuthorityStore(folder.path);
  const index = await store.reader.loadApp(APP);
  if (index === null) throw new TypeError("nothing was issued");
  const allowed = ["a".repeat(MAX_INDEX_BYTES)];
  const error = await assertRejects(
    () => store.change((files) => files.saveApp({ ...index, allowed })),
    StorageError,
  );
  assertEquals(error.code, "io-failed");
  assertEquals((await store.reader.loadApp(APP))?.issued.map((one) => one.serial), [serial]);
});

Deno.test("DiskAuthorityStore makes no second root where the first one is missing", async () => {
  await using folder = await temporaryFolder();
  await (await open(folder.path)).issue(await agentOrder());
  await Deno.remove(`${folder.path}/authority/authority.json`);
  const error = await assertRejects(() => open(folder.path), StorageError);
  assertEquals(error.code, "file-missing");
});

Deno.test(
  "DiskAuthorityStore refuses an index that others can write",
  { ignore: !UNIX },
  async () => {
    await using folder = await temporaryFolder();
    const secrets = new MemorySecrets();
    await (await open(folder.path, secrets)).issue(await agentOrder());
    const path = `${folder.path}/authority/apps/app-vaultdemo.json`;
    await Deno.chmod(path, 0o666);
    const authority = await open(folder.path, secrets);
    const error = await assertRejects(() => authority.revocationList(APP), StorageError);
    assertEquals(error.code, "permission-denied");
  },
);

Deno.test("DiskAuthorityStore removes what a killed program had half-written", async () => {
  await using folder = await temporaryFolder();
  const authority = await open(folder.path);
  await authority.init();
  const left = `${folder.path}/authority/keys/.${"0".repeat(16)}.fluxvault-tmp`;
  await Deno.writeTextFile(left, "half a key");
  await authority.issue(await agentOrder());
  await assertRejects(() => Deno.lstat(left), Deno.errors.NotFound);
});

Deno.test(
  `DiskAuthorityStore loses nothing on a full disk${skipped}`,
  { ignore: missing !== null },
  async () => {
    await using folder = await temporaryFolder();
    const disk = `${folder.path}/disk`;
    await withSmallDisk(disk, 64, async () => {
      const secrets = new MemorySecrets();
      const authority = await open(disk, secrets);
      const first = await authority.issue(await agentOrder());
      await Deno.writeFile(`${disk}/filler`, new Uint8Array(64 * 1024)).catch(() => {});
      const order = await agentOrder();
      const error = await assertRejects(() => authority.issue(order), StorageError);
      assertEquals(error.code, "disk-full");
      await Deno.remove(`${disk}/filler`);
      const second = await (await open(disk, secrets)).issue(order);
      const serials = (await authority.list()).map(({ serial }) => serial);
      assertEquals(serials, [first.serial, second.serial]);
    });
  },
);
