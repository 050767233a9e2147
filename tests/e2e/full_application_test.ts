/**
 * A whole application over standard agents: the keeper proves who it is, delivers a work file to each of
 * three agents and gives all of them the plugin that does the work; it starts the work, follows it,
 * upgrades the plugin meanwhile, stops it and collects what was found. By the real programs.
 *
 * @module
 */
import { zelIdOfKey } from "../../flux/mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { type FollowedProcess, type JsonLine, jsonLines } from "../support/followed_process.ts";
import { PluginSite } from "../support/plugin_site.ts";
import type { RunningAgent } from "../support/site.ts";

const COMPONENTS = ["one", "two", "three"];

/** Returns the 32-bit FNV-1a hash of a text: what is searched for is a number that makes it small. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  }
  return hash;
}

/** The plugin, as its author writes it. */
const SEEKER = (version: string) => `
const VERSION = ${JSON.stringify(version)};
${hashOf.toString()}
async function readTask(files) {
  const [file] = (await files.list()).filter(({ path }) => path.endsWith("task.json"));
  if (file === undefined) throw Object.assign(new Error(), { code: "no-task" });
  return JSON.parse(await files.readText(file.path));
}
plugin({
  actions: {
    async run(_input, { files, storage, progress, sleep, isCancelled }) {
      const { text, from, count } = await readTask(files);
      await storage.set("stop", false);
      let best = { number: from, hash: hashOf(text + from) };
      let done = 0;
      for (; done < count && !isCancelled() && !await storage.get("stop"); done += 500) {
        for (let number = from + done; number < from + done + 500; number++) {
          const hash = hashOf(text + number);
          if (hash < best.hash) best = { number, hash };
        }
        await storage.set("state", { version: VERSION, done: done + 500, best });
        progress({ done: done + 500 });
        await sleep(20);
      }
      return { version: VERSION, done, best };
    },
    progress: async (_input, { storage }) => (await storage.get("state"))?.done ?? 0,
    stop: async (_input, { storage }) => void await storage.set("stop", true),
    result: (_input, { storage }) => storage.get("state"),
    version: () => VERSION,
  },
});`;

/** What the agents hold, and the keeper's commands about all of them. */
class Application {
  readonly place: PluginSite;

  constructor(place: PluginSite) {
    this.place = place;
  }

  /** Builds and signs the plugin from its source, as its author does; returns the package. */
  async build(version: string): Promise<string> {
    const { place, place: { site } } = this;
    const description = {
      Name: "seeker",
      Version: version,
      Actions: ["run", "progress", "stop", "result", "version"].map((Name) => ({ Name })),
      Permissions: { net: [], read: this.folders, write: [], env: [] },
      Limits: { MemoryMb: 32, CallTimeoutS: 600 },
    };
    await Deno.writeTextFile(site.path("seeker.js"), SEEKER(version));
    await Deno.writeTextFile(site.path("plugin.json"), JSON.stringify(description));
    const out = site.path(`seeker-${version}.fvplugin`);
    const signing = ["--zelid", zelIdOfKey(place.key), "--state-dir", site.path("author-state")];
    const build = ["plugin", "build", site.path("seeker.js"), "--out", out, ...signing];
    const { code, stdout, stderr } = await site.run("keeper", build, { input: place.wif });
    assertEquals(code, 0, stdout + stderr);
    return out;
  }

  /** The folders with the work files of all agents. */
  get folders(): string[] {
    return COMPONENTS.map((name) => this.place.site.path(`${name}/files/work`));
  }

  /** Declares a work file for each agent, with numbers of its own, and delivers them. */
  async deliver(count: number): Promise<void> {
    const { place, place: { site, agents } } = this;
    const components = COMPONENTS.map((name) => {
      return `  ${name}: { state_directives: [{ source: ${name}.json, target: work/task.json }] }`;
    });
    const tasks = COMPONENTS.map((name, i) => {
      return [`${name}.json`, JSON.stringify({ text: "fluxvault", from: i * 1e9, count })];
    });
    await site.store(Object.fromEntries(tasks), "vault/shop");
    const addresses = agents.map(({ address }) => JSON.stringify(address)).join(", ");
    const signing = [`sign_with: ${zelIdOfKey(place.key)}`];
    const known = ["version: 1", `agents: [${addresses}]`, ...signing];
    const loadout = [...known, "components:", ...components];
    await site.store({ "fluxvault.yaml": `${loadout.join("\n")}\n` }, "vault/shop");
    const { code, stdout, stderr } = await site.run("keeper", [
      ...["run", "--run-once", "--json", "--vault-dir", site.path("vault")],
      ...["--state-dir", site.path("keeper-state")],
    ], { input: place.wif });
    assertEquals(code, 0, stdout + stderr);
  }

