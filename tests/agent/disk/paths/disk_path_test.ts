import fc from "fast-check";
import { isAbsolute, relative } from "node:path";
import {
  type DiskRoot,
  makeFolders,
  placeOf,
  walkTo,
} from "../../../../agent/disk/paths/disk_path.ts";
import { StorageError } from "../../../../protocol/errors.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../../support/assert.ts";
import { DiskYard, put } from "../../../support/disk_yard.ts";
import { listTree, temporaryFolder } from "../../../support/temporary_folder.ts";

const WORKING: DiskRoot = { folder: "/srv/files", prefix: "" };
const ROOTS: readonly DiskRoot[] = [
  WORKING,
  { folder: "/run/tls", prefix: "/run/tls/" },
  { folder: "/mnt/deep", prefix: "/run/tls/deep/" },
];
const UNIX = Deno.build.os !== "windows";
const NO_RULES = { inodes: new Set<string>(), sets: new Set<string>() };

Deno.test("placeOf finds folders and target of a relative path", () => {
  assertEquals(placeOf("a/b/c", ROOTS), {
    root: "/srv/files",
    folders: ["/srv/files/a", "/srv/files/a/b"],
    folder: "/srv/files/a/b",
    target: "/srv/files/a/b/c",
  });
});

Deno.test("placeOf takes the nearest of the folders for absolute paths", () => {
  assertEquals(placeOf("/run/tls/key", ROOTS).target, "/run/tls/key");
  assertEquals(placeOf("/run/tls/deep/key", ROOTS).target, "/mnt/deep/key");
  assertThrows(() => placeOf("/run/tlskey", ROOTS), StorageError, "path-refused");
});

Deno.test("placeOf lets no path out of its root", () => {
  const segment = fc.oneof(
    fc.constantFrom("..", ".", "", "a", "...", "..\u0000", "~", "\u2025", "\uff0e\uff0e"),
    fc.string({ maxLength: 8 }),
  );
  const path = fc.array(segment, { maxLength: 6 }).map((segments) => segments.join("/"));
  fc.assert(
    fc.property(path, (path) => {
      let target: string;
      try {
        target = placeOf(path, [WORKING]).target;
      } catch (error) {
        assert(error instanceof StorageError && error.code === "path-refused");
        return;
      }
      const way = relative(WORKING.folder, target);
      assert(way !== "" && !isAbsolute(way) && way.split("/")[0] !== "..", target);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("walkTo and makeFolders refuse a folder that is forbidden, by any name", async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/state`);
  const { dev, ino } = await Deno.stat(`${folder.path}/state`);
  const rules = { ...NO_RULES, inodes: new Set([`${dev}:${ino}`]) };
  const place = placeOf("state/a", [{ folder: folder.path, prefix: "" }]);
  assertThrows(() => walkTo(place, rules), StorageError, "path-refused");
  await assertRejects(() => makeFolders(place, rules), StorageError, "path-refused");
});

Deno.test("makeFolders says in which folders it made one", async () => {
  await using folder = await temporaryFolder();
  const root = { folder: folder.path, prefix: "" };
  await Deno.mkdir(`${folder.path}/a`);
  const place = placeOf("a/b/c/file", [root]);
  const changed = await makeFolders(place, NO_RULES);
  assertEquals(changed, [`${folder.path}/a`, `${folder.path}/a/b`]);
  assertEquals(await makeFolders(place, NO_RULES), []);
});

Deno.test("makeFolders goes together with others that make the same folder", async () => {
  await using folder = await temporaryFolder();
  const root = { folder: folder.path, prefix: "" };
  await Promise.all(Array.from({ length: 16 }, (_, i) => {
    return makeFolders(placeOf(`a/b/${i}`, [root]), NO_RULES);
  }));
  assertEquals(await listTree(folder.path), ["a/ 700", "a/b/ 700"]);
});

interface HostilePath {
  readonly path: string;
  readonly code: string;
}

async function hostilePaths(yard: DiskYard): Promise<HostilePath[]> {
  const file = new URL("../../../vectors/hostile_paths.json", import.meta.url);
  const { paths }: { paths: HostilePath[] } = JSON.parse(await Deno.readTextFile(file));
  assert(paths.length >= 60);
  return paths.map(({ path, code }) => ({
    path: path.replace("$ROOT", yard.path("files")).replace("$STATE", yard.path("state"))
      .replace("$OUTSIDE", yard.path("outside")).replace("$ALLOWED", yard.path("allowed"))
      .replace("$LONG_SEGMENT", "n".repeat(256)).replace("$LONG_PATH", "n/".repeat(512) + "n"),
    code,
  }));
}

async function layTraps(yard: DiskYard): Promise<void> {
  const outside = yard.path("outside");
  await Deno.mkdir(yard.path("files/real"), { mode: 0o700 });
  await Deno.writeTextFile(yard.path("files/real/file"), "untouched", { mode: 0o600 });
  const links: Record<string, string> = {
    "files/link": outside,
    "files/link_file": `${outside}/sentinel`,
    "files/loop": "loop",
    "files/dangling": `${outside}/new`,
    "files/up": "..",
    "files/self": ".",
    "files/real/link": outside,
    "files/real/state": yard.path("state"),
    "allowed/link": outside,
  };
  for (const [name, target] of Object.entries(links)) await Deno.symlink(target, yard.path(name));
  const { success } = await new Deno.Command("mkfifo", { args: [yard.path("files/fifo")] })
    .output();
  assert(success, "mkfifo failed");
}

Deno.test("placeOf and walkTo refuse every hostile path and touches nothing", {
  ignore: !UNIX,
}, async (t) => {
  await using yard = await DiskYard.make();
  await layTraps(yard);
  const store = await yard.open();
  const before = await yard.tree("");
  for (const { path, code } of await hostilePaths(yard)) {
    await t.step(`${JSON.stringify(path).slice(0, 60)} is ${code}`, async () => {
      await assertRejects(() => put(store, path), StorageError, code);
      await assertRejects(() => store.inspect(path), StorageError, code);
    });
  }
  assertEquals(await yard.tree(""), before);
});
