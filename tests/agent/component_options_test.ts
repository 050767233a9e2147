import { COMPONENT_OPTIONS } from "../../agent/component_options.ts";
import { fixedEnvironment, resolveSettings } from "../../protocol/host/mod.ts";
import { ConfigError } from "../../protocol/errors.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

function resolve(args: readonly string[]) {
  return resolveSettings(COMPONENT_OPTIONS, { args, env: fixedEnvironment({}) });
}

Deno.test("COMPONENT_OPTIONS knows the registrar by two names", async () => {
  for (const name of ["--enable-registrar", "--registrar"]) {
    assertEquals((await resolve([name])).values.enableRegistrar, true);
  }
});

Deno.test("COMPONENT_OPTIONS lets the primary be where it is by default, on both sides", async () => {
  const { values } = await resolve([]);
  assertEquals(values.registrarPort, values.primaryAgentPort);
  assertEquals(values.primaryAgentName, "agent");
});

Deno.test("COMPONENT_OPTIONS takes any free port to listen on, and none to connect to", async () => {
  assertEquals((await resolve(["--registrar-port=0"])).values.registrarPort, 0);
  await assertRejects(() => resolve(["--primary-agent-port=0"]), ConfigError);
});
