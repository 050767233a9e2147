import { FluxApiError, FluxClient } from "../../../flux/mod.ts";
import { FluxFleet } from "../../../keeper/fleet/flux_fleet.ts";
import { MAX_LISTED_ADDRESSES } from "../../../keeper/limits.ts";
import { type Logger, SILENT_LOGGER } from "../../../protocol/mod.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { FakeFluxApi } from "../../support/fake_flux_api.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";

const SPECIFICATION = {
  version: 8,
  name: "vaultdemo",
  instances: 3,
  compose: [{ name: "agent", ports: [31_888], containerPorts: [8_888], containerData: "/data" }],
};

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

Deno.test("FluxFleet dials no more addresses than any app has, those on record first", async () => {
  await using api = FakeFluxApi.start();
  const hosts = Array.from(
    { length: 150_000 },
    (_, i) => `10.${i >> 16}.${i >> 8 & 255}.${i & 255}`,
  );
  // The last in the order of the list.
  hosts.push("198.51.100.7");
  api.setLocationRows("vaultdemo", hosts.map((ip) => ({ name: "vaultdemo", ip })));
  const logger = new MemoryLogger();
  const client = new FluxClient({ baseUrls: [api.url] });
  const fleet = new FluxFleet(client, { app: "vaultdemo", logger });
  const addresses = await fleet.list({ recorded: new Set(["198.51.100.7:8888"]) });
  assertEquals([addresses.length, addresses[0]?.host], [MAX_LISTED_ADDRESSES, "198.51.100.7"]);
  const warnings = logger.events.filter(({ level }) => level === "warn");
  assertEquals(warnings.map(({ properties }) => properties), [
    { listed: 150_001, dialled: MAX_LISTED_ADDRESSES },
  ]);
});

Deno.test("FluxFleet leaves out nobody of a list as long as it may be", async () => {
  await using api = FakeFluxApi.start();
  const hosts = Array.from({ length: MAX_LISTED_ADDRESSES }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
  api.setLocations("vaultdemo", hosts);
  const logger = new MemoryLogger();
  const client = new FluxClient({ baseUrls: [api.url] });
  const fleet = new FluxFleet(client, { app: "vaultdemo", logger });
  assertEquals((await fleet.list()).length, MAX_LISTED_ADDRESSES);
  assertEquals(logger.messages("warn"), []);
});

/** Two APIs that say how many instances there are, `null` where one knows no app, and a fleet. */
class Pair implements AsyncDisposable {
  readonly apis = [FakeFluxApi.start(), FakeFluxApi.start()] as const;
  readonly logger = new MemoryLogger();
  readonly fleet = new FluxFleet(
    new FluxClient({ baseUrls: this.apis.map(({ url }) => url), attempts: 1 }),
    { app: "vaultdemo", logger: this.logger },
  );

  async list(...counts: readonly [number | null, number | null]): Promise<number | null> {
    for (const [i, api] of this.apis.entries()) {
      const instances = counts[i] ?? null;
      const specification = { ...SPECIFICATION, instances };
      api.setSpecification("vaultdemo", instances === null ? undefined : specification);
    }
    await this.fleet.list();
    return this.fleet.instances;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const api of this.apis) await api.stop();
  }
}

Deno.test("FluxFleet takes the first number of instances from two answers alone", async () => {
  await using pair = new Pair();
  assertEquals(await pair.list(3, null), null);
  assertEquals(await pair.list(3, 3), 3);
  assertEquals(pair.logger.messages("warn"), []);
});

Deno.test("FluxFleet takes more instances only as far as two answers grant them", async () => {
  await using pair = new Pair();
  await pair.list(3, 3);
  assertEquals(await pair.list(100, null), 3);
  assertEquals(await pair.list(100, 3), 3);
  assertEquals(pair.logger.messages("warn").length, 1);
  assertEquals(await pair.list(5, 5), 5);
  assertEquals(pair.logger.messages("warn").length, 1);
});

Deno.test("FluxFleet takes fewer instances from one answer, and does not ask again", async () => {
  await using pair = new Pair();
  await pair.list(3, 3);
  const [, { requests }] = pair.apis;
  const asked = requests.length;
  assertEquals([await pair.list(2, 9), requests.length], [2, asked]);
});

Deno.test("FluxFleet lets no order of two answers that differ make more of them", async () => {
  for (const counts of [[100, 3], [3, 100]] as const) {
    await using pair = new Pair();
    assertEquals(await pair.list(counts[0], counts[1]), 3);
  }
});

