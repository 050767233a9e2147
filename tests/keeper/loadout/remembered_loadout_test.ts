import { RememberedLoadout } from "../../../keeper/loadout/remembered_loadout.ts";
import { StorageError } from "../../../protocol/mod.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

Deno.test("RememberedLoadout remembers one path until it is told to forget it", async () => {
  await using folder = await temporaryFolder();
  const remembered = new RememberedLoadout(`${folder.path}/state`);
  assertEquals(await remembered.load(), null);
  await remembered.forget();
  await remembered.keep("/etc/loadout.yaml");
  await remembered.keep("/etc/caf\u00e9.yaml");
  assertEquals(await new RememberedLoadout(`${folder.path}/state`).load(), "/etc/caf\u00e9.yaml");
  if (Deno.build.os !== "windows") {
    assertEquals(((await Deno.stat(remembered.path)).mode ?? 0) & 0o777, 0o600);
    assertEquals(((await Deno.stat(`${folder.path}/state`)).mode ?? 0) & 0o777, 0o700);
  }
  await remembered.forget();
  assertEquals(await remembered.load(), null);
});

Deno.test("RememberedLoadout refuses what no keeper wrote", async () => {
  await using folder = await temporaryFolder();
  const remembered = new RememberedLoadout(folder.path);
  for (
    const text of ["", "x", "null", "[]", '{"version":2,"path":"/x"}', '{"version":1,"path":""}']
  ) {
    await Deno.writeTextFile(remembered.path, text);
    await Deno.chmod(remembered.path, 0o600);
    await assertRejects(() => remembered.load(), StorageError, "state-malformed");
  }
});

Deno.test({
  name: "RememberedLoadout refuses a file that others can write",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using folder = await temporaryFolder();
    const remembered = new RememberedLoadout(folder.path);
    await remembered.keep("/etc/loadout.yaml");
    await Deno.chmod(remembered.path, 0o666);
    await assertRejects(() => remembered.load(), StorageError, "permission-denied");
  },
});
