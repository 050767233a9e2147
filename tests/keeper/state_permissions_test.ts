import { isWritableByOthers, refuseWritableByOthers } from "../../keeper/state_permissions.ts";
import { StorageError } from "../../protocol/mod.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const ignore = Deno.build.os === "windows";

Deno.test({
  name: "isWritableByOthers looks at the group and at others, and at nothing that is not there",
  ignore,
  async fn() {
    await using folder = await temporaryFolder();
    const path = `${folder.path}/file`;
    assertEquals(isWritableByOthers(path), false);
    await Deno.writeTextFile(path, "");
    for (const [mode, expected] of [[0o600, false], [0o644, false], [0o620, true], [0o602, true]]) {
      await Deno.chmod(path, Number(mode));
      assertEquals(isWritableByOthers(path), expected);
    }
    await Deno.chmod(folder.path, 0o777);
    assertEquals(isWritableByOthers(folder.path), true);
    await Deno.chmod(folder.path, 0o700);
  },
});

Deno.test({
  name: "refuseWritableByOthers says how to mend the file",
  ignore,
  async fn() {
    await using folder = await temporaryFolder();
    const path = `${folder.path}/file`;
    await Deno.writeTextFile(path, "");
    await Deno.chmod(path, 0o600);
    refuseWritableByOthers(path);
    await Deno.chmod(path, 0o666);
    const error = assertThrows(() => refuseWritableByOthers(path), StorageError);
    assertEquals(error.code, "permission-denied");
    assert(error.hint?.endsWith(`chmod 600 ${path}.`), error.hint);
  },
});
