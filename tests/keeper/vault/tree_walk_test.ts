import fc from "fast-check";
import { dirname, join } from "node:path";
import { MAX_TREE_DEPTH } from "../../../keeper/limits.ts";
import { FileLooks } from "../../../keeper/vault/file_looks.ts";
import type { FolderMark } from "../../../keeper/vault/folder_marks.ts";
import { type WalkOptions, walkSource } from "../../../keeper/vault/tree_walk.ts";
import type { Walk } from "../../../keeper/vault/walk.ts";
import { DiskVault } from "../../../keeper/vault/disk_vault.ts";
import type { VaultItem } from "../../../keeper/vault/vault.ts";
import {
  encodeHex,
  encodeUtf8,
  sha256Digest,
  STAGE_PREFIX,
  StorageError,
} from "../../../protocol/mod.ts";
import { missingForSmallDisk, withSmallDisk } from "../../support/small_disk.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { at, describe, itemsAt, UNIX, VaultFolder } from "./vault_folder.ts";

async function walk(
  folder: VaultFolder,
  source: string,
  symlinks: "refuse" | "copy" = "refuse",
): Promise<string[]> {
  return describe(await itemsAt(new DiskVault(folder.path), source, symlinks));
}

function reasonAt(items: readonly VaultItem[], below: string): string | undefined {
  const gap = items.find((item) => item.below === below);
  return gap?.kind === "gap" ? gap.reason : undefined;
}

Deno.test("walkSource finds files and folders, empty ones too", async () => {
  await using folder = await VaultFolder.make({ "t/a": "1", "t/sub/deep/b": "2", "other": "3" });
  await Deno.mkdir(folder.at("t/empty/er"), { recursive: true });
  assertEquals(await walk(folder, "t"), [
    "/",
    "a",
    "empty/",
    "empty/er/",
    "sub/",
    "sub/deep/",
    "sub/deep/b",
  ]);
  assertEquals(await walk(folder, "t/sub"), ["/", "deep/", "deep/b"]);
  assertEquals(await walk(folder, "t/empty/er"), ["/"]);
});

Deno.test("walkSource names folders before what is in them", async () => {
  await using folder = await VaultFolder.make({ "t/a/b/c": "1", "t/b": "", "t/a/x": "" });
  const seen = new Set<string>();
  for (const { below } of await itemsAt(new DiskVault(folder.path), "t")) {
    if (below !== "") assert(seen.has(below.includes("/") ? dirname(below) : ""), below);
    seen.add(below);
  }
});

Deno.test({
  name: "walkSource takes names as they are, in whichever Unicode form",
  ignore: Deno.build.os === "darwin" || !UNIX,
  fn: async () => {
    const names = ["caf\u00e9", "cafe\u0301", "\ud83d\udd11 key", "-rf", "a,b:c", "\u202e", "~"];
    await using folder = await VaultFolder.make(
      Object.fromEntries(names.map((name) => [`t/${name}`, name])),
    );
    assertEquals(await walk(folder, "t"), ["/", ...names].sort());
  },
});

Deno.test({
  name: "walkSource says which names cannot be delivered, and delivers the others",
  ignore: !UNIX,
  fn: async () => {
    const names = ["new\nline", "back\\slash", "bad/tab\t", `${STAGE_PREFIX}1`];
    await using folder = await VaultFolder.make(
      Object.fromEntries(["good", ...names].map((name) => [`t/${name}`, ""])),
    );
    const { success } = await new Deno.Command("sh", {
      args: ["-c", "touch \"$(printf 'bad\\377name')\""],
      cwd: folder.at("t"),
    }).output();
    assert(success);
    const gaps = ["bad\ufffdname", ...names].map((name) => `${name}!path-refused`);
    assertEquals(await walk(folder, "t"), ["/", "bad/", "good", ...gaps].sort());
    const items = await itemsAt(new DiskVault(folder.path), "t");
    assert(/its name holds a control/.test(reasonAt(items, "new\nline") ?? ""));
    assert(/is no valid UTF-8/.test(reasonAt(items, "bad\ufffdname") ?? ""));
  },
});