Deno.test("FluxFleet asks for the second number past the cache", async () => {
  await using pair = new Pair();
  await pair.list(3, 3);
  const [, { requests: [second] }] = pair.apis;
  assertEquals(second?.headers.get("x-apicache-bypass"), "1");
});

Deno.test("FluxFleet keeps the number of instances where a specification does not say", async () => {
  await using api = FakeFluxApi.start();
  api.setSpecification("vaultdemo", SPECIFICATION);
  const fleet = new FluxFleet(new FluxClient({ baseUrls: [api.url] }), { app: "vaultdemo" });
  await fleet.list();
  const { instances: _, ...silent } = SPECIFICATION;
  api.setSpecification("vaultdemo", silent);
  await fleet.list();
  assertEquals(fleet.instances, 3);
});

Deno.test("FluxFleet knows how many instances the app has once it has asked", async () => {
  await using api = FakeFluxApi.start();
  api.setSpecification("vaultdemo", SPECIFICATION);
  const fleet = new FluxFleet(new FluxClient({ baseUrls: [api.url] }), { app: "vaultdemo" });
  assertEquals(fleet.instances, null);
  await fleet.list();
  assertEquals(fleet.instances, 3);
});

Deno.test("FluxFleet keeps the number of instances where the next answer gives none", async () => {
  await using api = FakeFluxApi.start();
  api.setSpecification("vaultdemo", SPECIFICATION);
  const client = new FluxClient({ baseUrls: [api.url], attempts: 1 });
  const fleet = new FluxFleet(client, { app: "vaultdemo" });
  await fleet.list();
  api.setSpecification("vaultdemo", { ...SPECIFICATION, name: "other" });
  await fleet.list();
  assertEquals(fleet.instances, 3);
  api.setSpecification("vaultdemo", { ...SPECIFICATION, instances: 5 });
  await fleet.list();
  assertEquals(fleet.instances, 5);
});

Deno.test("FluxFleet does not know how many where nobody may see it, or it is too old to say", async () => {
  await using api = FakeFluxApi.start();
  const path = "/apps/appspecifications/vaultdemo";
  await api.useFixture(path, "apps_appspecifications_v8_enterprise_nonarcane.json");
  const client = new FluxClient({ baseUrls: [api.url], attempts: 1 });
  const fleet = new FluxFleet(client, { app: "vaultdemo" });
  await fleet.list();
  assertEquals(fleet.instances, null);
  const old = { version: 2, name: "olddemo", ports: ["31888"], containerPorts: ["8888"] };
  api.setSpecification("olddemo", old);
  const other = new FluxFleet(client, { app: "olddemo" });
  await other.list();
  assertEquals(other.instances, null);
});

Deno.test("FluxFleet lists the app although its specification cannot be had", async () => {
  await using api = FakeFluxApi.start();
  api.setLocations("vaultdemo", ["198.51.100.7"]);
  const client = new FluxClient({ baseUrls: [api.url], attempts: 1 });
  const fleet = new FluxFleet(client, { app: "vaultdemo" });
  assertEquals([(await fleet.list()).length, fleet.instances], [1, null]);
});

Deno.test("FluxFleet ends with the reason of its signal", async () => {
  await using api = FakeFluxApi.start();
  api.answerAlways({ ending: "silent" });
  const client = new FluxClient({ baseUrls: [api.url] });
  const controller = new AbortController();
  const listing = new FluxFleet(client, { app: "vaultdemo" }).list({ signal: controller.signal });
  controller.abort(new DOMException("stop", "AbortError"));
  await assertRejects(() => listing, DOMException);
});

Deno.test("FluxFleet warns once of a volume that is copied to strangers", async () => {
  await using api = FakeFluxApi.start();
  const replicated = { name: "db", ports: [], containerPorts: [], containerData: "s:/var/lib/db" };
  const compose = [...SPECIFICATION.compose, replicated];
  api.setSpecification("vaultdemo", { ...SPECIFICATION, compose });
  const logger = new MemoryLogger();
  const client = new FluxClient({ baseUrls: [api.url] });
  const fleet = new FluxFleet(client, { app: "vaultdemo", logger });
  for (let i = 0; i < 2; i++) await fleet.list();
  assertEquals(logger.events.map(({ level, properties }) => [level, properties]), [
    ["warn", { component: "db", paths: "/var/lib/db" }],
  ]);
});
