import fc from "fast-check";
import {
  type AppSpecificationAnswer,
  fetchAppSpecification,
  readAppSpecification,
} from "../../flux/app_specification.ts";
import { FluxApiError } from "../../flux/errors.ts";
import { FluxClient } from "../../flux/flux_client.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../support/assert.ts";
import { FakeFluxApi } from "../support/fake_flux_api.ts";

async function fetchFixture(
  suffix: string,
  appName: string,
): Promise<AppSpecificationAnswer> {
  await using api = FakeFluxApi.start();
  await api.useFixture(
    `/apps/appspecifications/${appName}`,
    `apps_appspecifications_${suffix}.json`,
  );
  const client = new FluxClient({ baseUrls: [api.url], attempts: 1 });
  return await fetchAppSpecification(client, appName);
}

Deno.test("fetchAppSpecification reads version 8 with two components", async () => {
  assertEquals(await fetchFixture("v8", "vaultdemo"), {
    kind: "found",
    specification: {
      name: "vaultdemo",
      version: 8,
      instances: 3,
      components: [
        {
          name: "agent",
          ports: [38888],
          containerPorts: [8888],
          mounts: [{ path: "/data", isReplicated: false }],
        },
        {
          name: "web",
          ports: [38080, 38443],
          containerPorts: [80, 443],
          mounts: [
            { path: "/var/lib/app", isReplicated: true },
            { path: "/var/log/app", isReplicated: true },
          ],
        },
      ],
      enterprise: false,
    },
  });
});

Deno.test("fetchAppSpecification reads version 3, whose ports are text", async () => {
  assertEquals(await fetchFixture("v3", "vaultthree"), {
    kind: "found",
    specification: {
      name: "vaultthree",
      version: 3,
      instances: 3,
      components: [{
        name: "vaultthree",
        ports: [31888],
        containerPorts: [8888],
        mounts: [{ path: "/data", isReplicated: false }],
      }],
      enterprise: false,
    },
  });
});

Deno.test("fetchAppSpecification reads versions 4 and 7", async () => {
  for (
    const [suffix, app, version] of [["v4_tiered", "vaultfour", 4], [
      "v7_secrets",
      "vaultseven",
      7,
    ]] as const
  ) {
    const answer = await fetchFixture(suffix, app);
    assert(answer.kind === "found");
    assertEquals(answer.specification.version, version);
    assertEquals(answer.specification.components.map(({ name }) => name), ["agent"]);
  }
});

Deno.test("fetchAppSpecification shows an enterprise app without its components", async () => {
  const answer = await fetchFixture("v8_enterprise_redacted", "vaultent");
  assert(answer.kind === "found");
  assertEquals(answer.specification.enterprise, true);
  assertEquals(answer.specification.components, []);
});

Deno.test("fetchAppSpecification takes it as an answer that a node may not show it", async () => {
  const answer = await fetchFixture("v8_enterprise_nonarcane", "vaultent");
  assertEquals(answer, { kind: "arcane-only" });
});

Deno.test("fetchAppSpecification tells an unknown app from a node that is behind", async () => {
  const unknown = () => fetchFixture("unknown", "nosuchapp");
  await assertRejects(unknown, FluxApiError, "app-unknown");
  const behind = () => fetchFixture("not_synced", "vaultdemo");
  await assertRejects(behind, FluxApiError, "not-synced");
});

Deno.test("fetchAppSpecification sends no name that no app can have", async () => {
  await using api = FakeFluxApi.start();
  const client = new FluxClient({ baseUrls: [api.url] });
  await assertRejects(() => fetchAppSpecification(client, "a b"), FluxApiError, "name-invalid");
  assertEquals(api.requests.length, 0);
});

Deno.test("readAppSpecification reads versions 1 and 2", () => {
  const mounts = [{ path: "/data", isReplicated: true }];
  const component = { name: "old", ports: [31888], containerPorts: [8888], mounts };
  const rest = { name: "old", components: [component], enterprise: false };
  const data = { name: "old", containerData: "r:/data" };
  const first = { ...data, version: 1, port: 31888, containerPort: 8888 };
  assertEquals(readAppSpecification(first, "old"), { version: 1, ...rest });
  const second = { ...data, version: 2, ports: ["31888"], containerPorts: ["8888"] };
  assertEquals(readAppSpecification(second, "old"), { version: 2, ...rest });
});

