import { FluxApiError, FluxClient } from "../../flux/mod.ts";
import { FluxFleet } from "../../keeper/flux_fleet.ts";
import { type Logger, SILENT_LOGGER } from "../../protocol/mod.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { FakeFluxApi } from "../support/fake_flux_api.ts";

Deno.test("FluxFleet lists each host once, with the port of the agents", async () => {
  await using api = FakeFluxApi.start();
  api.setLocations("vaultdemo", ["203.0.113.20:16137", "203.0.113.20:16147", "198.51.100.7"]);
  const client = new FluxClient({ baseUrls: [api.url] });
  const fleet = new FluxFleet(client, { app: "vaultdemo", commsPort: 31_888 });
  assertEquals(await fleet.list(), [
    { host: "198.51.100.7", port: 31_888 },
    { host: "203.0.113.20", port: 31_888 },
  ]);
});

Deno.test("FluxFleet leaves out rows of others and says so", async () => {
  await using api = FakeFluxApi.start();
  await api.useFixture("/apps/location/vaultdemo", "apps_location_foreign_rows.json");
  const warnings: string[] = [];
  const logger: Logger = { ...SILENT_LOGGER, warn: (message) => warnings.push(message) };
  const client = new FluxClient({ baseUrls: [api.url] });
  await new FluxFleet(client, { app: "vaultdemo", logger }).list();
  assertEquals(warnings.length, 1);
});

Deno.test("FluxFleet fails where the API does", async () => {
  await using api = FakeFluxApi.start();
  api.answerAlways({ status: 503 });
  const client = new FluxClient({ baseUrls: [api.url], attempts: 1 });
  await assertRejects(() => new FluxFleet(client, { app: "vaultdemo" }).list(), FluxApiError);
});
