import { checkOutFile } from "../../../keeper/commands/out_file.ts";
import { ConfigError } from "../../../protocol/mod.ts";
import { assertRejects } from "../../support/assert.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

const UNIX = Deno.build.os !== "windows";

Deno.test("checkOutFile takes a file, and a name that is not taken", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/out`;
  await checkOutFile(path);
  await Deno.writeTextFile(path, "before");
  await checkOutFile(path);
});

Deno.test(
  "checkOutFile refuses a folder, a device, and a link to one",
  { ignore: !UNIX },
  async () => {
    await using folder = await temporaryFolder();
    const link = `${folder.path}/link`;
    await Deno.symlink("/dev/null", link);
    for (const path of [folder.path, "/dev/null", link]) {
      await assertRejects(() => checkOutFile(path), ConfigError);
    }
  },
);
