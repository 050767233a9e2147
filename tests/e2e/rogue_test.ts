/**
 * A rogue node in the list of an app's locations, under each way of trusting agents.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { FakeFluxApi } from "../support/fake_flux_api.ts";
import { freePort } from "../support/free_port.ts";
import {
  hasManyLoopbacks,
  type KeeperRun,
  readKeeperRun,
  readTree,
  type RunningAgent,
  Site,
} from "../support/site.ts";

const APP = "vaultdemo";
const SECRET = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const WRONG_SECRET = "HxECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
/** The network lists hosts, so several agents need several loopback addresses. */
const ignore = !hasManyLoopbacks();

/** An app on the network: a good agent, and a rogue that is listed beside it. */
class Scene implements AsyncDisposable {
  readonly site: Site;
  readonly port = freePort();
  readonly #api = FakeFluxApi.start();

  private constructor(site: Site) {
    this.site = site;
  }

  static async open(instances: number): Promise<Scene> {
    const scene = new Scene(await Site.open({ "db.password": "1" }));
    scene.#api.setSpecification(APP, { version: 8, name: APP, instances, compose: [] });
    await Deno.mkdir(scene.site.path("credentials"));
    await Deno.writeTextFile(scene.site.path("credentials/fluxvault-enrolment"), SECRET);
    return scene;
  }

