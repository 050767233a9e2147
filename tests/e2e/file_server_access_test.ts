/**
 * Who may ask the file server of the real agent program, in a network with neighbours of all kinds and a
 * DNS that names them as an engine's does.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { AppNetwork, missingForAppNetwork } from "../support/app_network.ts";
import { Site } from "../support/site.ts";
import { deliverWhole } from "../support/whole_delivery.ts";

const MISSING = await missingForAppNetwork();
const OPTIONS = { ignore: MISSING !== null };

const NEIGHBOURS = {
  lucid: "172.23.7.3",
  otherApp: "172.23.7.4",
  noName: "172.23.7.5",
  mismatch: "172.23.7.6",
  stranger: "198.51.100.7",
};
const FILE = "/files/db.password";
const RECORDS = {
  names: {
    [NEIGHBOURS.lucid]: ["fluxlucid_shop.fluxDockerNetwork_shop."],
    [NEIGHBOURS.otherApp]: ["fluxlucid_other.fluxDockerNetwork_shop."],
    [NEIGHBOURS.mismatch]: ["fluxweb_shop.fluxDockerNetwork_shop."],
    [NEIGHBOURS.stranger]: ["fluxweb_shop.fluxDockerNetwork_shop."],
  },
  addresses: {
    fluxlucid_shop: [NEIGHBOURS.lucid],
    fluxlucid_other: [NEIGHBOURS.otherApp],
    fluxweb_shop: [NEIGHBOURS.stranger],
  },
};

Deno.test(
  "agent: serves the components of its app, and turns every other neighbour away",
  OPTIONS,
  async () => {
    await using network = await AppNetwork.open(RECORDS, Object.values(NEIGHBOURS));
    await using site = await Site.open({ "db.password": "one" });
    const agent = await network.startServing(site, ["--app-name", "shop"]);
    await deliverWhole(site, agent);
    assertEquals(await network.ask(NEIGHBOURS.lucid, FILE), ["200", "one"]);
    const refused: readonly (readonly [string, RegExp])[] = [
      [NEIGHBOURS.otherApp, /no container of the agent's app/],
      [NEIGHBOURS.noName, /no name for this address/],
      [NEIGHBOURS.mismatch, /leads to another address/],
      [NEIGHBOURS.stranger, /only addresses of a private network/],
    ];
    for (const [from, reason] of refused) {
      for (let i = 0; i < 2; i++) {
        const [status, body] = await network.ask(from, FILE);
        assertEquals(status, "403");
        assertMatch(body, reason);
      }
      await agent.program.waitForLog(new RegExp(`turned somebody away.*${from}`));
    }
    const told = agent.program.stderr.match(/turned somebody away/g) ?? [];
    assertEquals(told.length, refused.length);
  },
);

Deno.test(
  "agent: knows the components of its app by a DNS that speaks UDP alone",
  OPTIONS,
  async () => {
    const options = { byDatagrams: true };
    await using network = await AppNetwork.open(RECORDS, Object.values(NEIGHBOURS), options);
    await using site = await Site.open({ "db.password": "one" });
    const agent = await network.startServing(site, ["--app-name", "shop"]);
    await deliverWhole(site, agent);
    const { stranger: _stranger, ...neighbours } = NEIGHBOURS;
    const statuses = Object.entries(neighbours).map(async ([name, from]) => {
      return [name, (await network.ask(from, FILE))[0]];
    });
    assertEquals(await Promise.all(statuses), [
      ["lucid", "200"],
      ["otherApp", "403"],
      ["noName", "403"],
      ["mismatch", "403"],
    ]);
  },
);

Deno.test(
  "agent: asks for its key where there is one, whatever the DNS says",
  OPTIONS,
  async () => {
    const key = "correct-horse-battery-staple";
    await using network = await AppNetwork.open(RECORDS, Object.values(NEIGHBOURS));
    await using site = await Site.open({ "db.password": "one", "server.key": `${key}\n` });
    const args = ["--app-name", "shop", "--fileserver-key", "server.key"];
    const agent = await network.startServing(site, args);
    await deliverWhole(site, agent);
    const shown = ["-H", `Authorization: Bearer ${key}`];
    assertEquals((await network.ask(NEIGHBOURS.lucid, FILE))[0], "401");
    assertEquals(
      (await network.ask(NEIGHBOURS.lucid, FILE, ["-H", "Authorization: Bearer wrong"]))[0],
      "401",
    );
    assertEquals(await network.ask(NEIGHBOURS.noName, FILE, shown), ["200", "one"]);
    assertEquals((await network.ask(NEIGHBOURS.stranger, FILE, shown))[0], "403");
    await site.store({ "server.key": `new-${key}` });
    await deliverWhole(site, agent);
    assertEquals((await network.ask(NEIGHBOURS.noName, FILE, shown))[0], "401");
    assert(!agent.program.stderr.includes(key) && !agent.program.stdout.includes(key));
  },
);
