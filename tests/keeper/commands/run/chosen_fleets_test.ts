import { run as plan } from "../../../../keeper/commands/plan_command.ts";
import { prepareFleets } from "../../../../keeper/commands/run/chosen_fleets.ts";
import { ConfigError } from "../../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";
import { ListeningAgent, LoadoutPlace } from "../../../support/loadout_place.ts";

const ALL = { isMeant: () => true, isVaultUnused: false, isPlan: false };

function app(name: string, address: string, source = "motd"): string {
  return `  ${name}: { agents: ["${address}"], groups: { all: { state_directives: [{ source: ${source} }] } } }\n`;
}

async function placeWith(shop = "127.0.0.1:1", blog = "127.0.0.1:2"): Promise<LoadoutPlace> {
  return await LoadoutPlace.make({
    "all.yaml": `version: 1\napps:\n${app("shop", shop)}${app("blog", blog)}`,
    "shop/motd": "shop",
    "blog/motd": "blog",
  });
}

async function argsOf(place: LoadoutPlace, ...args: readonly string[]) {
  return await place.context(["--loadout", place.path("all.yaml"), ...args]);
}

Deno.test("prepareFleets prepares the apps of a loadout that are meant, and names all that there are", async () => {
  await using place = await placeWith();
  const whole = await prepareFleets(await argsOf(place), ALL);
  assertEquals(whole.fleets.map(({ name }) => name), ["shop", "blog"]);
  const isMeant = (name: string | null) => name === "blog";
  const some = await prepareFleets(await argsOf(place), { ...ALL, isMeant });
  assertEquals([some.fleets.map(({ name }) => name), some.apps], [["blog"], ["shop", "blog"]]);
  const named = await prepareFleets(await argsOf(place, "--app-name", "shop"), ALL);
  assertEquals([named.apps, named.stateFolder], [["shop"], place.path("state")]);
});

Deno.test("prepareFleets prepares the app of the flags where there is no loadout", async () => {
  await using place = await placeWith();
  const args = ["--managed-files", "motd", "--agent-ips", "127.0.0.1:1", "--app-name", "one"];
  const context = await place.context([...args, "--vault-dir", place.path("shop")]);
  const { fleets, apps } = await prepareFleets(context, ALL);
  assertEquals([fleets.map(({ name, declared }) => [name, declared]), apps], [[[null, 1]], [
    "one",
  ]]);
});

Deno.test("prepareFleets says which app is wrong, unless that is not meant", async () => {
  await using place = await placeWith();
  await Deno.remove(place.path("blog"), { recursive: true });
  const preparing = async () => await prepareFleets(await argsOf(place), ALL);
  const error = await assertRejects(preparing, ConfigError, "config-invalid");
  assert(/^blog: its vault names no folder/.test(error.message), error.message);
  const isMeant = (name: string | null) => name === "shop";
  await prepareFleets(await argsOf(place), { ...ALL, isMeant });
  // Whoever has all removed needs no vault.
  await prepareFleets(await argsOf(place), { ...ALL, isVaultUnused: true });
});

Deno.test("prepareFleets lets a plan be made of every app of a loadout", async () => {
  await using shop = await ListeningAgent.open({ app: "shop" });
  await using blog = await ListeningAgent.open({ app: "blog" });
  await using place = await placeWith(shop.address, blog.address);
  const context = await argsOf(place, "--json");
  const settings = { ...context.settings, only: [], all: false };
  assertEquals(await plan({ ...context, settings }), 3);
  const told = context.stdout.text.trimEnd().split("\n").map((line) => JSON.parse(line));
  const apps = told.flatMap((line) => line.app ?? []);
  assertEquals([...new Set(apps)].sort(), ["blog", "shop"]);
  assertEquals([shop.read("motd"), blog.read("motd")], [null, null]);
});
