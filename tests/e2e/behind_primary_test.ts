/**
 * A keeper that serves all components of an app through one of them: the real programs.
 *
 * @module
 */
import { encodeWif, type FluxPrivateKey, generatePrivateKey, zelIdOfKey } from "../../flux/mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { type KeeperRun, readKeeperRun, type RunningAgent } from "../support/site.ts";
import { AppSite, untilRegistered } from "../support/sub_agents.ts";

const APPROVE = ["--app-name=shop", "--trust=approve"];

/** Returns how the contacts ended, by the component behind the primary; `-` for the primary. */
function outcomesIn(run: KeeperRun): Record<string, string> {
  return Object.fromEntries([...run.agents].map(([address, { outcome }]) => {
    return [String(address).split("/")[1] ?? "-", outcome];
  }));
}

Deno.test("keeper: plans, applies, shows and wipes agents behind a primary, each by its own key", async () => {
  await using app = await AppSite.open();
  const { site } = app;
  await site.store({ "db.password": "one" });
  const primary = await app.startPrimary();
  const [db, web] = [await app.startSubAgent("db"), await app.startSubAgent("web")];
  for (const name of ["db", "web"]) await untilRegistered(primary, name);
  const where = ["--agent-ips", primary.address, ...APPROVE];
  const state = ["--state-dir", site.path("keeper-state")];
  const all = [
    ...where,
    ...state,
    ...["--vault-dir", site.path("vault"), "--managed-files=db.password"],
  ];
  const once = () => site.deliver({ agents: [primary.address], args: APPROVE });

  // Nobody behind a primary is heard of before it is trusted.
  assertEquals(outcomesIn(await once()), { "-": "pending" });
  const approve = async (fingerprint: string) => {
    const args = ["agents", "approve", fingerprint, "--app-name=shop", ...state];
    assertEquals((await site.run("keeper", args)).code, 0);
  };
  await approve(primary.fingerprint);
  assertEquals(outcomesIn(await once()), { "-": "delivered", "db": "pending", "web": "pending" });
  const list = await site.run("keeper", ["agents", "list", ...state]);
  assertMatch(list.stdout, new RegExp(`${primary.address}/db .*pending`));
  const address = `${primary.address}/db`;
  const shown = await site.run("keeper", ["agents", "show", address, ...state]);
  assert(shown.stdout.includes(db.fingerprint) && !shown.stdout.includes(web.fingerprint));
  await approve(db.fingerprint);

  // A plan for one component opens the primary, and gives nothing to it.
  const plan = await site.run("keeper", ["plan", "--only=shop/db", ...all]);
  assertEquals(plan.code, 3, plan.stdout + plan.stderr);
  assertMatch(plan.stdout, new RegExp(`${address} \\(db, approved\\)\\n {2}create .* db.password`));
  assert(!plan.stdout.includes("/web"), plan.stdout);
  const applied = await site.run("keeper", ["apply", "--yes", "--only=shop/db", ...all]);
  assertEquals(applied.code, 0, applied.stdout + applied.stderr);
  assertEquals(await Deno.readTextFile(`${db.files}/db.password`), "one");

  await approve(web.fingerprint);
  const run = await once();
  assertEquals([run.code, outcomesIn(run)], [0, {
    "-": "delivered",
    "db": "delivered",
    "web": "delivered",
  }]);
  const status = await site.run("keeper", ["status", ...state]);
  assertEquals(status.code, 0, status.stdout);
  assertMatch(status.stdout, new RegExp(`${address} +db .*approved.*as wanted`));
  const audit = await site.run("keeper", ["audit", "show", ...state]);
  assert(audit.stdout.includes(address), audit.stdout);

  const wiped = await site.run("keeper", ["wipe", "shop/db", "--yes", ...all]);
  assertEquals(wiped.code, 0, wiped.stdout + wiped.stderr);
  assertEquals([...Deno.readDirSync(db.files)], []);
  assertEquals(await Deno.readTextFile(`${web.files}/db.password`), "one");
});

