import { STAGE_PREFIX } from "../../../protocol/secret_path.ts";
import { encodeUtf8, equalBytes } from "../../../protocol/bytes.ts";
import { sha256Digest } from "../../../protocol/digest.ts";
import { StorageError } from "../../../protocol/errors.ts";
import { encodeManifest } from "../../../protocol/manifest.ts";
import type { FileStrategy } from "../../../protocol/manifest_entry.ts";
import type { HeldManifest } from "../../../protocol/secret_store.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { DiskYard, put } from "../../support/disk_yard.ts";
import { listTree } from "../../support/temporary_folder.ts";

const UNIX = Deno.build.os !== "windows";
const IS_ROOT = UNIX && Deno.uid() === 0;

interface Declared {
  readonly path: string;
  readonly text: string;
  readonly mode?: number;
  readonly strategy?: FileStrategy;
}

async function manifestOf(...declared: Declared[]): Promise<HeldManifest> {
  const entries = await Promise.all(declared.map(async (file) => {
    const { path, text, mode = 0o600, strategy = "STRICT" } = file;
    const digest = (await sha256Digest(encodeUtf8(text))).toHex();
    return { kind: "file" as const, path, digest, size: text.length, mode, strategy };
  }));
  const { bytes, digest } = await encodeManifest(entries);
  const message = {
    ...{ state: "MANIFEST", id: 0, revision: 1, issued: 1, expires: 2 } as const,
    digest,
    size: bytes.length,
    signature: null,
  } as const;
  return { message, bytes, manifest: { entries, hooks: [], isWipe: false }, declaredBy: null };
}

Deno.test("DiskSecretStore makes folders, files and their permissions as declared", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  assertEquals(await put(store, "db.password"), "created");
  assertEquals(await put(store, "tls/deep/key.pem", { mode: 0o440 }), "created");
  assertEquals(await put(store, "script", { mode: 0o777 }), "created");
  await store.settle();
  assertEquals(await yard.tree("files"), [
    "db.password 600 content",
    "script 777 content",
    "tls/ 700",
    "tls/deep/ 700",
    "tls/deep/key.pem 440 content",
  ]);
});

Deno.test("DiskSecretStore replaces a file as a whole, and not before it is committed", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  await put(store, "a", { text: "the old contents" });
  const staged = await store.stage("a", { size: 3, mode: 0o600 });
  await staged.write(encodeUtf8("new"));
  assertEquals(await Deno.readTextFile(yard.path("files/a")), "the old contents");
  assertEquals(await staged.commit(), "updated");
  assertEquals(await yard.tree("files"), ["a 600 new"]);
});

Deno.test("DiskSecretStore stages under a name that no secret file may have", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  const staged = await store.stage("a", { size: 1, mode: 0o640 });
  const [line = ""] = await yard.tree("files");
  assert(line.startsWith(STAGE_PREFIX), line);
  assertEquals(line.split(" ")[1], "640", "it has the declared permissions from the start");
  await staged.discard();
  assertEquals(await yard.tree("files"), []);
});

Deno.test("DiskSecretStore inspects what is there", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  assertEquals(await store.inspect("a"), null);
  assertEquals(await store.inspect("no/such/folder/a"), null);
  await Deno.writeTextFile(yard.path("files/a"), "abc");
  const digest = await store.inspect("a");
  assert(digest !== null && equalBytes(digest, await sha256Digest(encodeUtf8("abc"))));
});

Deno.test("DiskSecretStore notices every change of a file since it was hashed", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  const file = yard.path("files/a");
  const past = new Date(Date.now() - 60_000);
  for (const text of ["one", "two", "six"]) {
    await Deno.writeTextFile(file, text);
    // The times are set back, as whoever hides a change would do.
    await Deno.utime(file, past, past);
    const digest = await store.inspect("a");
    assert(digest !== null && equalBytes(digest, await sha256Digest(encodeUtf8(text))), text);
  }
});