Deno.test("readAppSpecification compares the name without regard to case, and keeps it", () => {
  const data = { version: 8, name: "VaultDemo", compose: [] };
  assertEquals(readAppSpecification(data, "vaultdemo").name, "VaultDemo");
});

Deno.test("readAppSpecification takes no more instances than the network lets an app have", () => {
  const data = { version: 8, name: "vaultdemo", compose: [] };
  const counts = [100, 101, Number.MAX_SAFE_INTEGER].map((instances) => {
    return readAppSpecification({ ...data, instances }, "vaultdemo").instances;
  });
  assertEquals(counts, [100, 100, 100]);
});

Deno.test("readAppSpecification leaves out what makes no sense, and keeps ports in pairs", () => {
  const data = {
    version: 9,
    name: "vaultdemo",
    instances: "3",
    enterprise: null,
    compose: [
      null,
      { ports: [1] },
      { name: "bare" },
      { name: "web", ports: [80, 70_000, 81, "82", 83], containerPorts: [8080, 1, 0, "8082"] },
    ],
  };
  assertEquals(readAppSpecification(data, "vaultdemo"), {
    name: "vaultdemo",
    version: 9,
    components: [
      { name: "bare", ports: [], containerPorts: [], mounts: [] },
      { name: "web", ports: [80, 82], containerPorts: [8080, 8082], mounts: [] },
    ],
    enterprise: false,
  });
});

Deno.test("readAppSpecification counts components that it leaves out where one refers to another", () => {
  const compose = [
    null,
    { containerData: "r:/nameless" },
    { name: "agent", containerData: "/own|1:/nameless|2:/again" },
  ];
  const data = { version: 8, name: "vaultdemo", compose };
  assertEquals(readAppSpecification(data, "vaultdemo").components.map(({ mounts }) => mounts), [[
    { path: "/own", isReplicated: false },
    { path: "/nameless", isReplicated: true },
    { path: "/again", isReplicated: false },
  ]]);
});

Deno.test("readAppSpecification refuses what is not the specification of this app", () => {
  const bad = [
    null,
    [],
    {},
    { version: 8, name: "other", compose: [] },
    { name: "vaultdemo", compose: [] },
    { version: 0, name: "vaultdemo", compose: [] },
    { version: "8", name: "vaultdemo", compose: [] },
    { version: 8, name: "vaultdemo" },
    { version: 8, name: "vaultdemo", compose: {} },
  ];
  for (const data of bad) {
    const reading = () => readAppSpecification(data, "vaultdemo");
    assert(assertThrows(reading, FluxApiError, "response-malformed").transient);
  }
});

Deno.test("readAppSpecification gives paired ports or a FluxApiError for any data", () => {
  const ports = fc.oneof(fc.array(fc.oneof(fc.nat(70_000), fc.jsonValue())), fc.jsonValue());
  const containerData = fc.oneof(fc.constantFrom("/a", "r:/a|0:/b"), fc.jsonValue());
  const component = fc.record({ name: fc.string(), ports, containerPorts: ports, containerData });
  const data = fc.oneof(
    fc.jsonValue(),
    fc.record({
      version: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.jsonValue()),
      name: fc.constantFrom("a", "A", "b"),
      instances: fc.jsonValue(),
      compose: fc.oneof(fc.array(fc.oneof(component, fc.jsonValue())), fc.jsonValue()),
      port: fc.jsonValue(),
      containerPort: fc.jsonValue(),
      ports,
      containerPorts: ports,
      containerData,
      enterprise: fc.jsonValue(),
    }, { requiredKeys: ["version", "name"] }),
  );
  fc.assert(fc.property(data, (data) => {
    try {
      for (const { ports, containerPorts } of readAppSpecification(data, "a").components) {
        assertEquals(ports.length, containerPorts.length);
        for (const port of [...ports, ...containerPorts]) assert(port >= 1 && port <= 65_535);
      }
    } catch (error) {
      if (!(error instanceof FluxApiError)) throw error;
      assertEquals(error.code, "response-malformed");
    }
  }));
});
