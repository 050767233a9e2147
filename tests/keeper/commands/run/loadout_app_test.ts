import {
  declarationsIn,
  settingsText,
  wishOf,
} from "../../../../keeper/commands/run/loadout_app.ts";
import { FluxFleet } from "../../../../keeper/fleet/flux_fleet.ts";
import { type AppLoadout, parseLoadout } from "../../../../keeper/loadout/mod.ts";
import { ConfigError } from "../../../../protocol/mod.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { runContext } from "../../../support/run_context.ts";

const DIRECTIVES = "    groups: { all: { state_directives: [{ source: a }] } }\n";

/** Reads one app, with some settings, and what it declares. */
function appWith(settings: string, declares = DIRECTIVES): AppLoadout {
  const text = `version: 1\napps:\n  shop:\n${settings}${declares}`;
  const resolveVault = (_name: string, vault = "shop") => `/vaults/${vault}`;
  const { apps: [app] } = parseLoadout(text, { file: "all.yaml", app: null, resolveVault });
  assert(app !== undefined);
  return app;
}

Deno.test("wishOf asks the network for the agents of an app that names none, and lets the operator decide", async () => {
  const context = await runContext(["--polling-interval", "7", "--discovery-interval", "8"]);
  const wish = await wishOf(appWith("    port: 9999\n"), context);
  assert(wish.fleet instanceof FluxFleet && wish.fleet.app === "shop");
  assertEquals([wish.trust, wish.firstUseLimit, wish.signWith], ["approve", undefined, null]);
  assertEquals([wish.pollingIntervalMs, wish.discoveryIntervalMs], [7_000, 8_000]);
  assertEquals([wish.name, wish.wires.hasOriginal], ["shop", false]);
});

Deno.test("wishOf trusts as many agents at first use as an app names, unless it says otherwise", async () => {
  const context = await runContext([]);
  const named = await wishOf(appWith("    agents: [192.0.2.1, 192.0.2.2]\n"), context);
  assertEquals([named.trust, named.firstUseLimit], ["first-use", 2]);
  assertEquals((await named.fleet.list()).map(({ port }) => port), [8888, 8888]);
  const settings = "    agents: [192.0.2.1]\n    trust: pinned\n    first_use_limit: 5\n" +
    "    wire: original\n    polling_interval: 2m\n    discovery_interval: 30\n";
  const other = await wishOf(appWith(settings.replace("    wire: original\n", "")), context);
  assertEquals([other.trust, other.firstUseLimit], ["pinned", 5]);
  assertEquals([other.pollingIntervalMs, other.discoveryIntervalMs], [120_000, 30_000]);
});

Deno.test("wishOf declares what the app says at the time, as the same object while it is the same", async () => {
  const [before, after] = [appWith(""), appWith("", DIRECTIVES.replace("source: a", "source: b"))];
  let current = before;
  const wish = await wishOf(before, await runContext([]), () => current);
  const first = await wish.declare();
  assert(await wish.declare() === first);
  assertEquals(first.all.map(({ source }) => source), ["a"]);
  current = after;
  assertEquals((await wish.declare()).all.map(({ source }) => source), ["b"]);
});

Deno.test("wishOf names the app and its place where something is wrong with it", async () => {
  const { mistake } = await wishOf(appWith(""), await runContext([]));
  const error = mistake({ about: "vault", problem: "names no folder", hint: "Make it." });
  assert(error instanceof ConfigError && error.hint === "Make it.");
  assertEquals(error.message, "shop: its vault names no folder");
  assert(/:3:3$/.test(error.source ?? ""), error.source);
});

Deno.test("declarationsIn has what each component is given, and for the others what all are", () => {
  const declares = "    groups: { all: { state_directives: [{ source: a }] } }\n" +
    "    components: { web: { state_directives: [{ source: b }] }, db: { state_directives: [] } }\n";
  const { all, components, of } = declarationsIn(appWith("", declares));
  assertEquals(components, ["web", "db"]);
  assertEquals(
    ["web", "WEB", "db", "x", null].map((name) => of(name).map(({ source }) => source)),
    [
      ["a", "b"],
      ["a", "b"],
      ["a"],
      ["a"],
      ["a"],
    ],
  );
  for (const name of ["web", "db", "x", null]) {
    const list = of(name);
    assert(list.every((declaration) => all.includes(declaration)) && of(name) === list);
  }
});

Deno.test("settingsText is the same for what goes elsewhere, and another for every setting", () => {
  const plain = settingsText(appWith(""));
  assertEquals(settingsText(appWith("", DIRECTIVES.replace("source: a", "source: b"))), plain);
  const settings = [
    "agents: [192.0.2.1]",
    "flux_api: http://127.0.0.1:1",
    "port: 1",
    "wire: [192.0.2.1=original]",
    "trust: pinned",
    "first_use_limit: 3",
    "polling_interval: 5",
    "discovery_interval: 5",
    "vault: elsewhere",
  ];
  const texts = settings.map((setting) => settingsText(appWith(`    ${setting}\n`)));
  assertEquals(new Set([plain, ...texts]).size, settings.length + 1);
});
