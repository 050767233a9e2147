/**
 * A node of the list that passes on what a real agent says, and breaks off once it is trusted: it must
 * not keep the real agent from what it is to get. All with the real programs.
 *
 * @module
 */
import { assert, assertEquals } from "../support/assert.ts";
import { jsonLines } from "../support/followed_process.ts";
import {
  hasManyLoopbacks,
  type KeeperRun,
  readTree,
  type RunningAgent,
  Site,
} from "../support/site.ts";
import { type Meddling, WireTap, type WireUnit } from "../support/wire_tap.ts";

const ignore = !hasManyLoopbacks();
/** The keeper's first frame after its opening line says that the agent is trusted. */
const CONFIRMATION_INDEX = 1;

/** A site with an agent, and a relay of it on another host. */
class Scene implements AsyncDisposable {
  readonly site: Site;
  readonly agent: RunningAgent;
  readonly relay: WireTap;
  /** Whether the relay breaks off after the agent has said who it is. */
  isCutting = false;

  private constructor(site: Site, agent: RunningAgent) {
    this.site = site;
    this.agent = agent;
    const meddle = (unit: WireUnit) => this.#meddle(unit);
    this.relay = new WireTap(agent, { hostname: "127.0.0.2", meddle });
  }

  static async open(): Promise<Scene> {
    const site = await Site.open({ "db.password": "1" });
    return new Scene(site, await site.startAgent());
  }

  /** Runs the keeper once over both, the relay first. */
  async keep(args: readonly string[] = [], isAlone = false): Promise<KeeperRun> {
    const agents = isAlone ? [this.relay.address] : [this.relay.address, this.agent.address];
    return await this.site.deliver({ agents, args: ["--first-use-limit", "2", ...args] });
  }

  /** Changes the secret in the vault. */
  async rotate(text: string): Promise<void> {
    await this.site.store({ "db.password": text });
  }

  /** Checks that the agent holds what the vault holds. */
  async assertServed(): Promise<void> {
    assertEquals(await readTree(this.agent.files), await readTree(this.site.path("vault")));
  }

  /** Returns where the keeper has the agent on record. */
  async recorded(): Promise<unknown> {
    const state = ["--state-dir", this.site.path("keeper-state"), "--json"];
    const { stdout } = await this.site.run("keeper", ["agents", "list", ...state]);
    const agents = jsonLines(stdout);
    assertEquals(agents.map(({ fingerprint }) => fingerprint), [this.agent.fingerprint]);
    return agents[0]?.address;
  }

  #meddle({ from, index, bytes }: WireUnit): Meddling {
    const isCut = this.isCutting && from === "keeper" && index === CONFIRMATION_INDEX;
    return isCut ? { last: new Uint8Array(0) } : [bytes];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.relay[Symbol.asyncDispose]();
    await this.site[Symbol.asyncDispose]();
  }
}

/** Checks that the agent was served, and not by way of the relay, whichever of them came first. */
function assertAgentServed(run: KeeperRun, scene: Scene): void {
  const [relay, agent] = outcomesOf(run, scene);
  assertEquals(agent, "delivered");
  assert(relay === "failed" || relay === "relay-suspected", `${relay}`);
}

/** Returns how the contacts with the relay and the agent ended. */
function outcomesOf(run: KeeperRun, { relay, agent }: Scene): unknown[] {
  return [relay.address, agent.address].map((address) => {
    const { outcome, code } = run.agents.get(address) ?? {};
    return outcome === "rejected" ? code : outcome;
  });
}

Deno.test({
  name: "keeper: serves an agent although a relay of it is on record and breaks off",
  ignore,
  async fn() {
    await using scene = await Scene.open();
    const { agent, relay } = scene;
    // The relay is heard alone and passes all: that is a delivery to the agent, and does no harm.
    const first = await scene.keep([], true);
    assertEquals([first.code, await scene.recorded()], [0, relay.address]);
    await scene.assertServed();
    // The attack: from now on the relay breaks off, so that no changed secret comes through.
    scene.isCutting = true;
    await scene.rotate("2");
    assertEquals(outcomesOf(await scene.keep(), scene), ["failed", "delivered"]);
    await scene.assertServed();
    assertEquals(await scene.recorded(), agent.address);
    scene.isCutting = false;
    await scene.rotate("3");
    assertEquals(outcomesOf(await scene.keep(), scene), ["relay-suspected", "delivered"]);
    await scene.assertServed();
  },
});

Deno.test({
  name: "keeper: has no relay on record that breaks off at the first contact",
  ignore,
  async fn() {
    await using scene = await Scene.open();
    scene.isCutting = true;
    assertEquals((await scene.keep([], true)).code, 1);
    assertEquals(await scene.recorded(), null);
    assertAgentServed(await scene.keep(), scene);
    assertEquals(await scene.recorded(), scene.agent.address);
    await scene.assertServed();
  },
});

Deno.test({
  name: "keeper: takes the address of no relay on record with an approval",
  ignore,
  async fn() {
    await using scene = await Scene.open();
    const trust = ["--trust", "approve"];
    assertEquals(outcomesOf(await scene.keep(trust), scene), ["pending", "pending"]);
    const state = ["--state-dir", scene.site.path("keeper-state"), "--json"];
    const approve = ["agents", "approve", scene.agent.fingerprint, ...state];
    const approval = await scene.site.run("keeper", approve);
    assertEquals(jsonLines(approval.stdout).map(({ deed, address }) => [deed, address]), [
      ["approved", null],
    ]);
    scene.isCutting = true;
    assertAgentServed(await scene.keep(trust), scene);
    assertEquals(await scene.recorded(), scene.agent.address);
    await scene.assertServed();
  },
});

Deno.test({
  name: "keeper: goes back to an agent within one run once the relay that stood in breaks off",
  ignore,
  async fn() {
    await using scene = await Scene.open();
    const { agent, relay, site } = scene;
    await scene.keep([], true);
    const keeper = await site.startKeeper({
      agents: [relay.address, agent.address],
      args: ["--first-use-limit", "2", "--polling-interval", "5"],
    });
    await keeper.waitForJson((line) => {
      return line.address === agent.address && line.code === "relay-suspected";
    });
    await scene.rotate("2");
    scene.isCutting = true;
    await keeper.waitForJson((line) => {
      return line.address === agent.address && line.outcome === "delivered";
    });
    await scene.assertServed();
    assert(relay.units.length > 0);
    assertEquals((await keeper.stop()).code, 0);
  },
});