Deno.test("keeper: one agent behind a primary that hangs or ends costs the others nothing", async () => {
  await using app = await AppSite.open();
  const { site } = app;
  await site.store({ "db.password": "one" });
  const primary = await app.startPrimary();
  const [db, web] = [await app.startSubAgent("db"), await app.startSubAgent("web")];
  for (const name of ["db", "web"]) await untilRegistered(primary, name);
  const args = ["--app-name=shop", "--first-use-limit=3", "--polling-interval=1"];
  const keeper = await site.startKeeper({ agents: [primary.address], args });
  const name = (component: string) => `${primary.address}/${component}`;
  await keeper.waitForJson(({ address, outcome }) => {
    return address === name("db") && outcome === "delivered";
  });
  const holds = async (agent: RunningAgent, text: string) => {
    const path = `${agent.files}/db.password`;
    await keeper.waitFor(() => Deno.readTextFileSync(path) === text || undefined);
  };
  // One that hangs takes connections, since the system does, and says nothing.
  db.program.kill("SIGSTOP");
  await site.store({ "db.password": "two" });
  await Promise.all([holds(web, "two"), holds(primary, "two")]);
  assertEquals(await Deno.readTextFile(`${db.files}/db.password`), "one");
  db.program.kill("SIGCONT");
  await holds(db, "two");
  await db.program.stop("SIGKILL");
  await site.store({ "db.password": "three" });
  await Promise.all([holds(web, "three"), holds(primary, "three")]);
  const again = await app.startSubAgent("db");
  await holds(again, "three");
  assertEquals((await keeper.stop("SIGTERM")).code, 0);
});

Deno.test("keeper: finds those behind a primary again that has restarted", async () => {
  await using app = await AppSite.open();
  const { site } = app;
  await site.store({ "db.password": "one" });
  const primary = await app.startPrimary();
  const db = await app.startSubAgent("db");
  await untilRegistered(primary, "db");
  const args = ["--app-name=shop", "--first-use-limit=3"];
  const once = () => site.deliver({ agents: [primary.address], args });
  assertEquals(outcomesIn(await once()), { "-": "delivered", "db": "delivered" });
  await primary.program.stop("SIGKILL");
  const down = await once();
  assertEquals([down.code, outcomesIn(down)], [1, { "-": "unreachable", "db": "unreachable" }]);
  const second = await app.startPrimary({ port: primary.port });
  await untilRegistered(second, "db");
  await site.store({ "db.password": "two" });
  assertEquals(outcomesIn(await once()), { "-": "delivered", "db": "delivered" });
  assertEquals(await Deno.readTextFile(`${db.files}/db.password`), "two");
});

Deno.test("keeper: is let in behind a primary by its signature alone", async () => {
  const key = generatePrivateKey();
  await using app = await AppSite.open();
  const { site } = app;
  await site.store({ "db.password": "one" });
  const primary = await app.startPrimary();
  const signed = ["--signed-vault-connections", `--zelid=${zelIdOfKey(key)}`];
  const db = await app.startSubAgent("db", { isTrusting: false, args: signed });
  await untilRegistered(primary, "db");
  const once = async (signer: FluxPrivateKey | null) => {
    const signing = signer === null ? [] : ["--sign-connections", "--zelid", zelIdOfKey(signer)];
    const end = await site.run("keeper", [
      ...["--run-once", "--json", "--agent-ips", primary.address, "--app-name=shop"],
      ...["--vault-dir", site.path("vault"), "--state-dir", site.path("keeper-state")],
      ...["--managed-files=db.password", "--first-use-limit=2", ...signing],
    ], signer === null ? {} : { input: `${encodeWif(signer)}\n` });
    const run = readKeeperRun(end);
    const { outcome, code, by } = run.agents.get(`${primary.address}/db`) ?? {};
    return outcome === "rejected" ? `${code} by ${by}` : outcome;
  };
  assertEquals(await once(null), "statement-missing by peer");
  assertEquals(await once(generatePrivateKey()), "statement-invalid by peer");
  assertEquals([...Deno.readDirSync(db.files)], []);
  assertEquals(await once(key), "delivered");
  assertEquals(await Deno.readTextFile(`${db.files}/db.password`), "one");
});
