import { SLOW_LOOK_MS, SLOW_LOOKS } from "../../../keeper/limits.ts";
import { type DiskFile, openFile } from "../../../keeper/vault/disk_file.ts";
import { FileLooks } from "../../../keeper/vault/file_looks.ts";
import type { VaultView } from "../../../keeper/vault/vault.ts";
import { DiskVault } from "../../../keeper/vault/disk_vault.ts";
import { randomBytes, sha256Digest, StorageError } from "../../../protocol/mod.ts";
import { joinBytes } from "../../../protocol/bytes.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { at, fileOf, FROM_START, readAll, UNIX, VaultFolder } from "./vault_folder.ts";

/** Returns a file of a view as what it is behind the interface. */
function diskFileOf(view: VaultView, source: string): DiskFile {
  const file = fileOf(view, source);
  assert("path" in file && "stamp" in file && "sha256" in file);
  return file as DiskFile;
}

async function lookAt(folder: VaultFolder, source: string) {
  const view = await new DiskVault(folder.path).inspect([at(source)]);
  return { view, file: fileOf(view, source) };
}

Deno.test("openFile streams a file of several buffers", async () => {
  const bytes = joinBytes(Array.from({ length: 6 }, () => randomBytes(65_000)));
  await using folder = await VaultFolder.make({ "big": bytes });
  const { view, file } = await lookAt(folder, "big");
  const content = await view.open(file, FROM_START);
  assertEquals(content?.offset, 0);
  assertEquals(await sha256Digest(await readAll(content)), await sha256Digest(bytes));
});

Deno.test("openFile goes on where the agent's prefix agrees", async () => {
  await using folder = await VaultFolder.make({ "f": "0123456789" });
  const { view, file } = await lookAt(folder, "f");
  const prefix = await sha256Digest(new TextEncoder().encode("0123"));
  const content = await view.open(file, { offset: 4, prefix });
  assertEquals(content?.offset, 4);
  assertEquals(new TextDecoder().decode(await readAll(content)), "456789");
});

Deno.test("openFile starts anew where the agent's prefix differs", async () => {
  await using folder = await VaultFolder.make({ "f": "0123456789" });
  const { view, file } = await lookAt(folder, "f");
  const prefix = await sha256Digest(new TextEncoder().encode("xxxx"));
  const content = await view.open(file, { offset: 4, prefix });
  assertEquals([content?.offset, (await readAll(content)).length], [0, 10]);
});

Deno.test("openFile says null for a file that was removed, or replaced", async () => {
  await using folder = await VaultFolder.make({ "a": "1" });
  const { view, file } = await lookAt(folder, "a");
  await Deno.remove(folder.at("a"));
  assertEquals(await view.open(file, FROM_START), null);
  await folder.write("a", "two");
  assertEquals(await view.open(file, FROM_START), null);
});

for (const pace of ["quick", "slow"]) {
  Deno.test(`openFile reads a small file as a whole where the system is ${pace}`, async () => {
    await using folder = await VaultFolder.make({ "f": "0123456789", "empty": "" });
    const view = await new DiskVault(folder.path).inspect([at("f"), at("empty")]);
    const looks = new FileLooks();
    for (let i = 0; pace === "slow" && i < SLOW_LOOKS; i++) {
      looks.workNow(() => {
        const endMs = performance.now() + SLOW_LOOK_MS;
        while (performance.now() < endMs);
      });
    }
    assertEquals(looks.isQuick, pace === "quick");
    const open = async (source: string) => {
      const content = await openFile(diskFileOf(view, source), { from: FROM_START, looks });
      return content === null ? null : new TextDecoder().decode(await readAll(content));
    };
    assertEquals([await open("f"), await open("empty")], ["0123456789", ""]);
    await folder.write("f", "9876543210");
    // A change within a millisecond of the last one does not show; the agent's digest tells it.
    await Deno.utime(folder.at("f"), 1, 1);
    assertEquals(await open("f"), null);
  });
}

Deno.test({
  name: "openFile says null for a pipe that took the place of a file, and does not wait for it",
  ignore: !UNIX,
  fn: async () => {
    await using folder = await VaultFolder.make({ "a": "1" });
    const { view, file } = await lookAt(folder, "a");
    await Deno.remove(folder.at("a"));
    await new Deno.Command("mkfifo", { args: [folder.at("a")] }).output();
    assertEquals(await view.open(file, FROM_START), null);
  },
});

Deno.test("openFile fails in the middle of a file that changes meanwhile", async () => {
  await using folder = await VaultFolder.make({ "big": new Uint8Array(400_000) });
  const { view, file } = await lookAt(folder, "big");
  const content = await view.open(file, FROM_START);
  assert(content !== null);
  let received = 0;
  await assertRejects(
    async () => {
      for await (const piece of content.chunks) {
        if (received === 0) {
          await folder.write("big", new Uint8Array(400_000).fill(1));
          // A change within a millisecond of the last one does not show; the agent's digest tells it.
          await Deno.utime(folder.at("big"), 1, 1);
        }
        received += piece.length;
      }
    },
    StorageError,
    "file-changed",
  );
  assert(received < 400_000);
});

Deno.test("openFile fails in the middle of a file that is cut", async () => {
  await using folder = await VaultFolder.make({ "big": new Uint8Array(400_000) });
  const { view, file } = await lookAt(folder, "big");
  const content = await view.open(file, FROM_START);
  assert(content !== null);
  await assertRejects(
    async () => {
      for await (const _ of content.chunks) await Deno.truncate(folder.at("big"), 10);
    },
    StorageError,
    "file-changed",
  );
});

Deno.test({
  name: "openFile refuses a link that took the place of a file",
  ignore: !UNIX,
  fn: async () => {
    await using folder = await VaultFolder.make({ "a": "1" });
    await Deno.writeTextFile(`${folder.root}/outside`, "2");
    const { view, file } = await lookAt(folder, "a");
    await Deno.remove(folder.at("a"));
    await folder.link("a", `${folder.root}/outside`);
    assertEquals(await view.open(file, FROM_START), null);
  },
});
