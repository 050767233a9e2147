import { assert, assertEquals } from "../../support/assert.ts";
import { jsonLines } from "../../support/followed_process.ts";
import { FleetSite } from "./fleet_site.ts";

const FILES = { "db.password": "correct horse", "app.conf": "a=1" };
const MANAGED = "db.password,app.conf";

function read({ agent }: Awaited<ReturnType<FleetSite["add"]>>, path: string): string {
  return new TextDecoder().decode(agent.store.read(path));
}

Deno.test("apply asks before it does anything, and does nothing where the answer is no", async () => {
  await using site = await FleetSite.open(FILES);
  const one = await site.add();
  const args = site.deliveryOf([one], MANAGED);
  for (const answers of [["no"], [""], []]) {
    const { code, stdout, stderr } = await site.run(["apply", ...args], { answers });
    assertEquals([code, one.agent.store.paths()], [1, []]);
    assert(stdout.includes("would be trusted at first use"), stdout);
    assert(stderr.includes("Nothing was changed."), stderr);
  }
  const { code, stdout } = await site.run(["apply", ...args], { answers: ["maybe", "yes"] });
  assertEquals([code, read(one, "app.conf")], [0, "a=1"]);
  assert(stdout.includes("2 created"), stdout);
});

Deno.test("apply is refused where nobody can be asked, before anybody is dialled", async () => {
  await using site = await FleetSite.open(FILES);
  const one = await site.add();
  for (const options of [{}, { answers: ["yes"] }]) {
    const form = "answers" in options ? ["--json"] : [];
    const run = await site.run(["apply", ...form, ...site.deliveryOf([one], MANAGED)], options);
    assertEquals([run.code, run.stdout, one.agent.contacts], [2, "", 0]);
    assert(run.stderr.includes("--yes"), run.stderr);
  }
});

Deno.test("apply does what the plan says, and reports as one pass does", async () => {
  await using site = await FleetSite.open(FILES);
  const one = await site.add();
  const args = site.deliveryOf([one], MANAGED);
  await site.run(["--run-once", ...args]);
  await site.store({ "app.conf": "a=2" });
  const { code, stdout } = await site.run(["apply", "--yes", "--json", ...args]);
  const [plan, , agent, pass] = jsonLines(stdout);
  assertEquals([code, plan?.type, agent?.type, pass?.type, pass?.wanted], [
    ...[0, "agent-plan", "agent", "pass", true],
  ]);
  assertEquals(
    plan?.changes.map(({ path }: { path: string }) => path),
    agent?.files.map(({ path }: { path: string }) => path),
  );
  assertEquals(read(one, "app.conf"), "a=2");
  const events = (await site.events()).map(({ event, command }) => command ?? event);
  assertEquals(events.slice(-5), ["apply", "start", "given", "result", "stop"]);
});

Deno.test("apply brings nothing that changed in the vault while the question stood", async () => {
  await using site = await FleetSite.open(FILES);
  const one = await site.add();
  const args = site.deliveryOf([one], MANAGED);
  await site.run(["--run-once", ...args]);
  await site.store({ "app.conf": "a=2" });
  const { code, stdout } = await site.run(["apply", ...args], {
    onQuestion: () => site.store({ "app.conf": "a=3" }),
    answers: ["yes"],
  });
  assertEquals([code, read(one, "app.conf")], [1, "a=1"]);
  assert(stdout.includes("plan-outdated"), stdout);
});

Deno.test("apply serves those that answered, and exits with 1 for the others", async () => {
  await using site = await FleetSite.open(FILES);
  const one = await site.add();
  const args = site.deliveryOf([one, { ...one, address: "127.0.0.1:1" }], MANAGED);
  const { code, stdout } = await site.run(["apply", "--yes", ...args]);
  assertEquals([code, read(one, "app.conf")], [1, "a=1"]);
  assert(/127\.0\.0\.1:1 +- +unreachable/.test(stdout), stdout);
});

Deno.test("apply does not ask where there is nothing to do", async () => {
  await using site = await FleetSite.open(FILES);
  const one = await site.add();
  const args = site.deliveryOf([one], MANAGED);
  await site.run(["--run-once", ...args]);
  const { code, stdout } = await site.run(["apply", ...args], { answers: [] });
  assertEquals(code, 0);
  assert(stdout.includes("nothing to do") && stdout.includes("2 unchanged"), stdout);
});

Deno.test("apply serves the components that are meant", async () => {
  await using site = await FleetSite.open(FILES);
  const [web, db] = [
    await site.add({ app: "shop", component: "web" }),
    await site.add({ app: "shop", component: "db" }),
  ];
  const args = ["--app-name", "shop", ...site.deliveryOf([web, db], MANAGED)];
  const { code, stdout } = await site.run(["apply", "--yes", "--only", "shop/db", ...args]);
  assertEquals([code, web.agent.store.paths()], [0, []], stdout);
  assertEquals(db.agent.store.paths().length, 2);
});
