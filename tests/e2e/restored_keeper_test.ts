/**
 * A keeper whose state folder was put back from a copy: agents have seen later manifests than it knows
 * of, and it has to go on behind them by itself.
 *
 * @module
 */
import { encodeWif, generatePrivateKey, zelIdOfKey } from "../../flux/mod.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { startSignedAgent } from "../support/signed_agent.ts";
import { type KeeperRun, readKeeperRun, type RunningAgent, Site } from "../support/site.ts";

const KEY = generatePrivateKey();
const ADDRESS = zelIdOfKey(KEY);

async function keep(site: Site, agent: RunningAgent): Promise<KeeperRun> {
  const end = await site.run("keeper", [
    ...["--run-once", "--json", "--agent-ips", agent.address],
    ...["--vault-dir", "vault", "--state-dir", "keeper-state", "--managed-files", "db.password"],
    ...["--sign-connections", "--zelid", ADDRESS],
  ], { input: `${encodeWif(KEY)}\n` });
  return readKeeperRun(end);
}

Deno.test("keeper: goes on behind what an agent has seen where its state was put back from a copy", async () => {
  await using site = await Site.open({ "db.password": "one" });
  const agent = await startSignedAgent(site, { zelids: [ADDRESS] });
  assertEquals((await keep(site, agent)).code, 0);
  const file = site.path("keeper-state/known_agents.json");
  const copy = await Deno.readFile(file);
  await site.store({ "db.password": "two" });
  assertEquals((await keep(site, agent)).code, 0);

  // The vault is as it was, and the copy of the state with it: the number on record is the old one.
  await site.store({ "db.password": "one" });
  await Deno.writeFile(file, copy);
  const restored = await keep(site, agent);
  assertEquals(restored.code, 0, restored.stderr);
  assertMatch(restored.stderr, /seen a later manifest than this keeper has on record/);
  assertEquals(await Deno.readTextFile(`${agent.files}/db.password`), "one");
  const settled = await keep(site, agent);
  assertEquals([settled.code, settled.stderr.includes("later manifest")], [0, false]);
});
