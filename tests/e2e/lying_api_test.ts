/**
 * What a Flux API that lies can do to a keeper: neither end it, nor keep it from the agents that it
 * knows, nor make more agents of the app than there are.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { FakeFluxApi } from "../support/fake_flux_api.ts";
import { freePort } from "../support/free_port.ts";
import { hasManyLoopbacks, readTree, type RunningAgent, Site } from "../support/site.ts";
import { TcpPeer } from "../support/tcp_peer.ts";

const APP = "vaultdemo";
/** The network lists hosts, so several agents need several loopback addresses. */
const ignore = !hasManyLoopbacks();

function keeperArguments(apis: readonly FakeFluxApi[], port: number): string[] {
  return [
    ...["--app-name", APP, "--flux-api", apis.map(({ url }) => url).join()],
    ...["--comms-port", `${port}`, "--trust", "first-use"],
  ];
}

function specify(api: FakeFluxApi, instances: number): void {
  api.setSpecification(APP, { version: 8, name: APP, instances, compose: [] });
}

function startAgent(site: Site, host: string, port: number): Promise<RunningAgent> {
  return site.startAgent({ name: host, host, port, args: ["--app-name", APP] });
}

Deno.test({
  name: "keeper: outlives a list of 150,000 addresses, and serves whom it knows first",
  ignore,
  async fn() {
    await using site = await Site.open({ "db.password": "1" });
    await using api = FakeFluxApi.start();
    specify(api, 1);
    const agent = await startAgent(site, "127.9.0.1", freePort());
    api.setLocations(APP, [agent.host]);
    const keeper = await site.startKeeper({
      args: [
        ...keeperArguments([api], agent.port),
        ...["--polling-interval", "2", "--discovery-interval", "1"],
      ],
    });
    await keeper.waitForJson(({ type, trust }) => type === "agent" && trust === "first-use");
    // The attack. Nobody listens at any of them, and the agent is the last.
    const hosts = Array.from({ length: 150_000 }, (_, i) => {
      return `127.${1 + (i >> 16)}.${i >> 8 & 255}.${i & 255}`;
    });
    hosts.push(agent.host);
    api.setLocationRows(APP, hosts.map((ip) => ({ name: APP, ip })));
    await keeper.waitForJson(({ outcome }) => outcome === "unreachable");
    await site.store({ "db.password": "2" });
    await keeper.waitForJson(({ address, counts }) => {
      return address === agent.address && counts?.updated === 1;
    });
    const end = await keeper.stop("SIGTERM");
    assertEquals([end.code, end.signal], [0, null], end.stderr);
    assertMatch(end.stderr, /longer than that of any app/);
    const dialled = new Set(end.stdout.match(/"address":"127\.[^"]*"/g));
    assert(dialled.size <= 1_000, `${dialled.size} addresses were dialled`);
  },
});

Deno.test({
  name: "keeper: serves whom it knows while addresses hang that were listed for a moment",
  ignore,
  async fn() {
    await using site = await Site.open({ "db.password": "1" });
    await using api = FakeFluxApi.start();
    specify(api, 1);
    const agent = await startAgent(site, "127.0.0.1", freePort());
    const { host, port } = agent;
    const hanging = Array.from({ length: 20 }, (_, i) => {
      return TcpPeer.silent({ hostname: `127.0.1.${i + 1}`, port });
    });
    await using _hall = {
      async [Symbol.asyncDispose](): Promise<void> {
        await Promise.all(hanging.map((peer) => peer[Symbol.asyncDispose]()));
      },
    };
    api.setLocations(APP, [host]);
    const keeper = await site.startKeeper({
      args: [
        ...keeperArguments([api], port),
        ...["--polling-interval", "1", "--discovery-interval", "1", "--concurrency", "4"],
      ],
    });
    await keeper.waitForJson(({ type, trust }) => type === "agent" && trust === "first-use");
    // The attack.
    api.setLocations(APP, [host, ...hanging.map((peer) => peer.host)]);
    await Promise.race(hanging.map((peer) => peer.waitForConnections(1)));
    api.setLocations(APP, [host]);
    await site.store({ "db.password": "2" });
    await keeper.waitForJson(({ type, counts }) => type === "agent" && counts?.updated === 1);
    const reached = hanging.filter(({ count }) => count > 0);
    assertEquals(reached.length, 1);
    const end = await keeper.stop("SIGTERM");
    assertEquals([end.code, end.signal], [0, null], end.stderr);
  },
});

Deno.test({
  name: "keeper: has no first-use place more for an API that says there are many instances",
  ignore,
  async fn() {
    await using site = await Site.open({ "db.password": "1" });
    await using honest = FakeFluxApi.start();
    await using liar = FakeFluxApi.start();
    const good = await startAgent(site, "127.0.0.1", freePort());
    const rogue = await startAgent(site, "127.0.0.2", good.port);
    const deliver = () => site.deliver({ args: keeperArguments([liar, honest], good.port) });
    for (const api of [liar, honest]) {
      specify(api, 1);
      api.setLocations(APP, [good.host]);
    }
    assertEquals((await deliver()).agents.get(good.address)?.places, 1);
    // The attack.
    specify(liar, 1_000);
    liar.setLocations(APP, [good.host, rogue.host]);
    const run = await deliver();
    assertEquals(run.agents.get(good.address)?.outcome, "delivered");
    assertEquals(run.agents.get(rogue.address)?.reason, "places-taken");
    assertMatch(run.stderr, /Two answers differ about how many instances/);
    assertEquals(await readTree(rogue.files), {});
  },
});
