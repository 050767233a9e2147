import { assert, assertEquals } from "../../support/assert.ts";
import { jsonLines } from "../../support/followed_process.ts";
import { FleetSite, type SiteAgent } from "./fleet_site.ts";

const FILES = { "db.password": "correct horse", "app.conf": "a=1" };
const MANAGED = "db.password,app.conf";

/** Opens a place where two components hold what is declared. */
async function served(): Promise<{
  readonly site: FleetSite;
  readonly web: SiteAgent;
  readonly db: SiteAgent;
  readonly args: readonly string[];
}> {
  const site = await FleetSite.open(FILES);
  const web = await site.add({ app: "shop", component: "web" });
  const db = await site.add({ app: "shop", component: "db" });
  const run = ["--app-name", "shop", ...site.deliveryOf([web, db], MANAGED)];
  assertEquals((await site.run(["--run-once", ...run])).code, 0);
  return { site, web, db, args: ["--agent-ips", `${web.address},${db.address}`] };
}

function counts(...agents: readonly SiteAgent[]): number[] {
  return agents.map(({ agent }) => agent.store.paths().length);
}

Deno.test("wipe has the agents of an app remove all, once its name was typed", async () => {
  const { site, web, db, args } = await served();
  await using _site = site;
  const no = await site.run(["wipe", "shop", ...args], { answers: ["yes"] });
  assertEquals([no.code, counts(web, db)], [1, [2, 2]]);
  assert(no.stderr.includes("Nothing was removed.") && no.stdout.includes("remove"), no.stdout);
  const { code, stdout, stderr } = await site.run(["wipe", "shop", ...args], { answers: ["Shop"] });
  assertEquals([code, counts(web, db)], [0, [0, 0]]);
  assert(stdout.includes("2 removed"), stdout);
  assert(/A keeper that still serves\s.* again/.test(stderr), stderr);
});

Deno.test("wipe needs --yes where nobody can be asked, and one app that is named", async () => {
  const { site, web, db, args } = await served();
  await using _site = site;
  const contacts = web.agent.contacts;
  for (
    const [words, reason] of [
      [["shop"], "--yes"],
      [["--yes"], "has to be named"],
      [["--yes", "*"], "has to be named"],
      [["--yes", "shop", "blog"], "one app at a time"],
      [["--yes", "--only", "shop,blog"], "one app at a time"],
      [["--yes", "--only", "shop", "shop"], "one app at a time"],
      [["--yes", "--app-name", "blog", "shop"], "not that of --app-name"],
      [["--yes", "sh op"], "names no app"],
    ] as const
  ) {
    const { code, stderr, stdout } = await site.run(["wipe", ...words, ...args]);
    assertEquals([code, stdout], [2, ""], stderr);
    assert(stderr.includes(reason), stderr);
  }
  assertEquals([web.agent.contacts, counts(web, db)], [contacts, [2, 2]]);
});

Deno.test("wipe leaves the other components alone, and puts on record what was removed", async () => {
  const { site, web, db, args } = await served();
  await using _site = site;
  const { code, stdout } = await site.run(["wipe", "shop/web", "--yes", "--json", ...args]);
  assertEquals([code, counts(web, db)], [0, [0, 2]]);
  const agent = jsonLines(stdout).find(({ type }) => type === "agent");
  assertEquals(agent?.counts.removed, 2);
  const [command, , result] = (await site.events()).slice(-4);
  assertEquals([command?.command, command?.app, command?.only], ["wipe", "shop", ["shop/web"]]);
  assertEquals([result?.event, result?.counts.removed, result?.component], ["result", 2, "web"]);
});

Deno.test("wipe trusts nobody anew, and says who was not reached", async () => {
  const { site, web, db } = await served();
  await using _site = site;
  const stranger = await site.add({ app: "shop", component: "web" });
  const ips = [web.address, stranger.address, "127.0.0.1:1"].join(",");
  const { code, stdout } = await site.run(["wipe", "shop", "--yes", "--agent-ips", ips]);
  assertEquals([code, counts(web, db), stranger.agent.revisions], [1, [0, 2], []]);
  assert(stdout.includes("127.0.0.1:1") && stdout.includes("unreachable"), stdout);
  assert(new RegExp(`${stranger.address} +web +- +refused +rejected`).test(stdout), stdout);
  const list = (await site.run(["agents", "list"])).stdout;
  assert(!list.includes(stranger.fingerprint), list);
});

Deno.test("wipe shows in the status, and a later pass gives all of it again", async () => {
  const { site, web, db, args } = await served();
  await using _site = site;
  await site.run(["wipe", "shop", "--yes", ...args]);
  const status = await site.run(["status"]);
  assertEquals(status.code, 0);
  assertEquals(status.stdout.match(/ wiped /g)?.length, 2, status.stdout);
  const run = ["--app-name", "shop", ...site.deliveryOf([web, db], MANAGED)];
  assertEquals((await site.run(["--run-once", ...run])).code, 0);
  assertEquals(counts(web, db), [2, 2]);
});

Deno.test("wipe takes a hyphen for agents of no app", async () => {
  await using site = await FleetSite.open(FILES);
  const one = await site.add();
  await site.run(["--run-once", ...site.deliveryOf([one], MANAGED)]);
  const args = ["wipe", "-", "--agent-ips", one.address];
  const { code } = await site.run(args, { answers: ["wipe"] });
  assertEquals([code, counts(one)], [0, [0]]);
});
