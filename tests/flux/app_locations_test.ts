import fc from "fast-check";
import {
  type AppLocations,
  EXPIRY_TOLERANCE_MS,
  fetchAppLocations,
  readAppLocations,
} from "../../flux/app_locations.ts";
import { FluxApiError } from "../../flux/errors.ts";
import { FluxClient } from "../../flux/flux_client.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../support/assert.ts";
import { FakeFluxApi, readFluxFixture } from "../support/fake_flux_api.ts";

/** A moment at which every row of the fixtures is valid. */
const NOW_MS = Date.parse("2026-07-22T10:30:00Z");
const OPTIONS = { appName: "vaultdemo", nowMs: NOW_MS };
const NOTHING_SKIPPED = { malformed: 0, foreign: 0, expired: 0 };

/** Asks a real server that answers with the fixture. */
async function fetchFixture(fileName: string): Promise<AppLocations> {
  await using api = FakeFluxApi.start();
  await api.useFixture("/apps/location/vaultdemo", fileName);
  const client = new FluxClient({ baseUrls: [api.url], attempts: 1 });
  return await fetchAppLocations(client, "vaultdemo", { now: () => NOW_MS });
}

Deno.test("fetchAppLocations returns hosts in order, with ports and times", async () => {
  const { locations, skipped } = await fetchFixture("apps_location_ok.json");
  assertEquals(skipped, NOTHING_SKIPPED);
  assertEquals(locations, [
    {
      host: "198.51.100.7",
      apiPorts: [16127],
      expiresAtMs: Date.parse("2026-07-22T12:03:20.004Z"),
      runningSinceMs: Date.parse("2026-07-22T09:58:20.004Z"),
    },
    {
      host: "203.0.113.10",
      apiPorts: [16127],
      expiresAtMs: Date.parse("2026-07-22T12:10:03.123Z"),
      runningSinceMs: Date.parse("2026-07-19T08:00:12.001Z"),
    },
    {
      host: "203.0.113.20",
      apiPorts: [16137],
      expiresAtMs: Date.parse("2026-07-22T11:46:55.870Z"),
      runningSinceMs: Date.parse("2026-07-22T02:11:40.512Z"),
    },
  ]);
});

Deno.test("fetchAppLocations reads every form of a good answer", async () => {
  const expected: [string, string[]][] = [
    ["apps_location_sparse_fields", ["192.0.2.44:16127", "192.0.2.45:16187"]],
    ["apps_location_two_nodes_one_public_ip", ["203.0.113.20:16137,16147"]],
    ["apps_location_case_mismatch", ["203.0.113.10:16127"]],
    ["apps_location_future_fields", ["203.0.113.10:16127"]],
    ["apps_location_unknown_app_empty", []],
  ];
  for (const [file, places] of expected) {
    const { locations, skipped } = await fetchFixture(`${file}.json`);
    assertEquals(locations.map(({ host, apiPorts }) => `${host}:${apiPorts}`), places, file);
    assertEquals(skipped, NOTHING_SKIPPED, file);
  }
});

Deno.test("fetchAppLocations leaves out the rows of other apps", async () => {
  const { locations, skipped } = await fetchFixture("apps_location_foreign_rows.json");
  assertEquals(locations.map(({ host }) => host), ["203.0.113.10"]);
  assertEquals(skipped, { ...NOTHING_SKIPPED, foreign: 1 });
});

Deno.test("fetchAppLocations turns the errors of FluxOS into a FluxApiError", async () => {
  for (const file of ["bad_regex_name", "db_error", "missing_name"]) {
    const fetching = () => fetchFixture(`apps_location_${file}.json`);
    await assertRejects(fetching, FluxApiError, "api-error");
  }
});

Deno.test("fetchAppLocations sends no name that no app can have", async () => {
  await using api = FakeFluxApi.start();
  api.setLocations("vaultdemo", ["203.0.113.10"]);
  const client = new FluxClient({ baseUrls: [api.url] });
  for (const name of [".*", "vault(demo", "../locations", "fluxdemo", ""]) {
    await assertRejects(() => fetchAppLocations(client, name), FluxApiError, "name-invalid");
  }
  assertEquals(api.requests.length, 0);
});

Deno.test("fetchAppLocations follows the network as instances come and go", async () => {
  await using api = FakeFluxApi.start();
  const client = new FluxClient({ baseUrls: [api.url] });
  const hosts = async () =>
    (await fetchAppLocations(client, "VaultDemo")).locations.map(({ host }) => host);
  assertEquals(await hosts(), []);
  api.setLocations("vaultdemo", ["127.0.0.2", "127.0.0.1:16137"]);
  assertEquals(await hosts(), ["127.0.0.1", "127.0.0.2"]);
  api.setLocations("vaultdemo", ["127.0.0.2"]);
  assertEquals(await hosts(), ["127.0.0.2"]);
});

