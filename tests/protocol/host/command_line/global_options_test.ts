import { GLOBAL_OPTIONS } from "../../../../protocol/host/command_line/global_options.ts";
import { assertEquals } from "../../../support/assert.ts";

Deno.test("GLOBAL_OPTIONS keeps the names and the default of the original's log options", () => {
  const logfile = GLOBAL_OPTIONS.find((option) => option.name === "logfile-path");
  assertEquals(logfile?.kind === "path" && logfile.default, "./fluxvault.log");
  for (const name of ["log-to-file", "debug"]) {
    assertEquals(GLOBAL_OPTIONS.find((option) => option.name === name)?.kind, "boolean");
  }
});
