import { chooseLoadout } from "../../../../keeper/commands/run/chosen_loadout.ts";
import { RememberedLoadout } from "../../../../keeper/loadout/mod.ts";
import { ConfigError } from "../../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";
import { LoadoutPlace } from "../../../support/loadout_place.ts";

const APP = "version: 1\ngroups: { all: { state_directives: [{ source: motd }] } }\n";
const ALL =
  "version: 1\napps: { blog: { groups: { all: { state_directives: [{ source: a }] } } } }\n";

async function placeWithAll(): Promise<LoadoutPlace> {
  return await LoadoutPlace.make({
    "vault/shop/fluxvault.yaml": APP,
    "plain/motd": "1",
    "all.yaml": ALL,
    "other.yaml": ALL.replace("blog", "other"),
  });
}

/** Returns the apps of the loadout that is chosen, or `null` where none is. */
async function choose(place: LoadoutPlace, ...args: readonly string[]): Promise<string[] | null> {
  const context = await place.context(args);
  const chosen = await chooseLoadout(context, { stateFolder: () => place.path("state") });
  return chosen?.opened.loadout.apps.filter(chosen.isMeant).map(({ app }) => app) ?? null;
}

Deno.test("chooseLoadout takes what is named before what is found, and what is found before what is remembered", async () => {
  await using place = await placeWithAll();
  const [vault, plain] = [place.path("vault"), place.path("plain")];
  assertEquals(await choose(place, "--loadout", place.path("all.yaml")), ["blog"]);
  assertEquals(await choose(place, "--loadout", vault), ["shop"]);
  assertEquals(await choose(place, "--vault-dir", vault), ["shop"]);
  assertEquals(await choose(place, "--vault-dir", `${vault}/shop`), ["shop"]);
  assertEquals(await choose(place), null);
  await new RememberedLoadout(place.path("state")).keep(place.path("other.yaml"));
  assertEquals(await choose(place), ["other"]);
  assertEquals(await choose(place, "--vault-dir", vault), ["shop"]);
  assertEquals(await choose(place, "--loadout", place.path("all.yaml")), ["blog"]);
  assertEquals(await choose(place, "--vault-dir", plain), null);
});

Deno.test("chooseLoadout leaves one app to the flags where they name its files", async () => {
  await using place = await placeWithAll();
  await new RememberedLoadout(place.path("state")).keep(place.path("other.yaml"));
  assertEquals(await choose(place, "--managed-files", "motd"), null);
  const vault = ["--vault-dir", place.path("vault")];
  assertEquals(await choose(place, "--managed-files", "motd", ...vault), null);
});

const OF_ONE_APP: readonly (readonly string[])[] = [
  ["--managed-files", "motd"],
  ["--agent-ips", "127.0.0.1"],
  ["--comms-port", "1"],
  ["--wire", "2"],
  ["--trust", "pinned"],
  ["--first-use-limit", "1"],
  ["--require", "approved"],
  ["--sign-connections"],
  ["--zelid", "x"],
  ["--vault-dir", "vault"],
];

for (const args of OF_ONE_APP) {
  Deno.test(`chooseLoadout refuses ${args[0]} beside a loadout`, async () => {
    await using place = await placeWithAll();
    const choosing = () => choose(place, "--loadout", place.path("all.yaml"), ...args);
    const error = await assertRejects(choosing, ConfigError, "config-invalid");
    assertEquals(error.setting, args[0]);
    assert(/has no use beside/.test(error.message) && error.hint !== undefined, error.message);
  });
}

Deno.test("chooseLoadout tells of the mistakes of the loadout that is meant", async () => {
  await using place = await placeWithAll();
  await place.write({ "vault/shop/fluxvault.yaml": APP.replace("source", "sorce") });
  const error = await assertRejects(
    () => choose(place, "--vault-dir", place.path("vault")),
    ConfigError,
    "config-invalid",
  );
  assert(/sorce/.test(error.message), error.message);
  const gone = () => choose(place, "--loadout", place.path("gone.yaml"));
  await assertRejects(gone, ConfigError, "config-invalid");
});

Deno.test("chooseLoadout means the app that is named, and refuses one that the loadout has not", async () => {
  await using place = await placeWithAll();
  const all = ["--loadout", place.path("all.yaml")];
  assertEquals(await choose(place, ...all, "--app-name", "BLOG"), ["blog"]);
  const choosing = () => choose(place, ...all, "--app-name", "shop");
  const error = await assertRejects(choosing, ConfigError, "config-invalid");
  assertEquals([error.setting, error.hint], ["--app-name", "Its apps are: blog."]);
});

Deno.test("chooseLoadout leaves it to the flags to wipe what no loadout has, unless one is named", async () => {
  await using place = await placeWithAll();
  await new RememberedLoadout(place.path("state")).keep(place.path("all.yaml"));
  const wipe = async (...args: readonly string[]) => {
    const context = await place.context(args);
    const options = { stateFolder: () => place.path("state"), isVaultUnused: true };
    return await chooseLoadout(context, options) !== null;
  };
  assertEquals(await wipe("--app-name", "blog"), true);
  assertEquals(await wipe("--app-name", "gone"), false);
  assertEquals(await wipe("--app-name", "blog", "--agent-ips", "127.0.0.1"), false);
  const named = ["--loadout", place.path("all.yaml")];
  await assertRejects(() => wipe(...named, "--app-name", "gone"), ConfigError, "config-invalid");
  await assertRejects(() => wipe(...named, "--wire", "2"), ConfigError, "config-invalid");
});
