import { MAX_SMALL_FILE_BYTES, smallFiles } from "../../../keeper/vault/small_files.ts";
import { randomBytes, sha256Digest, StorageError } from "../../../protocol/mod.ts";
import { joinBytes } from "../../../protocol/bytes.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { UNIX, VaultFolder } from "./vault_folder.ts";

const SMALL = await smallFiles();
const WORK = { read: SMALL.read, hash: SMALL.hash };

for (const length of [0, 1, 1_024, MAX_SMALL_FILE_BYTES]) {
  Deno.test(`SmallFiles reads and hashes a file of ${length} bytes`, async () => {
    const half = Math.min(Math.ceil(length / 2), 65_536);
    const bytes = joinBytes([randomBytes(half), randomBytes(length - half)]);
    await using folder = await VaultFolder.make({ "f": bytes });
    const stamp = await Deno.lstat(folder.at("f"));
    assertEquals(SMALL.read(folder.at("f"), stamp), bytes);
    assertEquals(SMALL.hash(folder.at("f"), stamp), await sha256Digest(bytes));
  });
}

Deno.test("SmallFiles gives each its own memory", async () => {
  await using folder = await VaultFolder.make({ "a": "one", "b": "two" });
  const [a, b] = [folder.at("a"), folder.at("b")];
  const read = SMALL.read(a, await Deno.lstat(a));
  const digest = SMALL.hash(a, await Deno.lstat(a));
  SMALL.read(b, await Deno.lstat(b));
  SMALL.hash(b, await Deno.lstat(b));
  assertEquals(new TextDecoder().decode(read), "one");
  assertEquals(digest, await sha256Digest(read));
});

/** What is open in a test. */
type Held = Set<{ close(): void }>;

const CHANGES: Readonly<Record<string, (folder: VaultFolder, held: Held) => Promise<unknown>>> = {
  "is shorter": (folder) => folder.write("f", "12"),
  "is longer": (folder) => folder.write("f", "1234"),
  "was written at another time": (folder) => Deno.utime(folder.at("f"), 1, 1),
  "is another one of the same length and time": async (folder) => {
    const { mtime } = await Deno.lstat(folder.at("f"));
    await folder.write("g", "321");
    await Deno.utime(folder.at("g"), mtime ?? 0, mtime ?? 0);
    await Deno.rename(folder.at("g"), folder.at("f"));
  },
  "is a pipe": async (folder) => {
    await Deno.remove(folder.at("f"));
    await new Deno.Command("mkfifo", { args: [folder.at("f")] }).output();
  },
  "is a pipe that somebody writes to": async (folder, held) => {
    await Deno.remove(folder.at("f"));
    await new Deno.Command("mkfifo", { args: [folder.at("f")] }).output();
    held.add(await Deno.open(folder.at("f"), { read: true, write: true }));
  },
  "is a socket": async (folder, held) => {
    await Deno.remove(folder.at("f"));
    held.add(Deno.listen({ transport: "unix", path: folder.at("f") }));
  },
  "is a folder": async (folder) => {
    await Deno.remove(folder.at("f"));
    await Deno.mkdir(folder.at("f"));
  },
  "is a link to another": async (folder) => {
    await folder.write("g", "123");
    await Deno.remove(folder.at("f"));
    await folder.link("f", "g");
  },
};

for (const [change, make] of Object.entries(CHANGES)) {
  for (const [name, work] of Object.entries(WORK)) {
    Deno.test({
      name: `SmallFiles says with ${name} that a file changed that ${change}`,
      ignore: !UNIX,
      fn: async () => {
        await using folder = await VaultFolder.make({ "f": "123" });
        const stamp = await Deno.lstat(folder.at("f"));
        const held: Held = new Set();
        try {
          await make(folder, held);
          assertThrows(() => work(folder.at("f"), stamp), StorageError, "file-changed");
        } finally {
          for (const each of held) each.close();
        }
      },
    });
  }
}

Deno.test("SmallFiles throws what the system says of a file that is gone, and holds none open", async () => {
  await using folder = await VaultFolder.make({ "f": "123" });
  const path = folder.at("f");
  const stamp = await Deno.lstat(path);
  const countOpen = () =>
    Deno.build.os === "linux" ? [...Deno.readDirSync("/proc/self/fd")].length : 0;
  const before = countOpen();
  for (let i = 0; i < 20; i++) {
    SMALL.hash(path, stamp);
    assertThrows(() => SMALL.hash(path, { ...stamp, size: 4 }), StorageError, "file-changed");
  }
  assertEquals(countOpen(), before);
  await Deno.remove(path);
  let code: unknown;
  try {
    SMALL.read(path, stamp);
  } catch (error) {
    code = error instanceof Error && "code" in error ? error.code : undefined;
  }
  assert(code === "ENOENT");
});