Deno.test("readAppLocations drops rows that ended, with tolerance for the clock", () => {
  const row = (ip: string, agoMs: number) => ({
    name: "vaultdemo",
    ip,
    expireAt: new Date(NOW_MS - agoMs).toISOString(),
  });
  const rows = [row("192.0.2.1", EXPIRY_TOLERANCE_MS), row("192.0.2.2", EXPIRY_TOLERANCE_MS + 1)];
  const { locations, skipped } = readAppLocations(rows, OPTIONS);
  assertEquals(locations.map(({ host }) => host), ["192.0.2.1"]);
  assertEquals(skipped, { ...NOTHING_SKIPPED, expired: 1 });
});

Deno.test("readAppLocations keeps a row whose times cannot be read", () => {
  for (const time of [null, undefined, 0, "soon", {}]) {
    const row = { name: "vaultdemo", ip: "192.0.2.1", expireAt: time, runningSince: time };
    const { locations } = readAppLocations([row], OPTIONS);
    assertEquals(locations, [{ host: "192.0.2.1", apiPorts: [16127] }]);
  }
});

Deno.test("readAppLocations counts malformed rows and keeps the others", () => {
  const bad = [null, 7, "x", [], {}, { name: "vaultdemo" }, { ip: "192.0.2.1" }];
  const hosts = ["localhost", "192.0.2.1/24", "0.0.0.0", 3221225985, null, ["192.0.2.1"]];
  const rows = [...bad, ...hosts.map((ip) => ({ name: "vaultdemo", ip }))];
  const good = { name: "vaultdemo", ip: "192.0.2.9" };
  const { locations, skipped } = readAppLocations([...rows, good], OPTIONS);
  assertEquals(locations.map(({ host }) => host), ["192.0.2.9"]);
  assertEquals(skipped, { ...NOTHING_SKIPPED, malformed: rows.length });
});

Deno.test("readAppLocations merges the rows of a host: last end, first start, all ports", () => {
  const at = (minute: number) => new Date(NOW_MS + minute * 60_000).toISOString();
  const rows = [
    { ip: "192.0.2.1:16147", expireAt: at(10), runningSince: at(-5) },
    { ip: "192.0.2.1", expireAt: at(30), runningSince: at(-1) },
    { ip: "192.0.2.1:16147", expireAt: at(20), runningSince: at(-9) },
    { ip: "[::ffff:192.0.2.1]:16137" },
  ].map((row) => ({ name: "vaultdemo", ...row }));
  assertEquals(readAppLocations(rows, OPTIONS).locations, [{
    host: "192.0.2.1",
    apiPorts: [16127, 16137, 16147],
    expiresAtMs: NOW_MS + 30 * 60_000,
    runningSinceMs: NOW_MS - 9 * 60_000,
  }]);
});

Deno.test("readAppLocations refuses data that are not a list", () => {
  for (const data of [null, {}, "x", 1, { length: 1 }]) {
    const reading = () => readAppLocations(data, OPTIONS);
    assert(assertThrows(reading, FluxApiError, "response-malformed").transient);
  }
});

Deno.test("readAppLocations gives the same answer in whatever order the rows come", async () => {
  const text = await readFluxFixture("apps_locations_ok.json");
  const rows: unknown[] = JSON.parse(text).data;
  const expected = readAppLocations(rows, OPTIONS);
  fc.assert(
    fc.property(
      fc.shuffledSubarray(rows, { minLength: rows.length }),
      (shuffled) => assertEquals(readAppLocations(shuffled, OPTIONS), expected),
    ),
  );
});

Deno.test("readAppLocations gives distinct hosts or a FluxApiError for any data", () => {
  const row = fc.record({
    name: fc.oneof(fc.constantFrom("vaultdemo", "VAULTDEMO"), fc.jsonValue()),
    ip: fc.oneof(fc.ipV4(), fc.ipV4().map((ip) => `${ip}:16137`), fc.jsonValue()),
    expireAt: fc.oneof(fc.constant("2026-07-22T12:00:00Z"), fc.jsonValue()),
    runningSince: fc.jsonValue(),
  }, { requiredKeys: [] });
  const data = fc.oneof(fc.array(fc.oneof(row, fc.jsonValue())), fc.jsonValue());
  fc.assert(fc.property(data, (data) => {
    try {
      const { locations, skipped } = readAppLocations(data, OPTIONS);
      const hosts = locations.map(({ host }) => host);
      assertEquals([...new Set(hosts)].sort(), hosts);
      const { malformed, foreign, expired } = skipped;
      assert(hosts.length + malformed + foreign + expired <= (data as unknown[]).length);
    } catch (error) {
      if (!(error instanceof FluxApiError)) throw error;
      assertEquals(error.code, "response-malformed");
    }
  }));
});

Deno.test("readAppLocations joins any number of rows of one host in one go", () => {
  // With a list that is made anew for each row these would take minutes.
  const data = Array.from({ length: 65_535 }, (_, i) => ({
    name: "vaultdemo",
    ip: `203.0.113.20:${65_535 - i}`,
  }));
  const { locations } = readAppLocations(data, { appName: "vaultdemo", nowMs: 0 });
  assertEquals(locations.length, 1);
  assertEquals(locations[0]?.apiPorts, data.map((_, i) => i + 1));
});
