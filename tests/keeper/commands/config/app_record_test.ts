import { describeApp, formatApps } from "../../../../keeper/commands/config/app_record.ts";
import { parseLoadout } from "../../../../keeper/loadout/mod.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { LOADOUT } from "./config_site.ts";

function loadout() {
  const { apps, warnings } = parseLoadout(LOADOUT, {
    file: "loadout.yaml",
    app: null,
    resolveVault: (app) => `/vault/${app}`,
  });
  return { path: "loadout.yaml", files: ["loadout.yaml"], apps, warnings };
}

Deno.test("describeApp has stable members", () => {
  const { apps: [app], ...rest } = loadout();
  assert(app !== undefined);
  assertEquals(describeApp({ ...rest, apps: [app] }, app), {
    loadout: "loadout.yaml",
    app: "demo",
    origin: "loadout.yaml:3:3",
    vault: "/vault/demo",
    agents: ["node:9000"],
    components: ["web", "db"],
    hooks: ["reload"],
    certificates: [],
    services: [],
    directives: 2,
  });
});

Deno.test("formatApps cuts what is too long for a line", () => {
  const { apps: [app], ...rest } = loadout();
  assert(app !== undefined);
  const many = { ...app, components: Array.from({ length: 50 }, (_, i) => `component${i}`) };
  const [, line = ""] = formatApps({ ...rest, apps: [many] }).split("\n");
  assert(line.length < 200 && line.includes("component0, component1") && line.includes("..."));
});
