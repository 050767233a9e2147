import { type Action, openActionRegister } from "../../../../protocol/mod.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { ECHO } from "../../../support/call_desks.ts";
import { jsonLines } from "../../../support/followed_process.ts";
import { FleetSite } from "../fleet_site.ts";

const CLEAN: Action = {
  name: "clean",
  description: {
    describe: "Removes\u001b[31m old files.",
    input: { type: "object", properties: { days: { type: "integer" } }, required: ["days"] },
  },
  run: () => Promise.resolve(),
};

/** Opens a place with two agents that are trusted, one of which has an action more. */
async function open(): Promise<{ readonly site: FleetSite; readonly fleet: readonly string[] }> {
  const site = await FleetSite.open({ a: "1" });
  const calls = (actions: readonly Action[]) => ({ source: openActionRegister({ actions }) });
  const web = await site.add({ app: "shop", component: "web", calls: calls([ECHO, CLEAN]) });
  const db = await site.add({ app: "shop", component: "db", calls: calls([ECHO]) });
  const run = ["--app-name", "shop", ...site.deliveryOf([web, db], "a")];
  assertEquals((await site.run(["--run-once", ...run])).code, 0);
  return { site, fleet: ["--agent-ips", `${web.address},${db.address}`] };
}

Deno.test("actions lists what can be called, what it takes, and where it is not everywhere", async () => {
  const { site, fleet } = await open();
  await using _site = site;
  const { code, stdout, stderr } = await site.run(["actions", "shop", ...fleet]);
  assertEquals([code, stderr], [0, ""]);
  const rows = stdout.split("\n").map((line) => line.replaceAll(/\d{4,5}/g, "PORT"));
  assert(/^ACTION +TAKES +AGENTS +WHAT IT DOES$/.test(rows[0] ?? ""), stdout);
  assert(/^actions +\[Name:string\] +all +Lists/.test(rows[1] ?? ""), stdout);
  assert(/^clean +days:integer +127.0.0.1:PORT \(shop\/web\) +Removes/.test(rows[2] ?? ""), stdout);
  assert(/^echo +- +all +-$/.test(rows[3] ?? ""), stdout);
  assert(!stdout.includes("\u001b"), stdout);
  assert(stdout.endsWith("\n\n2 of 2 agents answered\n"), stdout);
});

Deno.test("actions writes a line of JSON for each agent, and one for all", async () => {
  const { site, fleet } = await open();
  await using _site = site;
  const { code, stdout } = await site.run(["actions", "shop/web", "--json", ...fleet]);
  const [line, all] = jsonLines(stdout);
  assertEquals([code, line?.type, line?.component, line?.outcome], [
    0,
    "actions",
    "web",
    "answered",
  ]);
  const { describe, input } = CLEAN.description ?? {};
  assertEquals(line?.actions[1], { name: "clean", describe, input, output: null });
  assertEquals(all, { type: "all-actions", agents: 1, answered: 1, problems: [] });
});

Deno.test("actions has status 1 where an agent does not answer, and 2 for two apps", async () => {
  const { site, fleet } = await open();
  await using _site = site;
  const gone = await site.run(["actions", "shop", "--agent-ips", `${fleet[1]},127.0.0.1:1`]);
  assertEquals(gone.code, 1);
  assert(gone.stdout.includes("127.0.0.1:1 (shop): unreachable"), gone.stdout);
  assert(gone.stdout.includes("2 of 3 agents answered"), gone.stdout);
  assertEquals((await site.run(["actions", "shop", "blog", ...fleet])).code, 2);
});
