/**
 * Which file an agent is given at which level of trust, with the real programs.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { outcomesOf, readKeeperRun, readTree, Site } from "../support/site.ts";

const FILES = { "motd": "hello", "db.password": "1", "root.key": "2" };
const SECRET = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const APP = ["--app-name", "vaultdemo"];
const REQUIRE = ["--require", "db.password=approved,root.key=enrolled"];

/** Returns what was withheld from the one agent of a run, as `path required actual`. */
function withheldIn(
  line: { readonly withheld?: readonly Record<string, string>[] } = {},
): string[] {
  return (line.withheld ?? []).map(({ path, required, actual }) => `${path} ${required} ${actual}`);
}

Deno.test("keeper: gives an agent more with each level that it reaches, and names what it withholds", async () => {
  await using site = await Site.open(FILES);
  const agent = await site.startAgent({ args: ["--app-name", "vaultdemo"] });
  const args = [...REQUIRE, ...APP];
  const deliver = () => site.deliver({ agents: [agent.address], args });
  const first = await deliver();
  const line = first.agents.get(agent.address);
  assertEquals([first.code, line?.trust, line?.wanted], [1, "first-use", false]);
  assertEquals(withheldIn(line), ["db.password approved first-use", "root.key enrolled first-use"]);
  assertEquals(Object.keys(await readTree(agent.files)), ["motd"]);

  const state = ["--state-dir", site.path("keeper-state")];
  assertEquals(
    (await site.run("keeper", ["agents", "approve", agent.fingerprint, ...APP, ...state])).code,
    0,
  );
  const second = await deliver();
  assertEquals(withheldIn(second.agents.get(agent.address)), ["root.key enrolled approved"]);
  assertEquals(Object.keys(await readTree(agent.files)), ["db.password", "motd"]);
});

Deno.test("keeper: withholds nothing from an agent that proves to know the app's secret", async () => {
  await using site = await Site.open(FILES);
  await Deno.mkdir(site.path("credentials"));
  await Deno.writeTextFile(site.path("credentials/fluxvault-enrolment"), SECRET);
  const agent = site.start("agent", [
    ...["--bind-address", "127.0.0.1", "--bind-port", "0", "--json", "--app-name", "vaultdemo"],
    ...["--whitelisted-addresses", "127.0.0.1", "--working-dir", "files", "--state-dir", "state"],
  ], { variables: { FLUXVAULT_ENROLL_SECRET: SECRET } });
  const { port } = await agent.waitForJson(({ event }) => event === "listening");
  const run = readKeeperRun(
    await site.run("keeper", [
      ...["--run-once", "--json", "--vault-dir", "vault", "--state-dir", "keeper-state"],
      ...["--managed-files", Object.keys(FILES).join(","), "--app-name", "vaultdemo"],
      ...["--agent-ips", `127.0.0.1:${port}`, "--trust", "approve"],
    ], {
      variables: {
        CREDENTIALS_DIRECTORY: site.path("credentials"),
        FLUXVAULT_REQUIRE: "enrolled",
      },
    }),
  );
  const line = run.agents.get(`127.0.0.1:${port}`);
  assertEquals([run.code, line?.trust, line?.new, withheldIn(line)], [0, "enrolled", true, []]);
  assertEquals(await readTree(site.path("files")), await readTree(site.path("vault")));
  assert(!(run.stdout + run.stderr).includes(SECRET));
});

Deno.test("keeper: tells a person how an agent is raised, and the command works", async () => {
  await using site = await Site.open({ "db.password": "1" });
  const agent = await site.startAgent();
  const args = [
    ...["--run-once", "--agent-ips", agent.address, "--state-dir", "keeper-state"],
    ...["--vault-dir", "vault", "--managed-files", "db.password", "--require", "approved"],
  ];
  const run = await site.run("keeper", args);
  assertEquals(run.code, 1);
  assertMatch(run.stdout, /db\.password: withheld \(it asks for approved, .* first-use\)/);
  const command = /^\s*fluxvault-keeper (agents approve .*)$/m.exec(run.stdout)?.[1] ?? "";
  assertEquals((await site.run("keeper", command.split(" "))).code, 0);
  assertEquals((await site.run("keeper", args)).code, 0);
});

Deno.test("keeper: withholds what asks for any level from a node of the original's wire", async () => {
  await using site = await Site.open({ "motd": "hello", "db.password": "1" });
  const node = await site.startAgent({
    args: ["--original-wire", "127.0.0.1", "--files", "motd,db.password"],
  });
  const { address } = node;
  const args = ["--wire", "original", "--require", "db.password=first-use"];
  const run = await site.deliver({ agents: [address], args });
  const line = run.agents.get(address);
  assertEquals([run.code, line?.trust, line?.wanted], [1, "address", false], run.stderr);
  assertEquals(withheldIn(line), ["db.password first-use address"]);
  assertEquals(outcomesOf(line), { motd: "created" });
  assertEquals(Object.keys(await readTree(node.files)), ["motd"]);
});
