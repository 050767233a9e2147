import { join } from "node:path";
import { DiskVault } from "../../../keeper/vault/disk_vault.ts";
import { type ManagedFile, parseManagedFiles } from "../../../keeper/vault/managed_files.ts";
import {
  type Bytes,
  encodeHex,
  type FileEntry,
  type Logger,
  type ManifestEntry,
  randomBytes,
  type SecretContent,
  sha256Digest,
  SILENT_LOGGER,
  StorageError,
} from "../../../protocol/mod.ts";
import { joinBytes } from "../../../protocol/bytes.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";

const HAS_MODES = Deno.build.os !== "windows";
const FROM_START = { offset: 0, prefix: null };

/** A vault folder with a folder beside it. */
class VaultFolder implements AsyncDisposable {
  readonly root: string;
  readonly path: string;

  private constructor(root: string) {
    this.root = root;
    this.path = join(root, "vault");
  }

  static async make(files: Readonly<Record<string, string | Bytes>> = {}): Promise<VaultFolder> {
    const folder = new VaultFolder(await Deno.makeTempDir({ prefix: "fluxvault-vault-" }));
    await Deno.mkdir(folder.path, { mode: 0o700 });
    for (const [name, contents] of Object.entries(files)) await folder.write(name, contents);
    return folder;
  }

  async write(name: string, contents: string | Bytes): Promise<void> {
    const path = join(this.path, name);
    await Deno.mkdir(join(path, ".."), { recursive: true });
    const bytes = typeof contents === "string" ? new TextEncoder().encode(contents) : contents;
    await Deno.writeFile(path, bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.root, { recursive: true });
  }
}

function filesOf(...items: readonly string[]): ManagedFile[] {
  return parseManagedFiles(items);
}

function firstOf(entries: readonly ManifestEntry[]): FileEntry {
  const [entry] = entries;
  assert(entry?.kind === "file");
  return entry;
}

async function readAll(content: SecretContent | null): Promise<Bytes> {
  assert(content !== null);
  const pieces: Bytes[] = [];
  for await (const piece of content.chunks) pieces.push(new Uint8Array(piece));
  return joinBytes(pieces);
}

Deno.test("DiskVault says what each file holds", async () => {
  await using folder = await VaultFolder.make({ "a": "abc", "dir/b": "" });
  const view = await new DiskVault(folder.path).inspect(filesOf("a:x", "dir/b:/etc/"));
  const digest = async (text: string) =>
    encodeHex(await sha256Digest(new TextEncoder().encode(text)));
  assertEquals([...view.entries].sort((a, b) => a.path < b.path ? -1 : 1), [
    {
      kind: "file",
      path: "/etc/b",
      digest: await digest(""),
      size: 0,
      mode: 0o600,
      strategy: "STRICT",
    },
    {
      kind: "file",
      path: "x",
      digest: await digest("abc"),
      size: 3,
      mode: 0o600,
      strategy: "STRICT",
    },
  ]);
  assertEquals([view.faults, [...view.missing]], [[], []]);
});

Deno.test({
  name: "DiskVault gives 0700 to what its owner may run",
  ignore: !HAS_MODES,
  fn: async () => {
    await using folder = await VaultFolder.make({ "run": "x" });
    await Deno.chmod(join(folder.path, "run"), 0o755);
    const view = await new DiskVault(folder.path).inspect(filesOf("run"));
    assertEquals(firstOf(view.entries).mode, 0o700);
  },
});

Deno.test("DiskVault.open streams a file of several buffers", async () => {
  const bytes = joinBytes(Array.from({ length: 6 }, () => randomBytes(65_000)));
  await using folder = await VaultFolder.make({ "big": bytes });
  const view = await new DiskVault(folder.path).inspect(filesOf("big"));
  const content = await view.open(firstOf(view.entries), FROM_START);
  assertEquals(content?.offset, 0);
  assertEquals(await sha256Digest(await readAll(content)), await sha256Digest(bytes));
});

Deno.test("DiskVault.open goes on where the agent's prefix agrees", async () => {
  await using folder = await VaultFolder.make({ "f": "0123456789" });
  const view = await new DiskVault(folder.path).inspect(filesOf("f"));
  const prefix = await sha256Digest(new TextEncoder().encode("0123"));
  const content = await view.open(firstOf(view.entries), { offset: 4, prefix });
  assertEquals(content?.offset, 4);
  assertEquals(new TextDecoder().decode(await readAll(content)), "456789");
});

Deno.test("DiskVault.open starts anew where the agent's prefix differs", async () => {
  await using folder = await VaultFolder.make({ "f": "0123456789" });
  const view = await new DiskVault(folder.path).inspect(filesOf("f"));
  const prefix = await sha256Digest(new TextEncoder().encode("xxxx"));
  const content = await view.open(firstOf(view.entries), { offset: 4, prefix });
  assertEquals([content?.offset, (await readAll(content)).length], [0, 10]);
});

Deno.test("DiskVault.open knows nothing of a path that was not managed", async () => {
  await using folder = await VaultFolder.make({ "a": "1", "b": "2" });
  const view = await new DiskVault(folder.path).inspect(filesOf("a"));
  assertEquals(await view.open({ ...firstOf(view.entries), path: "b" }, FROM_START), null);
});

Deno.test("DiskVault.open says null for a file that was replaced", async () => {
  await using folder = await VaultFolder.make({ "a": "1" });
  const view = await new DiskVault(folder.path).inspect(filesOf("a"));
  await Deno.remove(join(folder.path, "a"));
  assertEquals(await view.open(firstOf(view.entries), FROM_START), null);
  await folder.write("a", "two");
  assertEquals(await view.open(firstOf(view.entries), FROM_START), null);
});

