import { fixedEnvironment, SYSTEM_ENVIRONMENT } from "../../../protocol/host/environment.ts";
import { assert, assertEquals } from "../../support/assert.ts";

Deno.test("SYSTEM_ENVIRONMENT reads and lists the variables of the process", () => {
  const name = "FLUXVAULT_TEST_ENVIRONMENT";
  Deno.env.set(name, "x");
  try {
    assertEquals(SYSTEM_ENVIRONMENT.get(name), "x");
    assert(SYSTEM_ENVIRONMENT.names().includes(name));
  } finally {
    Deno.env.delete(name);
  }
});

Deno.test("SYSTEM_ENVIRONMENT shows nothing where nothing is permitted", {
  permissions: { env: false },
}, () => {
  assertEquals(SYSTEM_ENVIRONMENT.get("PATH"), undefined);
  assertEquals(SYSTEM_ENVIRONMENT.names(), []);
});

Deno.test("fixedEnvironment holds exactly what it was given", () => {
  const env = fixedEnvironment({ A: "1" });
  assertEquals(env.get("A"), "1");
  assertEquals(env.get("PATH"), undefined);
  assertEquals(env.get("constructor"), undefined);
  assertEquals(env.names(), ["A"]);
});