Deno.test({
  name:
    "walkSource follows no link, in the place of a file, of a folder, of the source or on the way",
  ignore: !UNIX,
  fn: async () => {
    await using folder = await VaultFolder.make({ "t/in/real": "1", "a": "2" });
    await Deno.writeTextFile(join(folder.root, "outside"), "canary");
    await folder.link("t/file", folder.at("a"));
    await folder.link("t/folder", folder.at("t/in"));
    await folder.link("t/out", join(folder.root, "outside"));
    await folder.link("way", folder.at("t"));
    assertEquals(await walk(folder, "t"), [
      "/",
      "file!symlink-refused",
      "folder!symlink-refused",
      "in/",
      "in/real",
      "out!symlink-refused",
    ]);
    assertEquals(await walk(folder, "way"), ["!symlink-refused"]);
    assertEquals(await walk(folder, "way/in/real"), ["!symlink-refused"]);
  },
});

Deno.test({
  name: "walkSource copies what links lead to where it is told, and nothing from outside the vault",
  ignore: !UNIX,
  fn: async () => {
    await using folder = await VaultFolder.make({ "t/a": "1", "common/b": "2", "common/c/d": "3" });
    await Deno.writeTextFile(join(folder.root, "outside"), "canary");
    await folder.link("t/file", "../common/b");
    await folder.link("t/folder", folder.at("common"));
    await folder.link("t/chain", "file");
    await folder.link("t/out", join(folder.root, "outside"));
    await folder.link("t/up", folder.root);
    await folder.link("t/passwd", "/etc/passwd");
    await folder.link("t/dangling", "nowhere");
    await folder.link("whole", "t");
    const expected = [
      "/",
      "a",
      "chain",
      "dangling!file-missing",
      "file",
      "folder/",
      "folder/b",
      "folder/c/",
      "folder/c/d",
      "out!symlink-outside",
      "passwd!symlink-outside",
      "up!symlink-outside",
    ];
    assertEquals(await walk(folder, "t", "copy"), expected);
    assertEquals(await walk(folder, "whole", "copy"), expected);
    const items = await itemsAt(new DiskVault(folder.path), "t", "copy");
    const file = items.find(({ below }) => below === "file");
    assertEquals(
      file?.kind === "file" && file.digest,
      encodeHex(await sha256Digest(encodeUtf8("2"))),
    );
  },
});

Deno.test({
  name: "walkSource ends where links lead in a circle",
  ignore: !UNIX,
  fn: async () => {
    await using folder = await VaultFolder.make({ "t/sub/a": "1" });
    await folder.link("t/self", "self");
    await folder.link("t/sub/up", "..");
    await folder.link("t/sub/here", ".");
    await folder.link("t/vault", folder.path);
    await folder.link("side", "t");
    await folder.link("t/side", "../side");
    assertEquals(await walk(folder, "t", "copy"), [
      "/",
      "self!symlink-loop",
      "side!symlink-loop",
      "sub/",
      "sub/a",
      "sub/here!symlink-loop",
      "sub/up!symlink-loop",
      "vault!symlink-loop",
    ]);
    assertEquals(await walk(folder, "t/self", "copy"), ["!symlink-loop"]);
    // A link to the folder around the source is no circle until it comes back to the source.
    assertEquals(await walk(folder, "t/sub", "copy"), [
      "/",
      "a",
      "here!symlink-loop",
      "up!symlink-loop",
    ]);
  },
});

Deno.test({
  name: "walkSource takes nothing that is no regular file",
  ignore: !UNIX,
  fn: async () => {
    await using folder = await VaultFolder.make({ "t/a": "1" });
    using _socket = Deno.listen({ transport: "unix", path: folder.at("t/socket") });
    assertEquals(await walk(folder, "t"), ["/", "a", "socket!not-a-file"]);
    assertEquals(await walk(folder, "t/socket"), ["!not-a-file"]);
  },
});

