/** An agent and its keeper, real processes, that are killed in the middle of what they do. */
import { type FluxPrivateKey, zelIdOfKey } from "../../flux/mod.ts";
import { verifyAudit } from "../../keeper/audit/mod.ts";
import { TEMPORARY_SUFFIX } from "../../protocol/host/mod.ts";
import { assert, assertEquals } from "./assert.ts";
import { CrashVault, SHARED } from "./crash_vault.ts";
import { takeCrashPicture } from "./crash_picture.ts";
import { FollowedWork, type Moment, type WorkSize } from "./crash_moment.ts";
import type { Picture } from "./disk_picture.ts";
import type { JsonLine, ProcessEnd } from "./followed_process.ts";
import { freePort } from "./free_port.ts";
import { LinkRelay } from "./link_relay.ts";
import { DEMO_AGENT, startDemoKeeper, writeLoadout } from "./loadout_site.ts";
import type { RunningProgram } from "./running_program.ts";
import { folderArgs } from "./signed_agent.ts";
import { Site } from "./site.ts";
import { pick, type Random } from "./vault_tree.ts";

/** Who is killed. */
export type Victim = "agent" | "keeper" | "both";

/** What the keeper is asked to do. */
export type Deed = "deliver" | "wipe";

/** When an agent is ended that nobody kills: some live through many rounds. */
const AGENT_GUARD_MS = 600_000;

/** The folder whose events are counted. */
export type WatchedFolder = "agent" | "keeper-state";

const WORDS: Readonly<Record<Deed, readonly string[]>> = {
  deliver: ["run", "--run-once", "--no-watch"],
  wipe: ["wipe", "demo", "--yes"],
};

/** How something went that may have been cut off. */
export interface DeedEnd {
  /** How the keeper ended. */
  readonly keeper: ProcessEnd;
  /** Whether somebody was killed before the keeper had ended. */
  readonly isCut: boolean;
  /** How much there was to do. */
  readonly size: WorkSize;
}

/** The two of them with all that they need; `await using` ends them. */
export class CrashLane implements AsyncDisposable {
  /** Where they are. */
  readonly site: Site;
  /** What is declared. */
  readonly vault: CrashVault;
  /** Draws all that is drawn here. */
  readonly random: Random;
  /** What lies at the agent and is nobody's, by path. */
  readonly strangers = new Map<string, string>();
  readonly #key: FluxPrivateKey | null;
  readonly #port: number;
  readonly #relay: LinkRelay;
  #agent: RunningProgram;
  #work: FollowedWork | null = null;
  #strangers = 0;

