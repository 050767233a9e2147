/**
 * Many agents at once, found through the Flux API, and a keeper that serves until it is stopped.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { setImmediate as nextTurn } from "node:timers/promises";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { FakeFluxApi } from "../support/fake_flux_api.ts";
import { freePort } from "../support/free_port.ts";
import type { RunningProgram } from "../support/running_program.ts";
import { dialAsKeeper } from "../support/second_ends.ts";
import {
  hasManyLoopbacks,
  outcomesOf,
  readKeeperRun,
  readTree,
  type RunningAgent,
  Site,
} from "../support/site.ts";
import { TcpPeer, writeAll } from "../support/tcp_peer.ts";

const APP = "vaultdemo";
/** The network lists hosts, so several agents need several loopback addresses. */
const ignore = !hasManyLoopbacks();

function delivery(agent: RunningAgent): Promise<unknown> {
  return agent.program.waitForJson(({ event, complete }) => event === "delivery" && complete);
}

function fluxArguments(api: FakeFluxApi, port: number): string[] {
  return [
    ...["--app-name", APP, "--flux-api", api.url, "--comms-port", `${port}`],
    ...["--trust", "first-use", "--first-use-limit", "9"],
  ];
}

async function stopAndCheck(keeper: RunningProgram, signal: Deno.Signal): Promise<void> {
  const end = await keeper.stop(signal);
  assertEquals([end.code, end.signal], [0, null], end.stderr);
}

Deno.test({
  name: "keeper: serves the fleet of an app although one refuses, one hangs and one lies",
  ignore,
  async fn() {
    await using site = await Site.open({ "db.password": "1", "api.token": "2" });
    await using api = FakeFluxApi.start();
    const port = freePort();
    const args = ["--app-name", APP];
    const agents = await Promise.all(
      [1, 2, 3].map((i) =>
        site.startAgent({ name: `agent-${i}`, host: `127.0.0.${i}`, port, args })
      ),
    );
    await using hanging = TcpPeer.silent({ hostname: "127.0.0.5", port });
    await using garbage = TcpPeer.listen(async (connection) => {
      await writeAll(connection, crypto.getRandomValues(new Uint8Array(20_000)));
    }, { hostname: "127.0.0.6", port });
    const hosts = [...agents.map(({ host }) => host), "127.0.0.4", hanging.host, garbage.host];
    api.setLocations(APP, hosts);

    const keeper = await site.startKeeper({ args: ["--run-once", ...fluxArguments(api, port)] });
    // Each good agent is served while the hanging one still hangs: nothing lets it go before.
    await Promise.all(agents.map(delivery));
    await hanging.waitForConnections(1);
    await hanging[Symbol.asyncDispose]();
    const run = readKeeperRun(await keeper.end);
    assertEquals([run.code, run.pass?.agents, run.pass?.agentsWanted], [1, 6, 3]);
    for (const agent of agents) {
      assertEquals(run.agents.get(agent.address)?.counts.created, 2);
      assertEquals(await readTree(agent.files), await readTree(site.path("vault")));
    }
    const refused = run.agents.get(`127.0.0.4:${port}`);
    assertEquals([refused?.outcome, refused?.code], ["unreachable", "connection-refused"]);
    assertEquals(run.agents.get(hanging.address)?.outcome, "failed");
    const liar = run.agents.get(garbage.address);
    assertEquals([liar?.outcome, liar?.wanted], ["failed", false]);
  },
});

Deno.test({
  name: "keeper: serves a new agent as soon as it is listed, long before the next whole pass",
  ignore,
  async fn() {
    await using site = await Site.open({ "db.password": "1" });
    await using api = FakeFluxApi.start();
    const port = freePort();
    const args = ["--app-name", APP];
    const first = await site.startAgent({ name: "a", host: "127.0.0.1", port, args });
    api.setLocations(APP, [first.host]);
    const keeper = await site.startKeeper({
      args: [
        ...fluxArguments(api, port),
        ...["--polling-interval", "1h", "--discovery-interval", "1"],
      ],
    });
    await delivery(first);
    const second = await site.startAgent({ name: "b", host: "127.0.0.2", port, args });
    api.setLocations(APP, [first.host, second.host]);
    await delivery(second);
    const pass = await keeper.waitForJson(({ type, whole }) => type === "pass" && !whole);
    assertEquals([pass.agents, pass.wanted], [1, true]);
    assertEquals(first.program.stdout.match(/"event":"delivery"/g)?.length, 1);
    await stopAndCheck(keeper, "SIGTERM");
  },
});