Deno.test("walkSource looks into so many folders in one another, and keeps what is deeper", async () => {
  await using folder = await VaultFolder.make();
  const deepest = Array(MAX_TREE_DEPTH).fill("d").join("/");
  await folder.write(`t/${deepest}/a`, "1");
  assert((await walk(folder, "t")).includes(`${deepest}/a`));
  await folder.write(`t/${deepest}/e/b`, "1");
  const found = await walk(folder, "t");
  assert(found.includes(`${deepest}/a`) && found.includes(`${deepest}/e!too-deep`));
  assert(!found.some((line) => line.includes("/e/")));
});

/** Walks without a vault. */
async function walkAlone(folder: VaultFolder, options: Partial<WalkOptions>): Promise<Walk> {
  return await walkSource(at("t"), {
    root: folder.path,
    looks: new FileLooks(),
    digestOf: () => null,
    hash: (path) => sha256Digest(encodeUtf8(path)),
    last: null,
    markOf: () => null,
    ...options,
  });
}

Deno.test("walkSource goes on with what it can read, and remembers what it could", async () => {
  await using folder = await VaultFolder.make({ "t/a": "1", "t/b": "2", "t/c/d": "3" });
  const first = await walkAlone(folder, {});
  const failing = (...names: readonly string[]): Partial<WalkOptions> => ({
    last: first,
    hash: (path) => {
      return names.some((name) => path.endsWith(name))
        ? Promise.reject(new StorageError("permission-denied", "no"))
        : sha256Digest(encodeUtf8(path));
    },
  });
  const second = await walkAlone(folder, failing("/b", "/d"));
  const gaps = ["/", "a", "b!permission-denied", "c/", "c/d!permission-denied"];
  assertEquals([describe(second.items), [...second.known.keys()].sort()], [
    gaps,
    ["", "a", "b", "c", "c/d"],
  ]);
  assert(await walkAlone(folder, { ...failing("/b", "/d"), last: second }) === second);
  const third = await walkAlone(folder, { ...failing("/b"), last: second });
  assertEquals(describe(third.items), ["/", "a", "b!permission-denied", "c/", "c/d"]);
  assert(third.items.find(({ below }) => below === "c/d") === first.known.get("c/d"));
  const whole = await walkAlone(folder, { last: third });
  assertEquals(describe(whole.items), describe(first.items));
});

Deno.test("walkSource calls a file that is gone meanwhile no gap, unless it is the source", async () => {
  await using folder = await VaultFolder.make({ "t/a": "1", "t/b": "2" });
  const hash = async (path: string) => {
    if (path.endsWith("/b")) throw new StorageError("file-missing", "gone");
    return await sha256Digest(encodeUtf8(path));
  };
  assertEquals(describe((await walkAlone(folder, { hash })).items), ["/", "a"]);
});

Deno.test("walkSource gives up a source that holds more than it may", async () => {
  await using folder = await VaultFolder.make({ "t/a": "1", "t/b/c": "2" });
  assertEquals((await walkAlone(folder, { maxItems: 4 })).items.length, 4);
  const { items } = await walkAlone(folder, { maxItems: 3 });
  assertEquals(describe(items), ["!too-many-files"]);
  assertEquals(reasonAt(items, ""), '"t" holds more than 3 files and folders');
});

Deno.test("walkSource does not take for empty what held files when a keeper looked before", async () => {
  await using folder = await VaultFolder.make();
  await Deno.mkdir(folder.at("t"));
  const { dev } = await Deno.stat(folder.at("t"));
  const marked = async (mark: FolderMark | null) =>
    describe((await walkAlone(folder, { markOf: () => mark })).items);
  assertEquals(await marked({ dev: dev + 1, isMount: false }), ["!mount-missing"]);
  assertEquals(await marked({ dev, isMount: true }), ["!mount-missing"]);
  assertEquals(await marked({ dev, isMount: false }), ["/"]);
  assertEquals(await marked(null), ["/"]);
  await folder.write("t/a", "1");
  assertEquals(await marked({ dev: dev + 1, isMount: true }), ["/", "a"]);
});

