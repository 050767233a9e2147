import {
  type LoadoutContext,
  requireLoadout,
  selectLoadout,
  tellWarnings,
} from "../../../keeper/commands/selected_loadout.ts";
import { RememberedLoadout } from "../../../keeper/loadout/mod.ts";
import { ConfigError, SILENT_LOGGER } from "../../../protocol/mod.ts";
import { fixedEnvironment } from "../../../protocol/host/mod.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

function contextOf(stateDir: string, loadout?: string): LoadoutContext {
  return { env: fixedEnvironment(), logger: SILENT_LOGGER, settings: { stateDir, loadout } };
}

Deno.test("selectLoadout takes what is named, else what is remembered, else nothing", async () => {
  await using folder = await temporaryFolder();
  assertEquals(await selectLoadout(contextOf(folder.path)), null);
  await assertRejects(() => requireLoadout(contextOf(folder.path)), ConfigError);
  await new RememberedLoadout(folder.path).keep("/etc/loadout.yaml");
  assertEquals(await selectLoadout(contextOf(folder.path)), "/etc/loadout.yaml");
  assertEquals(await requireLoadout(contextOf(folder.path, "named.yaml")), "named.yaml");
});

Deno.test("tellWarnings counts what is too much to be told", () => {
  const warnings = Array.from({ length: 60 }, (_, i) => {
    return { place: `f:${i}:1`, problem: "it is odd", hint: "Look." };
  });
  const logger = new MemoryLogger();
  tellWarnings(logger, warnings);
  assertEquals(logger.events.length, 51);
  assertEquals(logger.messages("warn")[0], "f:0:1: it is odd. Look.");
  assertEquals(logger.messages("warn").at(-1), "There is as much to say of 10 more places.");
});
