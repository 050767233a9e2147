import { openStateFolder } from "../../../keeper/commands/opened_state_folder.ts";
import { fixedEnvironment } from "../../../protocol/host/mod.ts";
import { assertEquals } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

Deno.test({
  name: "openStateFolder warns where others can put files into the folder, and there alone",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using folder = await temporaryFolder();
    const logger = new MemoryLogger();
    const context = { env: fixedEnvironment(), logger, settings: { stateDir: folder.path } };
    assertEquals(openStateFolder(context), folder.path);
    assertEquals(logger.events, []);
    await Deno.chmod(folder.path, 0o770);
    assertEquals(openStateFolder(context), folder.path);
    assertEquals(logger.events.map(({ level, properties }) => [level, properties["folder"]]), [
      ["warn", folder.path],
    ]);
  },
});