const missing = await missingForSmallDisk();

Deno.test({
  name: "walkSource does not take a folder for emptied whose disk is gone",
  ignore: missing !== null,
  fn: async () => {
    await using folder = await VaultFolder.make({ "t/a": "1", "t/disk/marker": "2" });
    const vault = new DiskVault(folder.path, { delay: () => Promise.resolve() });
    await withSmallDisk(folder.at("t/disk"), 64, async () => {
      await folder.write("t/disk/b", "3");
      await folder.write("t/disk/c/d", "4");
      const all = ["/", "a", "disk/", "disk/b", "disk/c/", "disk/c/d"];
      assertEquals(describe(await itemsAt(vault, "t")), all);
      await Deno.remove(folder.at("t/disk/c"), { recursive: true });
      assertEquals(describe(await itemsAt(vault, "t")), ["/", "a", "disk/", "disk/b"]);
    });
    for (let i = 0; i < 2; i++) {
      assertEquals(describe(await itemsAt(vault, "t")), ["/", "a", "disk!mount-missing"]);
    }
    await Deno.remove(folder.at("t/disk/marker"));
    assertEquals(describe(await itemsAt(vault, "t")), ["/", "a", "disk!mount-missing"]);
    await folder.write("t/disk/b", "here again");
    assertEquals(describe(await itemsAt(vault, "t")), ["/", "a", "disk/", "disk/b"]);
    await Deno.remove(folder.at("t/disk/b"));
    assertEquals(describe(await itemsAt(vault, "t")), ["/", "a", "disk/"]);
  },
});

const NAME = fc.constantFrom("a", "b", "caf\u00e9", "cafe\u0301", "x y", ".hidden", "Z");
const TREE = fc.uniqueArray(
  fc.tuple(fc.array(NAME, { minLength: 1, maxLength: 4 }), fc.option(fc.string({ maxLength: 5 }))),
  { maxLength: 12, selector: ([path]) => path.join("/") },
);

/** Makes what fits of a tree, and returns what a walk has to find. */
async function grow(
  folder: VaultFolder,
  tree: typeof TREE extends fc.Arbitrary<infer T> ? T : never,
) {
  const found = new Set<string>(["/"]);
  for (const [path, contents] of tree) {
    const below = path.join("/");
    const folders = path.slice(0, contents === null ? undefined : -1);
    const isInTheWay = (names: readonly string[]) => found.has(names.join("/"));
    if (folders.some((_, i) => isInTheWay(path.slice(0, i + 1)))) continue;
    if (found.has(below) || found.has(`${below}/`)) continue;
    await Deno.mkdir(folder.at(`t/${folders.join("/")}`), { recursive: true });
    folders.forEach((_, i) => found.add(`${path.slice(0, i + 1).join("/")}/`));
    if (contents !== null) await folder.write(`t/${below}`, contents);
    if (contents !== null) found.add(below);
  }
  return [...found].sort();
}

Deno.test("walkSource finds exactly what is there, whatever was there before", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(TREE, { minLength: 1, maxLength: 3 }), async (trees) => {
      await using folder = await VaultFolder.make();
      const vault = new DiskVault(folder.path, { delay: () => Promise.resolve() });
      for (const tree of trees) {
        await Deno.mkdir(folder.at("t"));
        const expected = await grow(folder, tree);
        assertEquals(describe(await itemsAt(vault, "t")), expected);
        await Deno.remove(folder.at("t"), { recursive: true });
        assertEquals(describe(await itemsAt(vault, "t")), ["!file-missing"]);
      }
    }),
    { numRuns: 60 },
  );
});
