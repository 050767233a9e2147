import { NO_KEYS } from "../../../keeper/commands/key_desk.ts";
import { prepareFleet } from "../../../keeper/commands/prepared_fleet.ts";
import { parseWires } from "../../../keeper/contact/wire.ts";
import { declareForAll } from "../../../keeper/vault/declarations.ts";
import { declareWholeFolder } from "../../../keeper/vault/whole_folder.ts";
import { ConfigError, StorageError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { LoadoutPlace } from "../../support/loadout_place.ts";
import { partsOf, prepareIn, wishIn } from "./run/app_fixtures.ts";

async function placeWith(...names: readonly string[]): Promise<LoadoutPlace> {
  return await LoadoutPlace.make(Object.fromEntries(names.map((name) => [`vault/${name}`, name])));
}

Deno.test("prepareFleet calls it a mistake where there is no vault", async () => {
  await using place = await LoadoutPlace.make();
  const opening = async () =>
    await prepareIn(place, await place.context([]), wishIn(place, ["motd"]));
  const error = await assertRejects(opening, ConfigError, "config-invalid");
  assert(/^vault names no folder that can be read: ".*\/vault"/.test(error.message), error.message);
});

Deno.test("prepareFleet warns of what the vault cannot give, and refuses it where there is one pass alone", async () => {
  await using place = await placeWith("motd");
  const wish = wishIn(place, ["motd", "gone", "also/gone:x"]);
  const context = await place.context([]);
  await prepareIn(place, context, wish);
  const warned = context.logger.events.filter(({ level }) => level === "warn");
  assertEquals(warned.map(({ properties: { file, code } }) => [file, code]).sort(), [
    ["also/gone", "file-missing"],
    ["gone", "file-missing"],
  ]);
  const once = async () => await prepareIn(place, await place.context(["--run-once"]), wish);
  const error = await assertRejects(once, ConfigError, "config-invalid");
  assert(/files names what the vault cannot give: .*"gone" \(file-missing\)/.test(error.message));
});

Deno.test("prepareFleet refuses what goes below a file", async () => {
  await using place = await placeWith("motd", "key");
  const opening = async () => {
    return await prepareIn(place, await place.context([]), wishIn(place, ["motd:x", "key:x/key"]));
  };
  const error = await assertRejects(opening, ConfigError, "config-invalid");
  assert(/puts something below what is a file: "motd" \(target-taken\)/.test(error.message));
  // What is a folder now is none of that.
  await Deno.remove(place.path("vault/motd"));
  await place.write({ "vault/motd/sub": "1" });
  await opening();
});

Deno.test("prepareFleet looks at what any component is given", async () => {
  await using place = await placeWith("motd");
  const [all, own] = [wishIn(place, ["motd"]), wishIn(place, ["gone"])];
  const [{ all: shared }, { all: rest }] = [await all.declare(), await own.declare()];
  const declarations = {
    all: [...shared, ...rest],
    components: ["web"],
    hooks: [],
    of: (component: string | null) => component === "web" ? rest : shared,
  };
  const context = await place.context([]);
  const wish = { ...all, name: "shop", declare: () => Promise.resolve(declarations) };
  await prepareIn(place, context, wish);
  const [warned] = context.logger.events.filter(({ level }) => level === "warn");
  assertEquals([warned?.properties["app"], warned?.properties["file"]], ["shop", "gone"]);
});

Deno.test("prepareFleet takes a folder that is offered as a whole as it is", async () => {
  await using place = await placeWith("motd", "tls/key");
  const declare = async () => declareForAll(await declareWholeFolder(place.path("vault")));
  const wish = { ...wishIn(place, []), isWholeFolder: true, declare };
  const fleet = await prepareIn(place, await place.context(["--run-once"]), wish);
  assertEquals(fleet.declared, 2);
});

Deno.test("prepareFleet asks for keys only where something is signed, and fails with what is wrong with them", async () => {
  await using place = await placeWith("motd");
  const context = await place.context([]);
  const asked: (string | null)[] = [];
  const parts = partsOf(place, context, {
    keysFor: ({ fleet: { app } }) => {
      asked.push(app);
      return Promise.resolve(NO_KEYS);
    },
  });
  for (const wires of [parseWires([]), parseWires(["original"])]) {
    await prepareFleet(context, wishIn(place, ["motd"], { wires }), parts);
  }
  assertEquals(asked, ["shop"]);
  const keysFor = () => Promise.reject(new StorageError("locked", "no key"));
  const opening = () => prepareFleet(context, wishIn(place, ["motd"]), { ...parts, keysFor });
  await assertRejects(opening, StorageError, "locked");
});

Deno.test("prepareFleet ends with the reason of its signal, and calls that no mistake", async () => {
  await using place = await placeWith("motd");
  const signal = AbortSignal.abort(new DOMException("stop", "AbortError"));
  const context = await place.context([], { signal });
  await assertRejects(() => prepareIn(place, context, wishIn(place, ["motd"])), DOMException);
});

Deno.test("prepareFleet asks for nothing of the vault where agents are to remove all", async () => {
  await using place = await LoadoutPlace.make();
  const context = await place.context(["--run-once"]);
  const parts = { ...partsOf(place, context), isVaultUnused: true };
  const { declared, options } = await prepareFleet(context, wishIn(place, ["motd"]), parts);
  assertEquals(declared, 0);
  assert("all" in options.declarations && options.declarations.all.length === 0);
});
