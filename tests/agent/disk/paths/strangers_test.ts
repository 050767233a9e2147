import { findStrangers, reportedPath } from "../../../../agent/disk/paths/strangers.ts";
import { StorageError } from "../../../../protocol/errors.ts";
import { findPathFault } from "../../../../protocol/secret_path.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";
import { temporaryFolder } from "../../../support/temporary_folder.ts";
import fc from "fast-check";

Deno.test("findStrangers finds what is not declared, but for the agent's own", async () => {
  await using folder = await temporaryFolder();
  for (const name of ["a", "b", ".hidden", ".fluxvault-stage-1"]) {
    await Deno.writeTextFile(`${folder.path}/${name}`, "");
  }
  const search = { declared: new Set(["a", "gone"]), info: await Deno.lstat(folder.path) };
  const found = await findStrangers(folder.path, search);
  assertEquals(found.map(({ name }) => name).sort(), [".hidden", "b"]);
  const large = { ...search, info: { ...search.info, size: 1_000_000 } };
  assertEquals((await findStrangers(folder.path, large)).length, 2, "a large one is read as well");
});

Deno.test("findStrangers takes what has another name on the disk for what is declared", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/key`, "");
  await Deno.writeTextFile(`${folder.path}/other`, "");
  // A disk on which KEY and key are one name.
  const look = (path: string) => {
    try {
      return Deno.lstatSync(path.replace("KEY", "key"));
    } catch {
      return null;
    }
  };
  const info = await Deno.lstat(folder.path);
  const found = await findStrangers(folder.path, { declared: new Set(["KEY"]), info, look });
  assertEquals(found, [{ name: "other", isReachable: true }]);
});

Deno.test("findStrangers reports a folder that it cannot list", async () => {
  await using folder = await temporaryFolder();
  const search = { declared: new Set<string>(), info: await Deno.lstat(folder.path) };
  await assertRejects(
    () => findStrangers(`${folder.path}/gone`, search),
    StorageError,
    "file-missing",
  );
});

Deno.test("reportedPath keeps a path that may stand on the wire", () => {
  assertEquals(reportedPath("d", "caf\u00e9.txt"), "d/caf\u00e9.txt");
});

Deno.test("reportedPath makes a path that may stand on the wire of any name", () => {
  assertEquals(reportedPath("d", "a\nb\\c"), "d/a\ufffdb\ufffdc");
  const folder = fc.constantFrom("d", "d/e", "d/".repeat(500) + "d");
  fc.assert(fc.property(folder, fc.string({ unit: "binary", minLength: 1 }), (folder, name) => {
    const path = reportedPath(folder, name);
    assert(findPathFault(path) === null, JSON.stringify(path));
  }));
  assert(reportedPath("d", "..") !== reportedPath("d", "."), "different ones differ");
});