Deno.test("DiskSecretStore puts files below folders for absolute paths, and only there", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  assertEquals(await put(store, yard.path("allowed/deep/a")), "created");
  await assertRejects(() => put(store, yard.path("outside/a")), StorageError, "path-refused");
  assertEquals(await yard.tree("allowed"), ["deep/ 700", "deep/a 600 content"]);
  assertEquals(await yard.tree("outside"), ["sentinel 600 untouched"]);
});

Deno.test("DiskSecretStore refuses every absolute path where none is allowed", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open({ allowed: [] });
  const error = await assertRejects(() => put(store, "/a"), StorageError, "path-refused");
  assertMatch(error.message, /--allow-absolute/);
});

Deno.test("DiskSecretStore follows a link that the operator named as a folder", async () => {
  await using yard = await DiskYard.make();
  await Deno.symlink(yard.path("allowed"), yard.path("named"));
  const store = await yard.open({ allowed: [yard.path("named")] });
  assertEquals(await put(store, yard.path("named/a")), "created");
  assertEquals(await yard.tree("allowed"), ["a 600 content"]);
});

Deno.test("DiskSecretStore never reaches its state, whatever folder is allowed", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open({ allowed: ["/", yard.path("")] });
  for (const name of ["identity.json", "new", "new/deeper"]) {
    const path = yard.path(`state/${name}`);
    await assertRejects(() => store.inspect(path), StorageError, "path-refused");
    await assertRejects(() => put(store, path), StorageError, "path-refused");
  }
  assertEquals(await yard.tree("state"), ["identity.json 600 untouched"]);
});

Deno.test("DiskSecretStore refuses the second of two paths to one file", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open({ allowed: [yard.path("files")] });
  await put(store, "a");
  await assertRejects(() => put(store, yard.path("files/a")), StorageError, "path-refused");
  await store.keepManifest(await manifestOf({ path: "b", text: "b" }));
  assertEquals(await put(store, yard.path("files/a")), "updated", "the next delivery is another");
});

Deno.test("DiskSecretStore replaces no device", {
  // mknod is for root, and some containers forbid it to root too.
  ignore: !IS_ROOT,
}, async (t) => {
  await using yard = await DiskYard.make();
  const device = yard.path("files/device");
  const mknod = await new Deno.Command("mknod", { args: [device, "c", "1", "3"], stderr: "null" })
    .output();
  await t.step({
    name: "a character device",
    ignore: !mknod.success,
    fn: async () => {
      const store = await yard.open();
      await assertRejects(() => store.inspect("device"), StorageError, "not-a-file");
      await assertRejects(() => put(store, "device"), StorageError, "not-a-file");
      assertEquals((await Deno.lstat(device)).isCharDevice, true);
    },
  });
});

Deno.test("DiskSecretStore notices a link that was swapped in while a file was on its way", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  await put(store, "folder/a", { text: "old" });
  const staged = await store.stage("folder/a", { size: 3, mode: 0o600 });
  await staged.write(encodeUtf8("new"));
  await Deno.rename(yard.path("files/folder"), yard.path("files/moved"));
  await Deno.symlink(yard.path("outside"), yard.path("files/folder"));
  await assertRejects(() => staged.commit(), StorageError, "symlink-refused");
  await staged.discard();
  assertEquals(await yard.tree("outside"), ["sentinel 600 untouched"]);
  assertEquals(await Deno.readTextFile(yard.path("files/moved/a")), "old");
});

Deno.test("DiskSecretStore notices a link in place of the file that was on its way", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  const staged = await store.stage("a", { size: 3, mode: 0o600 });
  await Deno.symlink(yard.path("outside/sentinel"), yard.path("files/a"));
  await assertRejects(() => staged.commit(), StorageError, "symlink-refused");
  await staged.discard();
  assertEquals(await yard.tree("outside"), ["sentinel 600 untouched"]);
});