  private constructor(
    site: Site,
    { vault, random, key }: {
      readonly vault: CrashVault;
      readonly random: Random;
      readonly key: FluxPrivateKey | null;
    },
    { agent, port }: { readonly agent: RunningProgram; readonly port: number },
  ) {
    this.site = site;
    this.vault = vault;
    this.random = random;
    this.#key = key;
    this.#agent = agent;
    this.#port = port;
    this.#relay = new LinkRelay({ host: "127.0.0.1", port }, {
      onToAgent: (length) => this.#work?.noteBytes(length),
    });
  }

  /** Starts an agent, and makes a vault for it; with a key its keeper signs. */
  static async open(random: Random, key: FluxPrivateKey | null): Promise<CrashLane> {
    const site = await Site.open();
    const vault = await CrashVault.make(site, random);
    await Deno.mkdir(site.path("outside/folder"), { recursive: true });
    await Deno.writeTextFile(site.path("outside/file"), "outside");
    await Deno.writeTextFile(site.path("outside/folder/file"), "outside, deep");
    await Deno.mkdir(site.path("agent"));
    await Deno.mkdir(site.path("keeper-state"), { mode: 0o700 });
    const port = freePort();
    const agent = spawnAgent(site, { key, port });
    await listeningLine(agent);
    return new CrashLane(site, { vault, random, key }, { agent, port });
  }

  /** The agent's working folder. */
  get files(): string {
    return this.site.path("agent/files");
  }

  /** What the agent that was started last has written to its log. */
  get agentLog(): string {
    return this.#agent.stderr;
  }

  /** How many bytes were handed on to the agent. */
  get bytesToAgent(): number {
    return this.#relay.toAgent;
  }

  /** Starts the agent where it does not run, and does not wait for it. */
  spawn(): RunningProgram {
    return this.#agent = spawnAgent(this.site, { key: this.#key, port: this.#port });
  }

  /** Starts the agent and waits until it listens. */
  async restart(): Promise<RunningProgram> {
    const agent = this.spawn();
    await listeningLine(agent);
    return agent;
  }

  /** Ends the agent; SIGTERM has it end in order what it is at. */
  async stop(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const { code } = await this.#agent.stop(signal);
    if (signal === "SIGTERM") assertEquals(code, 0, this.#agent.stderr);
  }

  /** Has the keeper do something; at the moment, if it comes, the victim is killed. */
  async perform(
    deed: Deed,
    { moment = null, victim = "agent", watched = "agent" }: {
      readonly moment?: Moment | null;
      readonly victim?: Victim;
      readonly watched?: WatchedFolder;
    } = {},
  ): Promise<DeedEnd> {
    await writeLoadout(this.site, {
      agents: [this.#relay.address],
      directives: this.vault.directives,
      key: this.#key,
    });
    let keeper: RunningProgram | null = null;
    const kill = () => {
      if (victim !== "keeper") this.#agent.kill("SIGKILL");
      if (victim !== "agent") keeper?.kill("SIGKILL");
    };
    await using work = new FollowedWork(this.site.path(watched), moment, kill);
    this.#work = work;
    keeper = startDemoKeeper(this.site, { words: WORDS[deed], key: this.#key });
    const end = await keeper.end;
    work.end();
    this.#work = null;
    return { keeper: end, isCut: work.hasCome, size: work.size };
  }

  /** Starts the agent, and kills it at a moment of what it does by itself. */
  async startCut(moment: Moment): Promise<{ readonly isCut: boolean }> {
    const agent = this.spawn();
    const kill = () => agent.kill("SIGKILL");
    await using work = new FollowedWork(this.site.path("agent"), moment, kill);
    work.begin();
    const isDone = agent.waitForJson(({ event }) => event === "expired").then(() => {}, () => {});
    await Promise.race([isDone, agent.end]);
    work.end();
    if (!work.hasCome) kill();
    await Promise.all([agent.end, isDone]);
    return { isCut: work.hasCome };
  }

  /** Makes it so that the last renewal of every lease was long ago; the agent must not run. */
  async ageLeases(): Promise<void> {
    const path = this.site.path("agent/state/leases.json");
    const text = await Deno.readTextFile(path);
    const aged = text.replace(/,\d{13}\]/g, `,${Date.now() - 48 * 3_600_000}]`);
    assert(aged !== text, text);
    await Deno.writeTextFile(path, aged);
  }

  /** Puts something beside what is declared that must stay for ever. */
  async addStranger(): Promise<void> {
    const path = pick(this.random, ["", `${SHARED}/`]) + `stranger ${++this.#strangers}`;
    const at = `${this.files}/${path}`;
    if (this.random(3) === 0) await Deno.symlink("../../../outside/folder", at);
    else if (this.random(2) === 0) {
      await Deno.mkdir(at, { mode: 0o711 });
      await Deno.writeTextFile(`${at}/inner`, `${this.#strangers}`);
    } else await Deno.writeTextFile(at, `${this.#strangers}`);
    for (const [found, what] of await takeCrashPicture(this.files)) {
      if (found === path || found.startsWith(`${path}/`)) this.strangers.set(found, what);
    }
  }

  /** Fails unless all that is nobody's is as it was, here and outside of the working folder. */
  async checkStrangers(picture: Picture): Promise<void> {
    for (const [path, what] of this.strangers) assertEquals(picture.get(path), what, path);
    const outside = await Promise.all(
      ["file", "folder/file"].map((name) => Deno.readTextFile(this.site.path(`outside/${name}`))),
    );
    assertEquals(outside, ["outside", "outside, deep"]);
    const names = [...Deno.readDirSync(this.site.path("agent"))].map(({ name }) => name).sort();
    assertEquals(names, ["files", "state"]);
  }

  /** Has the keeper say what is left to do; fails unless that is nothing. */
  async checkPlan(): Promise<void> {
    const plan = await startDemoKeeper(this.site, { words: ["plan"], key: this.#key }).end;
    assertEquals(plan.code, 0, `something is left to do: ${plan.stdout}${plan.stderr}`);
  }

  /** Waits until the agent has ended what it is at: a plan waits for its turn. */
  async untilIdle(): Promise<void> {
    const plan = await startDemoKeeper(this.site, { words: ["plan"], key: this.#key }).end;
    assert(plan.code === 0 || plan.code === 3, plan.stdout + plan.stderr);
  }

  /** Fails unless each line of the audit log follows from the one before. */
  async checkAudit(): Promise<void> {
    const file = await Deno.open(this.site.path("keeper-state/audit.jsonl"));
    const { fault } = await verifyAudit(file.readable);
    assertEquals(fault, null, "the audit log is broken");
  }

  /** Fails unless what killed keepers have left in their folder of state goes with the time. */
  async checkKeeperState(): Promise<void> {
    const folder = this.site.path("keeper-state");
    const left = () => {
      return [...Deno.readDirSync(folder)].map(({ name }) => name)
        .filter((name) => name.endsWith(TEMPORARY_SUFFIX));
    };
    const yesterday = new Date(Date.now() - 86_400_000);
    for (const name of left()) await Deno.utime(`${folder}/${name}`, yesterday, yesterday);
    const end = await this.site.run("keeper", ["audit", "verify", "--state-dir", folder]);
    assertEquals(end.code, 0, end.stdout + end.stderr);
    assertEquals(left(), []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#relay[Symbol.asyncDispose]();
    await this.site[Symbol.asyncDispose]();
  }
}

function spawnAgent(
  site: Site,
  { key, port }: { readonly key: FluxPrivateKey | null; readonly port: number },
): RunningProgram {
  const access = key === null
    ? ["--whitelisted-addresses", "127.0.0.1"]
    : ["--signed-vault-connections", "--zelid", zelIdOfKey(key)];
  return site.start("agent", [...folderArgs(site, { port }), ...DEMO_AGENT, ...access], {
    guardTimeoutMs: AGENT_GUARD_MS,
  });
}

function listeningLine(agent: RunningProgram): Promise<JsonLine> {
  return agent.waitForJson(({ event }) => event === "listening");
}
