import { isLoadingVariable } from "../../../agent/services/loading_variables.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("isLoadingVariable tells what a linker, a shell or an interpreter goes by from all else", () => {
  const loading = ["LD_PRELOAD", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "PATH", "NODE_OPTIONS"];
  const others = ["LOG_LEVEL", "PATHS", "OLD_PRELOAD", "DATABASE_URL", "ENVIRONMENT", "PORT", "LD"];
  assertEquals(
    [...loading, "BASH_ENV", "PYTHONPATH"].filter((name) => !isLoadingVariable(name)),
    [],
  );
  assertEquals(others.filter(isLoadingVariable), []);
});