Deno.test("DiskSecretStore holds its manifest, after a restart too", async () => {
  await using yard = await DiskYard.make();
  const manifest = await manifestOf({ path: "a", text: "a" });
  const store = await yard.open();
  assertEquals(await store.heldManifest(), null);
  await store.keepManifest(manifest);
  assertEquals((await (await yard.open()).heldManifest())?.bytes, manifest.bytes);
});

Deno.test("DiskSecretStore starts without a manifest that was tampered with, and says so", async () => {
  await using yard = await DiskYard.make();
  const manifest = await manifestOf({ path: "a", text: "a" });
  await (await yard.open()).keepManifest(manifest);
  const file = yard.path("state/manifest");
  await Deno.writeTextFile(
    file,
    (await Deno.readTextFile(file)).replace('"Mode":384', '"Mode":511'),
  );
  const store = await yard.open();
  assertEquals(await store.heldManifest(), null);
  assertMatch(yard.logger.messages("warn").join(), /manifest that was kept cannot be used/);
});

Deno.test("DiskSecretStore keeps the manifest in memory where its state cannot be written", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  const manifest = await manifestOf({ path: "a", text: "a" });
  await Deno.remove(yard.path("state"), { recursive: true });
  await store.keepManifest(manifest);
  assertEquals((await store.heldManifest())?.bytes, manifest.bytes);
  assertMatch(yard.logger.messages("warn").join(), /in memory only/);
});

Deno.test("DiskSecretStore sweeps what an earlier process staged, and nothing else", async () => {
  await using yard = await DiskYard.make();
  const first = await yard.open();
  await first.keepManifest(await manifestOf({ path: yard.path("allowed/deep/a"), text: "a" }));
  await put(first, yard.path("allowed/deep/a"));
  const stale = ["files", "files/sub", "allowed/deep", "outside"].map((folder) => `${folder}/.`);
  await Deno.mkdir(yard.path("files/sub"));
  for (const name of stale) {
    await Deno.writeTextFile(yard.path(name.slice(0, -1) + STAGE_PREFIX + "1"), "half");
  }
  await Deno.symlink(yard.path("outside"), yard.path("files/link"));
  const store = await yard.open();
  assertEquals(await store.sweep(Date.now() + 60_000), { removed: 3, isWhole: true });
  assertEquals((await yard.tree("outside")).length, 2, "a link is not followed");
});

Deno.test({
  name: "DiskSecretStore reports a folder that cannot be written and leaves the file" +
    (IS_ROOT ? " (skipped: root may write everywhere)" : ""),
  ignore: !UNIX || IS_ROOT,
}, async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  await put(store, "folder/a", { text: "old" });
  await Deno.chmod(yard.path("files/folder"), 0o500);
  await assertRejects(() => put(store, "folder/a"), StorageError, "permission-denied");
  await Deno.chmod(yard.path("files/folder"), 0o700);
  assertEquals(await yard.tree("files"), ["folder/ 700", "folder/a 600 old"]);
});

/** Mounts a small file system in memory for as long as the test runs; `null` where that is denied. */
async function mountSmallDisk(folder: string): Promise<AsyncDisposable | null> {
  const run = async (command: string, ...args: string[]) => {
    try {
      return (await new Deno.Command(command, { args, stderr: "null" }).output()).success;
    } catch {
      return false;
    }
  };
  if (!await run("mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", folder)) return null;
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      assert(await run("umount", folder), "the small disk could not be unmounted");
    },
  };
}

