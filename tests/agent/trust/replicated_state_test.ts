import { isStateReplicated } from "../../../agent/trust/replicated_state.ts";
import type { AppComponent, AppSpecification } from "../../../flux/mod.ts";
import { assertEquals } from "../../support/assert.ts";

function component(name: string, path: string, isReplicated: boolean): AppComponent {
  return { name, ports: [], containerPorts: [], mounts: [{ path, isReplicated }] };
}

function specification(...components: AppComponent[]): AppSpecification {
  return { name: "shop", version: 8, components, enterprise: false };
}

const PLACES: readonly (readonly [string, AppSpecification, string | null, string, boolean])[] = [
  [
    "in a replicated volume",
    specification(component("web", "/data", true)),
    "web",
    "/data/s",
    true,
  ],
  ["in a local volume", specification(component("web", "/data", false)), "web", "/data/s", false],
  ["in no volume", specification(component("web", "/data", true)), "web", "/state", false],
  [
    "in the volume of another component",
    specification(component("db", "/data", true), component("web", "/web", false)),
    "web",
    "/data/s",
    false,
  ],
  [
    "of a component that is not there",
    specification(component("db", "/data", true)),
    "web",
    "/data",
    false,
  ],
  ["of the only component", specification(component("shop", "/data", true)), null, "/data", true],
  [
    "of one component of several that is not named",
    specification(component("db", "/data", true), component("web", "/data", true)),
    null,
    "/data",
    false,
  ],
  ["of an app that hides its components", specification(), "web", "/data", false],
];

for (const [where, app, name, folder, expected] of PLACES) {
  Deno.test(`isStateReplicated says ${expected} of a folder ${where}`, () => {
    assertEquals(isStateReplicated(app, { component: name, folder }), expected);
  });
}
