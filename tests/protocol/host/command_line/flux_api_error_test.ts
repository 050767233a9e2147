import { fluxApiError } from "../../../../protocol/host/command_line/flux_api_error.ts";
import { defineOptions, fixedEnvironment, resolveSettings } from "../../../../protocol/host/mod.ts";
import { assertEquals } from "../../../support/assert.ts";

Deno.test("fluxApiError names the setting, its source and what the client says of it", async () => {
  const options = defineOptions([{ name: "flux-api", kind: "list", help: "" }]);
  const env = fixedEnvironment({ FLUXVAULT_FLUX_API: "example.org" });
  const cause = new TypeError("no address");
  const error = fluxApiError(await resolveSettings(options, { args: [], env }), cause);
  assertEquals(error.message, "--flux-api holds what is no address of an API");
  assertEquals([error.setting, error.source], ["--flux-api", "variable FLUXVAULT_FLUX_API"]);
  assertEquals(error.cause, cause);
});
