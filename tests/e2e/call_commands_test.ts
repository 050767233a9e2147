/**
 * Calls from the command line: the real programs, an agent that took the place of another, one behind a
 * primary, and what may be read where.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { FleetTranscript } from "../support/fleet_transcript.ts";
import { jsonLines } from "../support/followed_process.ts";
import { freePort } from "../support/free_port.ts";
import { assertGolden, replaceAll } from "../support/golden.ts";
import { type RunningAgent, Site } from "../support/site.ts";
import { AppSite, untilRegistered } from "../support/sub_agents.ts";

const CANARY = "canary-7f3a91";

function argsOf(site: Site, agents: readonly RunningAgent[]): string[] {
  return [
    ...["--state-dir", site.path("keeper-state")],
    ...["--agent-ips", agents.map(({ address }) => address).join(",")],
  ];
}

Deno.test("keeper: lists and calls actions, word for word", async () => {
  await using site = await Site.open({ "db.password": CANARY });
  const names = ["--app-name", "shop", "--component-name"];
  const [first = 0, second = 0] = [freePort(), freePort()].sort((a, b) => a - b);
  const agents = [
    await site.startAgent({ port: first, args: [...names, "web"] }),
    await site.startAgent({ port: second, name: "two", args: [...names, "db"] }),
  ];
  const transcript = new FleetTranscript(site, agents, argsOf(site, agents));
  const addresses = agents.map(({ address }) => address);
  const delivered = await site.deliver({ agents: addresses, args: ["--app-name=shop"] });
  assertEquals(delivered.code, 0);
  await transcript.run("actions", "shop");
  await transcript.run("call", "shop/web", "report");
  await transcript.run("call", "shop", "raport");
  await transcript.run("call", "shop/db", "actions", "Name:=7");
  await transcript.run("call", "shop/wbe", "report");
  await transcript.run("call", "shop", "report", "json");
  await transcript.run("call", "shop/web", "report", "--json");
  const text = replaceAll(transcript.toString(), [
    [/("(?:UptimeS|DurationMs|durationMs)": ?)\d+/g, "$1N"],
    [/fluxvault-agent\/[\d.]+/g, "fluxvault-agent/VERSION"],
  ]);
  assert(!text.includes(CANARY) && !text.includes("db.password"), text);
  await assertGolden("call_actions", text);
});

Deno.test("keeper: puts calls on record, and neither what they are given nor what is answered", async () => {
  await using site = await Site.open({ "a": "1" });
  const agent = await site.startAgent({ args: ["--app-name", "shop"] });
  await site.deliver({ agents: [agent.address], args: ["--app-name=shop"] });
  const args = argsOf(site, [agent]);
  await site.run("keeper", ["call", "shop", "actions", `Name=${CANARY}`, ...args]);
  await site.run("keeper", ["call", "shop", "report", ...args]);
  const log = await Deno.readTextFile(site.path("keeper-state/audit.jsonl"));
  assert(!log.includes(CANARY) && !log.includes("UptimeS"), log);
  const calls = jsonLines(log).filter(({ event }) => event === "called" || event === "answer");
  assertEquals(calls.map(({ event, action, outcome = null }) => [event, action, outcome]), [
    ["called", "actions", null],
    ["answer", "actions", "answered"],
    ["called", "report", null],
    ["answer", "report", "answered"],
  ]);
  const shown = await site.run("keeper", ["audit", "show", ...args.slice(0, 2)]);
  assertMatch(shown.stdout, /called {4}127\.0\.0\.1:\d+ .*, actions, input [0-9a-f]{32}\n/);
  assertEquals((await site.run("keeper", ["audit", "verify", ...args.slice(0, 2)])).code, 0);
});

Deno.test("keeper: calls nobody who took the place of an agent that is trusted", async () => {
  await using site = await Site.open({ "a": "1" });
  const agent = await site.startAgent({ args: ["--app-name", "shop"] });
  await site.deliver({ agents: [agent.address], args: ["--app-name=shop"] });
  await agent.program.stop("SIGKILL");
  // The attack: another process listens at the address, with a key of its own.
  const { port } = agent;
  const rogue = await site.startAgent({ name: "rogue", port, args: ["--app-name", "shop"] });
  const call = ["call", "shop", "actions", `Name=${CANARY}`, "--json", ...argsOf(site, [rogue])];
  const { code, stdout } = await site.run("keeper", call);
  const [line] = jsonLines(stdout);
  assertEquals([code, line?.outcome, line?.code, line?.by], [
    1,
    "rejected",
    "identity-changed",
    "us",
  ]);
  const log = await Deno.readTextFile(site.path("keeper-state/audit.jsonl"));
  assertEquals(jsonLines(log).filter(({ event }) => event === "called"), []);
});

Deno.test("keeper: calls agents behind a primary over one session, and one alone", async () => {
  await using app = await AppSite.open();
  const { site } = app;
  await site.store({ "db.password": "one" });
  const primary = await app.startPrimary();
  for (const name of ["db", "web"]) {
    await app.startSubAgent(name);
    await untilRegistered(primary, name);
  }
  const args = ["--app-name=shop", "--first-use-limit=3"];
  assertEquals((await site.deliver({ agents: [primary.address], args })).code, 0);
  const call = async (...words: readonly string[]) => {
    const all = ["call", ...words, "--json", ...argsOf(site, [primary])];
    const { code, stdout, stderr } = await site.run("keeper", all);
    assertEquals(code, 0, stdout + stderr);
    return jsonLines(stdout).filter(({ type }) => type === "call");
  };
  const every = await call("shop", "report");
  assertEquals(every.map(({ component, output }) => [component, output.Component]).sort(), [
    ["agent", "agent"],
    ["db", "db"],
    ["web", "web"],
  ]);
  const alone = await call("shop/db", "report");
  assertEquals(alone.map(({ address }) => address), [`${primary.address}/db`]);
});
