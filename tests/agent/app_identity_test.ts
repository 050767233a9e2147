import { type AppIdentitySources, findAppIdentity } from "../../agent/app_identity.ts";
import { assertEquals, assertMatch, assertThrows } from "../support/assert.ts";

const NOTHING: AppIdentitySources = {
  appName: undefined,
  componentName: undefined,
  fluxAppName: undefined,
  hostName: undefined,
};

Deno.test("findAppIdentity takes what the Flux node says", () => {
  const sources = { ...NOTHING, fluxAppName: "shop", hostName: "web" };
  assertEquals(findAppIdentity(sources), { app: "shop", component: "web", notes: [] });
});

Deno.test("findAppIdentity takes what the operator says before what the node says", () => {
  const sources = { appName: "a", componentName: "b", fluxAppName: "shop", hostName: "web" };
  assertEquals(findAppIdentity(sources), { app: "a", component: "b", notes: [] });
});

Deno.test("findAppIdentity takes no host name for a component outside the Flux network", () => {
  const expected = { app: null, component: null, notes: [] };
  assertEquals(findAppIdentity({ ...NOTHING, hostName: "laptop" }), expected);
  assertEquals(findAppIdentity({ ...NOTHING, fluxAppName: "", hostName: "laptop" }), expected);
});

Deno.test("findAppIdentity notes what it found and could not use", () => {
  const { app, component, notes } = findAppIdentity({
    ...NOTHING,
    fluxAppName: "my shop",
    hostName: "web.local",
  });
  assertEquals([app, component], [null, null]);
  assertEquals(notes.length, 2);
  assertMatch(notes.join(), /FLUX_APP_NAME.*"my shop".*host name.*"web\.local"/);
});

Deno.test("findAppIdentity refuses a name of the operator that no message can carry", () => {
  for (const name of ["", "a b", "-a", "a".repeat(64), "a_b"]) {
    assertThrows(() => findAppIdentity({ ...NOTHING, appName: name }), RangeError);
    assertThrows(() => findAppIdentity({ ...NOTHING, componentName: name }), RangeError);
  }
});
