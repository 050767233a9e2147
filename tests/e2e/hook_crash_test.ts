/**
 * An agent that is killed at random moments of deliveries and of hooks: for every change that came into
 * place its hook ran at least once after it, and always under one name.
 *
 * The moments are drawn from a seed, which is in the name of the test; `CRASH_SEED` sets another.
 *
 * @module
 */
import { delay } from "../../protocol/delay.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { deliverHooked } from "../support/hooked_delivery.ts";
import { runHook } from "../support/hook_manifest.ts";
import { startSignedAgent } from "../support/signed_agent.ts";
import { signerOf } from "../support/signing.ts";
import { type RunningAgent, Site } from "../support/site.ts";
import { makeRandom } from "../support/seeded_random.ts";
import { WireTap } from "../support/wire_tap.ts";

/** A sample with all tests; `CRASH_SESSIONS` asks for more. */
const ROUNDS = Number(Deno.env.get("CRASH_SESSIONS") ?? 16);
const LANES = 2;
/** More than the most frames that a session has before its last words, in either direction. */
const MAX_MOMENT = 64;
/** What is still on its way when the files that name a hook are in place. */
const BIG_BYTES = 2_000_000;
const SEED = Number(Deno.env.get("CRASH_SEED") ?? 20_261_126);

const SIGNER = signerOf();

/**
 * Writes down the change and what it finds, and kills the agent that runs it, before or after that,
 * where it is told to.
 */
const SCRIPT = `
  echo $$ >>../hooks
  kill_once() { [ -e "../$1" ] || return 0; rm "../$1"; kill -KILL "$PPID"; }
  kill_once before
  echo "$FLUXVAULT_CHANGE_ID $(cat a) $(cat deep/b)" >>../log
  kill_once after
`;

const HOOKS = [runHook("reload", ["sh", "-c", SCRIPT])];

/** When the agent is killed. */
type Moment = { readonly at: "before" | "after" } | { readonly at: "wire"; readonly unit: number };

class Lane {
  readonly site: Site;
  readonly random: (below: number) => number;
  #agent: RunningAgent | null = null;
  #revision = 0;

  constructor(site: Site, seed: number) {
    this.site = site;
    this.random = makeRandom(seed);
  }

  async agent(): Promise<RunningAgent> {
    this.#agent ??= await startSignedAgent(this.site, {
      zelids: [SIGNER.address],
      args: ["--allow-run", "sh"],
      process: { mayRun: true },
    });
    return this.#agent;
  }

  /** Delivers one version and tells whether the session came to its end. */
  async deliver(version: string, moment: Moment | null): Promise<boolean> {
    const agent = await this.agent();
    const { program } = agent;
    let seen = 0;
    await using tap = new WireTap(agent, {
      meddle: ({ bytes }) => {
        if (moment?.at === "wire" && seen++ === moment.unit) program.kill("SIGKILL");
        return [bytes];
      },
    });
    const [host = "", port = ""] = tap.address.split(":");
    const delivery = deliverHooked({ host, port: Number(port) }, {
      signer: SIGNER,
      files: { a: version, "deep/b": version },
      others: { big: version.padEnd(BIG_BYTES) },
      hooks: HOOKS,
      revision: ++this.#revision,
    });
    const isWhole = await delivery.then(() => true, () => false);
    if (isWhole && moment === null) return true;
    // The moment may not have come: then it comes now.
    program.kill("SIGKILL");
    await program.end;
    this.#agent = null;
    await this.#untilHooksEnd();
    return isWhole;
  }

  /** Waits for hooks that outlive their agent: the next delivery is not to come in between. */
  async #untilHooksEnd(): Promise<void> {
    const text = await Deno.readTextFile(this.site.path("agent/hooks")).catch(() => "");
    const isRunning = async (pid: string) => {
      const words = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
      return words.includes("kill_once");
    };
    for (const pid of text.trim().split("\n")) {
      while (await isRunning(pid)) await delay(10);
    }
  }

  async round(version: string): Promise<Moment> {
    const at = (["wire", "wire", "before", "after"] as const)[this.random(4)] ?? "wire";
    const moment: Moment = at === "wire" ? { at, unit: this.random(MAX_MOMENT) } : { at };
    if (at !== "wire") await Deno.writeTextFile(this.site.path(`agent/${at}`), "");
    await this.deliver(version, moment);
    for (const name of ["before", "after"]) {
      await Deno.remove(this.site.path(`agent/${name}`)).catch(() => {});
    }
    assert(await this.deliver(version, null), `${version} was not delivered at last`);
    return moment;
  }

  /** What the hook wrote down: a change and what it found in the two files. */
  async log(): Promise<string[][]> {
    const text = await Deno.readTextFile(this.site.path("agent/log"));
    return text.trim().split("\n").map((line) => line.split(" "));
  }
}

Deno.test(
  `agent: runs hooks at least once for each change in ${ROUNDS} rounds in which it is killed, seed ${SEED}`,
  { ignore: Deno.build.os === "windows" },
  async () => {
    const moments: Moment[] = [];
    let started = 0;
    await Promise.all(Array.from({ length: LANES }, async (_, index) => {
      await using site = await Site.open();
      await Deno.mkdir(site.path("agent"), { recursive: true });
      const lane = new Lane(site, SEED + index);
      const versions: string[] = [];
      while (started++ < ROUNDS) {
        const version = `v${started}`;
        versions.push(version);
        moments.push(await lane.round(version));
        const lines = (await lane.log()).filter(([, a, b]) => a === version && b === version);
        assert(lines.length > 0, `no hook ran for ${version}`);
        assertEquals(new Set(lines.map(([id]) => id)).size, 1, `${version} has several names`);
      }
      const log = await lane.log();
      // Each change has a name of its own.
      assertEquals(new Set(log.map(([id]) => id)).size, versions.length);
      // No hook saw one file of one version and one of another: it runs once all is in place.
      for (const [, a, b] of log) assertEquals(a, b);
    }));
    assertEquals(moments.length, ROUNDS);
  },
);