Deno.test("keeper: brings a changed secret at the next poll, and ends cleanly on SIGINT", async () => {
  await using site = await Site.open({ "db.password": "old" });
  const agent = await site.startAgent();
  const keeper = await site.startKeeper({
    agents: [agent.address],
    args: ["--polling-interval", "1"],
  });
  await delivery(agent);
  await site.store({ "db.password": "new" });
  const line = await keeper.waitForJson(({ type, counts }) =>
    type === "agent" && counts?.updated === 1
  );
  assertEquals(outcomesOf(line), { "db.password": "updated" });
  assertEquals(await readTree(agent.files), await readTree(site.path("vault")));
  await stopAndCheck(keeper, "SIGINT");
  const end = await agent.program.stop("SIGINT");
  assertEquals([end.code, end.signal], [0, null], end.stderr);
});

Deno.test(
  "keeper: comes back to an agent that was away, and finds its way after an outage of the API",
  {
    ignore,
  },
  async () => {
    await using site = await Site.open({ "db.password": "1" });
    await using api = FakeFluxApi.start();
    api.answerAlways({ status: 503 });
    const port = freePort();
    const keeper = await site.startKeeper({
      args: [
        ...fluxArguments(api, port),
        ...["--polling-interval", "1", "--discovery-interval", "1"],
      ],
    });
    const outage = await keeper.waitForJson(({ type }) => type === "pass");
    assertEquals([outage.wanted, outage.agents], [false, 0]);
    assert(outage.problems.length > 0);
    api.setLocations(APP, ["127.0.0.1"]);
    api.answerAlways(null);
    await keeper.waitForJson(({ type, outcome }) => type === "agent" && outcome === "unreachable");
    const agent = await site.startAgent({ port, args: ["--app-name", APP] });
    await delivery(agent);
    await stopAndCheck(keeper, "SIGTERM");
  },
);

Deno.test("agent: lets a delivery go on after the first signal and ends at once on the second", async () => {
  await using site = await Site.open();
  const agent = await site.startAgent();
  using keeper = await dialAsKeeper(agent);
  const visit = () => Deno.connect({ hostname: agent.host, port: agent.port });
  agent.program.kill("SIGTERM");
  // The door is closed at the first signal, while the keeper's session goes on.
  for (let isOpen = true; isOpen;) {
    isOpen = await visit().then((visitor) => (visitor.close(), true), () => false);
  }
  await keeper.session.sendFrame({ kind: "ping", data: Buffer.alloc(8) });
  while (keeper.session.pongs === 0) await nextTurn();
  agent.program.kill("SIGTERM");
  assertEquals((await agent.program.end).code, 143);
});

Deno.test("keeper: finds nobody where the app runs nowhere, and says so", async () => {
  await using site = await Site.open({ "db.password": "1" });
  await using api = FakeFluxApi.start();
  const run = await site.deliver({ args: fluxArguments(api, 1) });
  assertEquals([run.code, run.pass?.agents, run.pass?.wanted], [1, 0, false]);

  // The attack: the list names what must never be dialled as an address.
  api.setLocations(APP, ["not an address", "127.0.0.1/../..", "[::1", "a b", ""]);
  const odd = await site.deliver({ args: fluxArguments(api, 1) });
  assertEquals([odd.code, odd.pass?.agentsWanted], [1, 0]);
});

Deno.test("keeper: does not call it done where it was stopped before its one pass had ended", async () => {
  await using site = await Site.open({ "db.password": "1" });
  await using silent = TcpPeer.silent();
  const keeper = await site.startKeeper({ agents: [silent.address], args: ["--run-once"] });
  await silent.waitForConnections(1);
  const { code, stderr } = await keeper.stop();
  assertEquals(code, 143, stderr);
  assertMatch(stderr, /stopped before its one pass had ended/);
});
