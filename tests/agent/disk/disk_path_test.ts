import fc from "fast-check";
import { isAbsolute, relative } from "node:path";
import { type DiskRoot, makeFolders, placeOf, walkTo } from "../../../agent/disk/disk_path.ts";
import { StorageError } from "../../../protocol/errors.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../support/assert.ts";
import { listTree, temporaryFolder } from "../../support/temporary_folder.ts";

const WORKING: DiskRoot = { folder: "/srv/files", prefix: "" };
const ROOTS: readonly DiskRoot[] = [
  WORKING,
  { folder: "/run/tls", prefix: "/run/tls/" },
  { folder: "/mnt/deep", prefix: "/run/tls/deep/" },
];
const NOTHING_FORBIDDEN = { inodes: new Set<string>() };

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
  const forbidden = { inodes: new Set([`${dev}:${ino}`]) };
  const place = placeOf("state/a", [{ folder: folder.path, prefix: "" }]);
  await assertRejects(() => walkTo(place, forbidden), StorageError, "path-refused");
  await assertRejects(() => makeFolders(place, forbidden), StorageError, "path-refused");
});

Deno.test("makeFolders says in which folders it made one", async () => {
  await using folder = await temporaryFolder();
  const root = { folder: folder.path, prefix: "" };
  await Deno.mkdir(`${folder.path}/a`);
  const place = placeOf("a/b/c/file", [root]);
  const changed = await makeFolders(place, NOTHING_FORBIDDEN);
  assertEquals(changed, [`${folder.path}/a`, `${folder.path}/a/b`]);
  assertEquals(await makeFolders(place, NOTHING_FORBIDDEN), []);
});

Deno.test("makeFolders goes together with others that make the same folder", async () => {
  await using folder = await temporaryFolder();
  const root = { folder: folder.path, prefix: "" };
  await Promise.all(Array.from({ length: 16 }, (_, i) => {
    return makeFolders(placeOf(`a/b/${i}`, [root]), NOTHING_FORBIDDEN);
  }));
  assertEquals(await listTree(folder.path), ["a/ 700", "a/b/ 700"]);
});