  /** Starts an agent; the rogue has a host of its own and all that it wants but a key of ours. */
  async start(name: "good" | "rogue", secret?: string): Promise<RunningAgent> {
    const host = name === "good" ? "127.0.0.1" : "127.0.0.2";
    const { site, port } = this;
    const folders = ["--working-dir", `${name}/files`, "--state-dir", `${name}/state`];
    await Deno.mkdir(site.path(name), { recursive: true });
    const program = site.start("agent", [
      ...["--bind-address", host, "--bind-port", `${port}`, "--json", "--app-name", APP],
      ...["--whitelisted-addresses", "127.0.0.1", ...folders],
    ], { variables: secret === undefined ? {} : { FLUXVAULT_ENROLL_SECRET: secret } });
    const { fingerprint } = await program.waitForJson(({ event }) => event === "listening");
    return {
      ...{ program, host, port, fingerprint, address: `${host}:${port}` },
      files: site.path(`${name}/files`),
      state: site.path(`${name}/state`),
      [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
    };
  }

  /** Runs the keeper once over these hosts. */
  async keep(
    agents: readonly RunningAgent[],
    args: readonly string[],
    options: { readonly enrols?: boolean } = {},
  ): Promise<KeeperRun> {
    const { site } = this;
    this.#api.setLocations(APP, agents.map(({ host }) => host));
    const folders = ["--vault-dir", site.path("vault"), "--state-dir", site.path("keeper-state")];
    const end = await site.run("keeper", [
      ...["--run-once", "--json", "--managed-files", "db.password", "--app-name", APP],
      ...["--flux-api", this.#api.url, "--comms-port", `${this.port}`, ...folders, ...args],
    ], {
      variables: options.enrols ? { CREDENTIALS_DIRECTORY: site.path("credentials") } : {},
    });
    return readKeeperRun(end);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.site[Symbol.asyncDispose]();
    await this.#api.stop();
  }
}

function outcomeOf(run: KeeperRun, { address }: RunningAgent): string {
  const { outcome, code, reason, trust } = run.agents.get(address) ?? {};
  return [outcome, code ?? reason ?? trust].join(" ");
}

async function assertGivenNothing({ files }: RunningAgent): Promise<void> {
  assertEquals(await readTree(files), {});
}

Deno.test({
  name: "keeper: lets a rogue of the list wait under approve, and turns it away under pinned",
  ignore,
  async fn() {
    await using scene = await Scene.open(2);
    const [good, rogue] = [await scene.start("good"), await scene.start("rogue")];
    const state = ["--state-dir", scene.site.path("keeper-state"), "--app-name", APP];
    const met = await scene.keep([good, rogue], []);
    assertEquals([good, rogue].map((agent) => outcomeOf(met, agent)), [
      "pending new",
      "pending new",
    ]);
    await scene.site.run("keeper", ["agents", "approve", good.fingerprint, ...state]);
    for (const [trust, expected] of [["approve", "pending new"], ["pinned", "rejected rejected"]]) {
      const run = await scene.keep([good, rogue], ["--trust", trust ?? ""]);
      assertEquals([good, rogue].map((agent) => outcomeOf(run, agent)), [
        "delivered approved",
        expected,
      ]);
    }
    await assertGivenNothing(rogue);
  },
});

Deno.test({
  name: "keeper: has no place under first-use for a rogue beside as many agents as the app has",
  ignore,
  async fn() {
    await using scene = await Scene.open(1);
    const [good, rogue] = [await scene.start("good"), await scene.start("rogue")];
    const first = await scene.keep([good], ["--trust", "first-use"]);
    const line = first.agents.get(good.address);
    assertEquals([outcomeOf(first, good), line?.new, line?.place, line?.places], [
      "delivered first-use",
      ...[true, 1, 1],
    ]);
    // A limit of the operator's own makes no room that the app does not have.
    const args = ["--trust", "first-use", "--first-use-limit", "9"];
    const run = await scene.keep([good, rogue], args);
    assertEquals([good, rogue].map((agent) => outcomeOf(run, agent)), [
      "delivered first-use",
      "pending places-taken",
    ]);
    await assertGivenNothing(rogue);
  },
});

Deno.test({
  name: "keeper: announces a rogue that takes a free place under first-use",
  ignore,
  async fn() {
    await using scene = await Scene.open(2);
    const [good, rogue] = [await scene.start("good"), await scene.start("rogue")];
    await scene.keep([good], ["--trust", "first-use"]);
    const run = await scene.keep([good, rogue], ["--trust", "first-use"]);
    const line = run.agents.get(rogue.address);
    assertEquals([outcomeOf(run, rogue), line?.new, line?.place, line?.places], [
      "delivered first-use",
      ...[true, 2, 2],
    ]);
    assertEquals(run.agents.get(good.address)?.new, false);
    assertMatch(run.stderr, /trusted at first use/);
    assert(run.stderr.includes(rogue.fingerprint) && run.stderr.includes("2 of 2"), run.stderr);
  },
});

Deno.test({
  name: "keeper: trusts who proves to know the app's secret, and no rogue beside it",
  ignore,
  async fn() {
    await using scene = await Scene.open(1);
    const good = await scene.start("good", SECRET);
    const enrols = { enrols: true };
    for (
      const [secret, expected] of [[undefined, "pending"], [WRONG_SECRET, "rejected"]] as const
    ) {
      const rogue = await scene.start("rogue", secret);
      for (const [trust, reason] of [["approve", "new"], ["first-use", "places-taken"]]) {
        const run = await scene.keep([good, rogue], ["--trust", trust ?? ""], enrols);
        assertEquals([good, rogue].map((agent) => outcomeOf(run, agent)), [
          "delivered enrolled",
          `${expected} ${secret === undefined ? reason : "enrolment-invalid"}`,
        ]);
        assert(!(run.stdout + run.stderr).includes(SECRET));
      }
      await assertGivenNothing(rogue);
      await rogue.program.stop();
    }
  },
});

Deno.test({
  name: "keeper: follows an enrolled agent whose container was made anew, and nobody without proof",
  async fn() {
    await using scene = await Scene.open(1);
    const enrols = { enrols: true };
    const good = await scene.start("good", SECRET);
    await scene.keep([good], [], enrols);
    await good.program.stop();
    await Deno.remove(good.state, { recursive: true });
    // The attack: somebody without the secret sits down at the same address.
    const impostor = await scene.start("good");
    for (const trust of ["approve", "first-use", "pinned"]) {
      const run = await scene.keep([impostor], ["--trust", trust], enrols);
      assertEquals(outcomeOf(run, impostor), "rejected identity-changed");
    }
    await impostor.program.stop();
    const again = await scene.start("good", SECRET);
    const pinned = await scene.keep([again], ["--trust", "pinned"], enrols);
    assertEquals(outcomeOf(pinned, again), "rejected identity-changed");
    const run = await scene.keep([again], [], enrols);
    const line = run.agents.get(again.address);
    assertEquals([outcomeOf(run, again), line?.new, line?.replaced], [
      "delivered enrolled",
      true,
      [good.fingerprint],
    ]);
  },
});