Deno.test("DiskSecretStore survives a full disk and a read-only one", {
  // Only root may mount, and in some containers not even root.
  ignore: !IS_ROOT || Deno.build.os !== "linux",
}, async (t) => {
  await using yard = await DiskYard.make();
  const root = yard.path("files/disk");
  await Deno.mkdir(root);
  await using disk = await mountSmallDisk(root);
  await t.step({
    name: "a full disk leaves the old file and no stage",
    ignore: disk === null,
    fn: async () => {
      const store = await yard.open({ root });
      await put(store, "a", { text: "old" });
      const text = "x".repeat(100_000);
      await assertRejects(() => put(store, "a", { text }), StorageError, "disk-full");
      assertEquals(await listTree(root), ["a 600 old"]);
      assertEquals(await put(store, "b"), "created", "a smaller file finds its place");
    },
  });
  await t.step({
    name: "a read-only disk leaves the old file",
    ignore: disk === null,
    fn: async () => {
      const store = await yard.open({ root });
      await put(store, "a", { text: "old" });
      const remount = new Deno.Command("mount", { args: ["-o", "remount,ro", root] });
      assert((await remount.output()).success);
      await assertRejects(() => put(store, "a"), StorageError, "read-only");
      await assertRejects(() => put(store, "new/a"), StorageError, "read-only");
      assertEquals(await Deno.readTextFile(`${root}/a`), "old");
    },
  });
});

Deno.test("DiskSecretStore says why a file that is a mount of its own cannot be replaced", {
  ignore: !IS_ROOT || Deno.build.os !== "linux",
}, async (t) => {
  await using yard = await DiskYard.make();
  const file = yard.path("files/a");
  await Deno.writeTextFile(file, "old");
  const mount = new Deno.Command("mount", {
    args: ["--bind", yard.path("outside/sentinel"), file],
    stderr: "null",
  });
  const { success } = await mount.output();
  await t.step({
    name: "a file that is bind-mounted",
    ignore: !success,
    fn: async () => {
      try {
        const store = await yard.open();
        const error = await assertRejects(() => put(store, "a"), StorageError, "file-mounted");
        assertMatch(error.hint ?? "", /Mount its folder instead.*in_place/);
        assertEquals(await yard.tree("files"), ["a 600 untouched"]);
      } finally {
        await new Deno.Command("umount", { args: [file] }).output();
      }
    },
  });
});

Deno.test("DiskSecretStore hashes a file of many pieces", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  const bytes = crypto.getRandomValues(new Uint8Array(65_536));
  const large = new Uint8Array(65_536 * 9 + 1);
  for (let offset = 0; offset + bytes.length <= large.length; offset += bytes.length) {
    large.set(bytes, offset);
  }
  await Deno.writeFile(yard.path("files/a"), large);
  const digest = await store.inspect("a");
  assert(digest !== null && equalBytes(digest, await sha256Digest(large)));
});

Deno.test("DiskSecretStore opens what is there for reading, and nothing before its first piece", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  await put(store, "a", { text: "one" });
  await store.open("a");
  const pieces = await store.open("a");
  await Deno.writeTextFile(yard.path("files/a"), "changed");
  let text = "";
  for await (const piece of pieces ?? []) text += new TextDecoder().decode(piece);
  assertEquals([text, await store.open("gone")], ["changed", null]);
});

Deno.test("DiskSecretStore opens no link, nor what took the place of a file", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  await Deno.symlink(yard.path("outside/sentinel"), yard.path("files/link"));
  await assertRejects(() => store.open("link"), StorageError, "symlink-refused");
  await put(store, "a");
  const pieces = await store.open("a");
  await Deno.rename(yard.path("files/a"), yard.path("files/b"));
  await Deno.writeTextFile(yard.path("files/a"), "another");
  await assertRejects(() => Array.fromAsync(pieces ?? []), StorageError, "file-changed");
});

Deno.test("DiskSecretStore.open refuses a folder that is not there, and a relative one", async () => {
  await using yard = await DiskYard.make();
  await assertRejects(
    () => yard.open({ root: yard.path("files/none") }),
    StorageError,
    "file-missing",
  );
  await assertRejects(() => yard.open({ allowed: ["relative"] }), RangeError);
});
