import fc from "fast-check";
import {
  formatContainerName,
  parseContainerName,
  parseContainerPointer,
} from "../../flux/container_name.ts";
import { isRegistrableAppName, isRegistrableComponentName } from "../../flux/app_name.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";
import { readFluxFixtureData } from "../support/fake_flux_api.ts";

Deno.test("formatContainerName puts flux before component and app", () => {
  assertEquals(
    formatContainerName({ app: "vaultdemo", component: "agent" }),
    "fluxagent_vaultdemo",
  );
});

Deno.test("formatContainerName leaves the component out where there is none", () => {
  assertEquals(formatContainerName({ app: "vaultthree" }), "fluxvaultthree");
});

Deno.test("formatContainerName refuses names that cannot be registered", () => {
  assertThrows(() => formatContainerName({ app: "a_b" }), TypeError);
  assertThrows(() => formatContainerName({ app: "a", component: "fluxagent" }), TypeError);
});

Deno.test("parseContainerName reads what FluxOS lists, before and after August 2026", async () => {
  for (const version of ["8_17", "after_2026_08"]) {
    const data = await readFluxFixtureData(`apps_listrunningapps_${version}.json`);
    const names = (data as { Names: string[] }[]).flatMap(({ Names }) => Names);
    assertEquals(names.map(parseContainerName), [{ app: "vaultdemo", component: "agent" }]);
  }
});

Deno.test("parseContainerName takes off exactly four characters of flux", () => {
  for (const component of ["lucid", "ulf", "xf", "Flux", "f"]) {
    assertEquals(parseContainerName(`flux${component}_myapp`), { app: "myapp", component });
  }
});

Deno.test("parseContainerName takes the prefix of the oldest apps", () => {
  assertEquals(parseContainerName("zelKadenaChainWebNode"), { app: "KadenaChainWebNode" });
});

Deno.test("parseContainerName refuses what FluxOS would not have named", () => {
  const names = [
    "",
    "flux",
    "watchtower",
    "flux_app",
    "fluxa_",
    "fluxa_b_c",
    "fluxa b_c",
    "//fluxa",
  ];
  for (const name of [...names, "fluxfluxagent_app"]) {
    assertEquals(parseContainerName(name), null, name);
  }
});

Deno.test("parseContainerName reads back whatever formatContainerName wrote", () => {
  const app = fc.stringMatching(/^[a-zA-Z0-9]([a-zA-Z0-9-]{0,20}[a-zA-Z0-9])?$/).filter(
    isRegistrableAppName,
  );
  const component = fc.stringMatching(/^[a-zA-Z0-9]{1,20}$/).filter(isRegistrableComponentName);
  const identity = fc.record({ app, component }, { requiredKeys: ["app"], noNullPrototype: true });
  fc.assert(fc.property(identity, (value) => {
    assertEquals(parseContainerName(formatContainerName(value)), value);
  }));
});

Deno.test("parseContainerPointer reads app, component and network, with and without the dot", () => {
  const expected = { app: "myapp", component: "web", networkApp: "myapp" };
  assertEquals(parseContainerPointer("fluxweb_myapp.fluxDockerNetwork_myapp."), expected);
  assertEquals(parseContainerPointer("fluxweb_myapp.fluxDockerNetwork_myapp"), expected);
});

Deno.test("parseContainerPointer keeps the letters that a component shares with flux", () => {
  const pointer = "fluxlucid_myapp.fluxDockerNetwork_myapp.";
  assertEquals(parseContainerPointer(pointer)?.component, "lucid");
});

Deno.test("parseContainerPointer shows the container of a linked app as that of another app", () => {
  assertEquals(parseContainerPointer("fluxweb_other.fluxDockerNetwork_myapp."), {
    app: "other",
    component: "web",
    networkApp: "myapp",
  });
});

Deno.test("parseContainerPointer refuses other forms", () => {
  const pointers = [
    "",
    ".",
    "fluxweb_myapp",
    "fluxweb_myapp.bridge.",
    "fluxweb_myapp.fluxDockerNetwork_",
    "/fluxweb_myapp.fluxDockerNetwork_myapp.",
    "fluxweb_myapp.fluxDockerNetwork_myapp.example.org.",
    "fluxweb_myapp.fluxDockerNetwork_myapp..",
  ];
  for (const pointer of pointers) assertEquals(parseContainerPointer(pointer), null, pointer);
});
