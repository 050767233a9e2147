import { AllowedPrograms, findProgram } from "../../../agent/hooks/allowed_programs.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/temporary_folder.ts";

/** Makes folders `bin` and `sbin` with programs, and returns their search path. */
async function programs(folder: TemporaryFolder): Promise<string> {
  for (const [name, mode] of [["bin/a", 0o755], ["sbin/a", 0o755], ["sbin/b", 0o755]] as const) {
    const path = `${folder.path}/${name}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(path, "#!/bin/sh\n");
    await Deno.chmod(path, mode);
  }
  await Deno.writeTextFile(`${folder.path}/bin/b`, "not executable", { mode: 0o644 });
  await Deno.mkdir(`${folder.path}/bin/c`);
  return `${folder.path}/bin:${folder.path}/sbin`;
}

Deno.test("findProgram takes the first that can be run", async () => {
  await using folder = await temporaryFolder();
  const path = await programs(folder);
  assertEquals(findProgram("a", path), `${folder.path}/bin/a`);
  assertEquals(findProgram("b", path), `${folder.path}/sbin/b`);
  assertEquals(findProgram("c", path), null);
  assertEquals(findProgram("d", path), null);
});

Deno.test("findProgram looks into no folder that depends on where it is called", () => {
  assertEquals(findProgram("deno.json", `:.:${Deno.cwd().replace(/^\//, "")}`), null);
});

Deno.test("AllowedPrograms resolves what the operator named, by its path or its name", async () => {
  await using folder = await temporaryFolder();
  const path = await programs(folder);
  const [first, second] = [`${folder.path}/bin/a`, `${folder.path}/sbin/a`];
  const byName = new AllowedPrograms(["a"], path);
  assertEquals(["a", first, second, "b"].map((name) => byName.resolve(name)), [
    first,
    first,
    null,
    null,
  ]);
  const byPath = new AllowedPrograms([second, `${folder.path}/missing`], path);
  assertEquals(["a", first, second].map((name) => byPath.resolve(name)), [null, null, second]);
  assertEquals(byPath.resolve(`${folder.path}/missing`), `${folder.path}/missing`);
});

Deno.test("AllowedPrograms resolves no name with a way in it", async () => {
  await using folder = await temporaryFolder();
  const path = await programs(folder);
  const allowed = new AllowedPrograms([`${folder.path}/bin/a`], path);
  const detours = [
    "bin/a",
    "./a",
    `${folder.path}/sbin/../bin/a`,
    `${folder.path}//bin/a`,
    `${folder.path}/bin/a/`,
    "",
    ".",
    "..",
  ];
  assertEquals(detours.map((name) => allowed.resolve(name)), detours.map(() => null));
});

Deno.test("AllowedPrograms refuses what is neither a path nor a name", () => {
  for (const name of ["bin/a", "./a", "/bin/../a", "", ".."]) {
    assertThrows(() => new AllowedPrograms([name], "/bin"), RangeError);
  }
  assertEquals(new AllowedPrograms(["nginx", "/usr/sbin/nginx"], "").names.length, 2);
});
