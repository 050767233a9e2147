import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { jsonLines } from "../../support/followed_process.ts";
import { FleetSite } from "./fleet_site.ts";

const FILES = { "db.password": "correct horse", "app.conf": "a=1" };
const MANAGED = "db.password,app.conf";

Deno.test("plan exits with 3 where something would be done, and with 0 where nothing would", async () => {
  await using site = await FleetSite.open(FILES);
  const one = await site.add();
  const args = site.deliveryOf([one], MANAGED);
  assertEquals((await site.run(["plan", ...args])).code, 3);
  assertEquals((await site.run(["--run-once", ...args])).code, 0);
  const nothing = await site.run(["plan", ...args]);
  assertEquals([nothing.code, nothing.stdout, nothing.stderr], [
    ...[0, "plan: 1 agent: nothing to do\n", ""],
  ]);
  await site.store({ "app.conf": "a=2" });
  const changed = await site.run(["plan", ...args]);
  assertEquals(changed.code, 3);
  assertMatch(
    changed.stdout,
    /update {2}0600 {2}3 B {2}[0-9a-f]{16} {2}app\.conf \(given before: /,
  );
  assertEquals(new TextDecoder().decode(one.agent.store.read("app.conf")), "a=1");
});

Deno.test("plan exits with 1 where an agent does not answer, and lists it", async () => {
  await using site = await FleetSite.open(FILES);
  const one = await site.add();
  const args = site.deliveryOf([one, { ...one, address: "127.0.0.1:1" }], MANAGED);
  const { code, stdout } = await site.run(["plan", ...args]);
  assertEquals(code, 1);
  assert(stdout.includes("127.0.0.1:1: unreachable (connection-refused)"), stdout);
});

Deno.test("plan puts on record that it was called, and nothing else; it pins and remembers nobody", async () => {
  await using site = await FleetSite.open(FILES);
  const one = await site.add();
  await site.run(["plan", "--only", "-", ...site.deliveryOf([one], MANAGED)]);
  const events = await site.events();
  assertEquals(events.map(({ event, command, only }) => [event, command, only]), [
    ["command", "plan", ["-"]],
  ]);
  const { stdout } = await site.run(["agents", "list"]);
  assert(stdout.startsWith("No agent is known"), stdout);
  assertEquals(one.agent.revisions, []);
});

Deno.test("plan shows neither contents nor their digests, in whatever form it is asked for", async () => {
  await using site = await FleetSite.open(FILES);
  const one = await site.add();
  const args = site.deliveryOf([one], MANAGED);
  await site.run(["--run-once", ...args]);
  await site.store({ "db.password": "battery staple" });
  const digests = await Promise.all(["correct horse", "battery staple"].map(async (text) => {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    return new Uint8Array(digest).toHex();
  }));
  for (const form of [[], ["--json"], ["--all"], ["--debug"]]) {
    const { stdout, stderr } = await site.run(["plan", ...form, ...args]);
    assert(stdout.includes("db.password"), stdout);
    for (const secret of ["correct horse", "battery staple", ...digests]) {
      assert(!(stdout + stderr).includes(secret), `${form}: ${stdout}${stderr}`);
    }
  }
});

Deno.test("plan says that a file was changed at the agent", async () => {
  await using site = await FleetSite.open(FILES);
  const one = await site.add();
  const args = site.deliveryOf([one], MANAGED);
  await site.run(["--run-once", ...args]);
  const staged = await one.agent.store.stage("db.password");
  await staged.write(new TextEncoder().encode("tampered"));
  await staged.commit();
  const { stdout } = await site.run(["plan", "--json", ...args]);
  const [agent] = jsonLines(stdout);
  assertEquals(
    agent?.changes.map(({ action, path, drift }: Record<string, unknown>) => [action, path, drift]),
    [["update", "db.password", true]],
  );
});

Deno.test("plan asks the agents that are meant alone, and says where a pattern means nobody", async () => {
  await using site = await FleetSite.open(FILES);
  const [web, db] = [
    await site.add({ app: "shop", component: "web" }),
    await site.add({ app: "shop", component: "db" }),
  ];
  const args = ["--app-name", "shop", ...site.deliveryOf([web, db], MANAGED)];
  await site.run(["--run-once", ...args]);
  const before = db.agent.contacts;
  const only = await site.run(["plan", "--only", "Shop/web", "--json", ...args]);
  const lines = jsonLines(only.stdout).filter(({ type }) => type === "agent-plan");
  assertEquals([only.code, lines.map(({ component }) => component)], [0, ["web"]]);
  assertEquals(db.agent.contacts, before);
  const misspelt = await site.run(["plan", "--only", "shop/wbe", ...args]);
  assertEquals(misspelt.code, 1);
  assert(misspelt.stdout.includes("problem: --only shop/wbe means no agent"), misspelt.stdout);
  const other = await site.run(["plan", "--only", "blog", ...args]);
  assertEquals([other.code, other.stdout], [2, ""]);
  assert(other.stderr.includes("What is served here: shop."), other.stderr);
});

Deno.test("plan calls a secret in the place of a pattern disclosed, and repeats it not", async () => {
  await using site = await FleetSite.open(FILES);
  const secret = "Kwd2NvAavdEjYFWj299R6csDyoFeQsLvH5ZkN1Bb8jQcf1e8Qre7";
  const { code, stderr } = await site.run(["plan", "--only", secret]);
  assertEquals(code, 2);
  assert(/disclosed/.test(stderr) && !stderr.includes(secret), stderr);
});
