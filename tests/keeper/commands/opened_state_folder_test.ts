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

Deno.test("openStateFolder removes what a killed keeper had half-written, and nothing of another's", async () => {
  await using folder = await temporaryFolder();
  const at = (name: string) => `${folder.path}/${name}`;
  const [old, fresh] = [".0123456789abcdef.fluxvault-tmp", ".fedcba9876543210.fluxvault-tmp"];
  for (const name of [old, fresh, "status.json"]) await Deno.writeTextFile(at(name), "{");
  const hoursAgo = new Date(Date.now() - 2 * 3_600_000);
  for (const name of [old, "status.json"]) await Deno.utime(at(name), hoursAgo, hoursAgo);
  await Deno.chmod(folder.path, 0o700);
  openStateFolder({
    env: fixedEnvironment(),
    logger: new MemoryLogger(),
    settings: { stateDir: folder.path },
  });
  const names = [...Deno.readDirSync(folder.path)].map(({ name }) => name).sort();
  assertEquals(names, [fresh, "status.json"]);
});
