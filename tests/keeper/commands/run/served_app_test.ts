import { assertEquals } from "../../../support/assert.ts";
import { ListeningAgent, LoadoutPlace } from "../../../support/loadout_place.ts";
import { parseAgentAddresses } from "../../../../keeper/fleet/agent_address.ts";
import { StaticFleet } from "../../../../keeper/fleet/fleet.ts";
import { StatusFile } from "../../../../keeper/status/status_file.ts";
import { openIn, wishIn } from "./app_fixtures.ts";

Deno.test("openApp puts on record that an app is served, and that it is no more", async () => {
  await using place = await LoadoutPlace.make({ "vault/motd": "1" });
  const context = await place.context([]);
  {
    await using app = await openIn(place, context, wishIn(place, ["motd"]));
    assertEquals([app.name, app.vaultFolder], [null, place.path("vault")]);
  }
  const lines = (await Deno.readTextFile(place.path("state/audit.jsonl"))).trimEnd().split("\n");
  const events = lines.map((line) => JSON.parse(line)).map(({ event, app }) => [event, app]);
  assertEquals(events, [["start", "shop"], ["stop", "shop"]]);
});

Deno.test("openApp notes how each contact went, and that nobody is served any more", async () => {
  await using agent = await ListeningAgent.open({ app: "shop" });
  await using place = await LoadoutPlace.make({ "vault/motd": "1" });
  const fleet = new StaticFleet(parseAgentAddresses([agent.address]), { app: "shop" });
  const status = async () => (await new StatusFile(place.path("state")).load()).agents;
  {
    await using app = await openIn(
      place,
      await place.context([]),
      wishIn(place, ["motd"], { fleet }),
    );
    await app.keeper.pass();
    await app.status.flush();
    assertEquals((await status()).map(({ address, dueMs }) => [address, dueMs !== null]), [
      [agent.address, true],
    ]);
  }
  assertEquals((await status()).map(({ dueMs }) => dueMs), [null]);
});
