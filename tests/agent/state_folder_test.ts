import { openStateFolder } from "../../agent/state_folder.ts";
import { StorageError } from "../../protocol/errors.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const UNIX = Deno.build.os !== "windows";

Deno.test("openStateFolder makes the folder for its owner alone", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/a/state`;
  using state = await openStateFolder(path);
  assertEquals([state.path, state.problem], [path, null]);
  if (UNIX) assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o700);
});

Deno.test("openStateFolder keeps a second agent out until the first has gone", async () => {
  await using folder = await temporaryFolder();
  {
    using _state = await openStateFolder(folder.path);
    await assertRejects(() => openStateFolder(folder.path), StorageError, "locked");
  }
  using state = await openStateFolder(folder.path);
  assertEquals(state.problem, null);
});

Deno.test("openStateFolder removes what a killed agent had half-written, once no other has the folder", async () => {
  await using folder = await temporaryFolder();
  const temporary = `${folder.path}/.0123456789abcdef.fluxvault-tmp`;
  const names = () =>
    [...Deno.readDirSync(folder.path)].map(({ name }) => name).filter((name) => name !== ".lock");
  {
    using _state = await openStateFolder(folder.path);
    await Deno.writeTextFile(temporary, "half");
    await assertRejects(() => openStateFolder(folder.path), StorageError, "locked");
    assertEquals(names().length, 1);
  }
  using _state = await openStateFolder(folder.path);
  assertEquals(names(), []);
});

Deno.test("openStateFolder refuses what is no folder", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/state`, "");
  await assertRejects(() => openStateFolder(`${folder.path}/state`), StorageError);
});

Deno.test("openStateFolder does without a folder that cannot be made", {
  // Root may write everywhere but there.
  ignore: Deno.build.os !== "linux",
}, async () => {
  using state = await openStateFolder("/proc/fluxvault-state");
  assertEquals(state.path, null);
  assertEquals(state.problem instanceof StorageError, true);
});
