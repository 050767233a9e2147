/**
 * Changes of the vault while the real keeper runs.
 *
 * @module
 */
import { assertEquals } from "../support/assert.ts";
import type { JsonLine } from "../support/followed_process.ts";
import { outcomesOf, readTree, Site } from "../support/site.ts";

Deno.test("keeper: brings a change of the vault without waiting for the next pass", async () => {
  await using site = await Site.open({ "conf/a": "1", "conf/sub/b": "2", "motd": "hello" });
  const agent = await site.startAgent();
  const keeper = await site.startKeeper({
    agents: [agent.address],
    managed: ["conf", "motd"],
    args: ["--polling-interval", "3600"],
  });
  const told = (path: string, outcome: string) =>
    keeper.waitForJson((line: JsonLine) => {
      return line.type === "agent" && outcomesOf(line)[path] === outcome;
    });
  await told("motd", "created");
  await site.store({ "conf/sub/b": "3", "conf/new/c": "4" });
  await told("conf/new/c", "created");
  await Deno.remove(site.path("vault/conf/a"));
  await told("conf/a", "removed");
  assertEquals(await readTree(agent.files), await readTree(site.path("vault")));
  assertEquals((await keeper.stop()).code, 0);
});