  /** Calls an action of all agents; returns their answers in the order of the components. */
  async callAll(action: string): Promise<unknown[]> {
    const end = await this.place.keeper("call", "shop", `seeker-${action}`, "--json");
    assertEquals(end.code, 0, end.stdout + end.stderr);
    return answersIn(jsonLines(end.stdout));
  }

  /** Starts the work on all agents; the process of the keeper ends when all have. */
  start(): FollowedProcess {
    const call = ["call", "shop", "seeker-run", "--timeout", "600", "--json"];
    return this.place.site.start("keeper", [...call, ...this.place.fleetArgs()], {
      input: this.place.wif,
    });
  }
}

function answersIn(lines: readonly JsonLine[]): unknown[] {
  return COMPONENTS.map((name) => lines.find(({ component }) => component === name)?.output);
}

/** What is to be found of these numbers. */
function bestOf(from: number, count: number): { readonly number: number; readonly hash: number } {
  let best = { number: from, hash: hashOf(`fluxvault${from}`) };
  for (let number = from; number < from + count; number++) {
    const hash = hashOf(`fluxvault${number}`);
    if (hash < best.hash) best = { number, hash };
  }
  return best;
}

Deno.test("a whole application: standard agents are given work and a plugin that does it", async () => {
  await using place = await PluginSite.open({});
  const application = new Application(place);
  const granted = application.folders.map((folder) => `read=${folder}`).join();
  const args = ["--allow-plugins", "--plugin-permissions", granted];
  const agents: RunningAgent[] = [];
  for (const name of COMPONENTS) agents.push(await place.startAgent(name, { args }));

  await application.deliver(1e9);
  // The attack: whoever cannot sign is let in by none of them.
  const stranger = await place.site.deliver({
    agents: agents.map(({ address }) => address),
    managed: ["one.json"],
    ...{ vault: "vault/shop", state: "stranger-state" },
  });
  assertEquals(agents.map(({ address }) => stranger.agents.get(address)?.code), [
    ...["statement-missing", "statement-missing", "statement-missing"],
  ]);
  // A standard agent knows nothing of the work.
  assertEquals(await place.call(agents[0] as RunningAgent, "seeker-run"), "unknown-action");
  const first = await application.build("1.0.0");
  assertEquals(await place.push(first), { code: 0, said: ["running", "running", "running"] });

  const working = application.start();
  const early = await untilProgress(application, () => true);
  const later = await untilProgress(application, (done, i) => done > (early[i] ?? 0));
  assert(later.every((done, i) => done > (early[i] ?? 0)), `${early} ${later}`);
  assertMatch(working.stderr, /: \{"done":\d+\}\n/);

  // In the middle of the work its plugin is upgraded: the work goes on, and new calls meet the new one.
  const second = await application.build("1.1.0");
  assertEquals((await place.push(second)).said, ["running", "running", "running"]);
  assertEquals(await application.callAll("version"), ["1.1.0", "1.1.0", "1.1.0"]);
  const before = await untilProgress(application, () => true);
  await untilProgress(application, (done, i) => done > (before[i] ?? 0));

  await application.callAll("stop");
  const { code, stdout } = await working.end;
  assertEquals(code, 0, stdout);
  const found = answersIn(jsonLines(stdout)) as Found[];
  for (const [i, { version, done, best }] of found.entries()) {
    assert(done >= (later[i] ?? 0) && done < 1e9, `${done}`);
    assertEquals([version, best], ["1.0.0", bestOf(i * 1e9, done)]);
  }
  assertEquals(await application.callAll("result"), found);

  // What was found outlasts the agent; and the next work, which is short, comes to its end by itself.
  await place.restart(agents[1] as RunningAgent, "SIGKILL", args);
  assertEquals(await application.callAll("result"), found);
  await application.deliver(2_000);
  const end = await application.start().end;
  assertEquals(end.code, 0, end.stdout + end.stderr);
  assertEquals(
    answersIn(jsonLines(end.stdout)),
    COMPONENTS.map((_, i) => ({ version: "1.1.0", done: 2_000, best: bestOf(i * 1e9, 2_000) })),
  );
  assertEquals((await place.keeper("plugin", "remove", "seeker")).code, 0);
  for (const agent of place.agents) assertEquals(await place.list(agent), []);
});

/** What an agent found. */
interface Found {
  readonly version: string;
  readonly done: number;
  readonly best: ReturnType<typeof bestOf>;
}

/** Asks all agents how far they are until all are as far as is wanted. */
async function untilProgress(
  application: Application,
  isFar: (done: number, index: number) => boolean,
): Promise<number[]> {
  for (;;) {
    const done = await application.callAll("progress") as number[];
    if (done.every((each, i) => each > 0 && isFar(each, i))) return done;
  }
}