Deno.test("DiskVault.open fails in the middle of a file that changes meanwhile", async () => {
  await using folder = await VaultFolder.make({ "big": new Uint8Array(400_000) });
  const view = await new DiskVault(folder.path).inspect(filesOf("big"));
  const content = await view.open(firstOf(view.entries), FROM_START);
  assert(content !== null);
  let received = 0;
  await assertRejects(
    async () => {
      for await (const piece of content.chunks) {
        if (received === 0) {
          await folder.write("big", new Uint8Array(400_000).fill(1));
          // A change within a millisecond of the last one does not show; the agent's digest tells it.
          await Deno.utime(join(folder.path, "big"), 1, 1);
        }
        received += piece.length;
      }
    },
    StorageError,
    "file-changed",
  );
  assert(received < 400_000);
});

Deno.test("DiskVault.open fails in the middle of a file that is cut", async () => {
  await using folder = await VaultFolder.make({ "big": new Uint8Array(400_000) });
  const view = await new DiskVault(folder.path).inspect(filesOf("big"));
  const content = await view.open(firstOf(view.entries), FROM_START);
  assert(content !== null);
  await assertRejects(
    async () => {
      for await (const _ of content.chunks) await Deno.truncate(join(folder.path, "big"), 10);
    },
    StorageError,
    "file-changed",
  );
});

Deno.test("DiskVault notices a change of a file within its clock's grain", async () => {
  await using folder = await VaultFolder.make({ "a": "one" });
  const vault = new DiskVault(folder.path);
  const before = firstOf((await vault.inspect(filesOf("a"))).entries).digest;
  const { mtime } = await Deno.stat(join(folder.path, "a"));
  await folder.write("a", "two");
  if (mtime !== null) await Deno.utime(join(folder.path, "a"), mtime, mtime);
  assert(firstOf((await vault.inspect(filesOf("a"))).entries).digest !== before);
});

Deno.test("DiskVault reports a missing file and delivers the others", async () => {
  await using folder = await VaultFolder.make({ "a": "1" });
  const view = await new DiskVault(folder.path).inspect(filesOf("a", "gone:x/"));
  assertEquals(view.entries.length, 1);
  assertEquals(view.faults.map(({ file, code }) => [file.local, code]), [["gone", "file-missing"]]);
  assertEquals([...view.missing], ["x/gone"]);
});

Deno.test({
  name: "DiskVault follows no link below the vault, in the place of a file or of a folder",
  ignore: !HAS_MODES,
  fn: async () => {
    await using folder = await VaultFolder.make({ "in/real": "1" });
    await Deno.writeTextFile(join(folder.root, "outside"), "canary");
    await Deno.symlink(join(folder.root, "outside"), join(folder.path, "link"));
    await Deno.symlink(join(folder.path, "in/real"), join(folder.path, "inner"));
    await Deno.symlink(folder.root, join(folder.path, "up"));
    const view = await new DiskVault(folder.path).inspect(filesOf("link", "inner", "up/outside"));
    assertEquals(view.entries, []);
    assertEquals(view.faults.map(({ code }) => code), Array(3).fill("symlink-refused"));
  },
});

Deno.test({
  name: "DiskVault.open refuses a link that took the place of a file",
  ignore: !HAS_MODES,
  fn: async () => {
    await using folder = await VaultFolder.make({ "a": "1" });
    await Deno.writeTextFile(join(folder.root, "outside"), "2");
    const view = await new DiskVault(folder.path).inspect(filesOf("a"));
    await Deno.remove(join(folder.path, "a"));
    await Deno.symlink(join(folder.root, "outside"), join(folder.path, "a"));
    assertEquals(await view.open(firstOf(view.entries), FROM_START), null);
  },
});

Deno.test("DiskVault reports folders and what lies below files", async () => {
  await using folder = await VaultFolder.make({ "dir/a": "1" });
  const view = await new DiskVault(folder.path).inspect(filesOf("dir", "dir/a/b:c"));
  assertEquals(view.faults.map(({ code }) => code), ["not-a-file", "not-a-file"]);
});

Deno.test("DiskVault fails where there is no vault", async () => {
  await using folder = await VaultFolder.make();
  const vault = new DiskVault(join(folder.root, "none"));
  await assertRejects(() => vault.inspect(filesOf("a")), StorageError, "file-missing");
});

Deno.test("DiskVault fails where the vault is a file", async () => {
  await using folder = await VaultFolder.make({ "a": "1" });
  const vault = new DiskVault(join(folder.path, "a"));
  await assertRejects(() => vault.inspect(filesOf("a")), StorageError, "not-a-file");
});

Deno.test({
  name: "DiskVault warns once of a vault that everyone can look into",
  ignore: !HAS_MODES,
  fn: async () => {
    await using folder = await VaultFolder.make({ "a": "1" });
    await Deno.chmod(folder.path, 0o755);
    const warnings: string[] = [];
    const logger: Logger = { ...SILENT_LOGGER, warn: (message) => warnings.push(message) };
    const vault = new DiskVault(folder.path, { logger });
    await vault.inspect(filesOf("a"));
    await vault.inspect(filesOf("a"));
    assertEquals(warnings.length, 1);
  },
});

Deno.test("DiskVault ends with the reason of an aborted signal", async () => {
  await using folder = await VaultFolder.make({ "a": "1" });
  const signal = AbortSignal.abort(new DOMException("stop", "AbortError"));
  await assertRejects(
    () => new DiskVault(folder.path).inspect(filesOf("a"), { signal }),
    DOMException,
  );
});
