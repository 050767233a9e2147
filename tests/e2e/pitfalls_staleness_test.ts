/**
 * What goes wrong elsewhere when a secret changes: one bad file stops or restarts everything, the command
 * that reloads an application does not run, or for nothing, or fails unseen.
 *
 * @module
 */
import { encodeWif, generatePrivateKey, zelIdOfKey } from "../../flux/mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { type JsonLine, jsonLines } from "../support/followed_process.ts";
import {
  deliverDemo,
  DEMO_AGENT,
  type DemoLoadout,
  startDemoKeeper,
  writeLoadout,
} from "../support/loadout_site.ts";
import { startSignedAgent } from "../support/signed_agent.ts";
import { outcomesOf, type RunningAgent, Site } from "../support/site.ts";

/** Programs of a Unix are run. */
const UNIX = { ignore: Deno.build.os === "windows" };

const KEY = generatePrivateKey();

function deliveriesOf(keeper: { readonly reports: JsonLine[] }): JsonLine[] {
  return keeper.reports.filter(({ type }) => type === "agent");
}

/** The pauses between the end of each contact and the beginning of the next, in milliseconds. */
function pausesOf(contacts: readonly JsonLine[]): number[] {
  return contacts.slice(1).map((contact, i) => {
    const before = contacts[i];
    return Date.parse(contact.started) - Date.parse(before?.started) - before?.durationMs;
  });
}

Deno.test(
  "keeper and agent: one file that cannot be delivered stops no other, restarts nothing, and is tried again ever more seldom",
  UNIX,
  async () => {
    await using site = await Site.open({ "a/good": "1", bad: "1", "z/good": "1" });
    const script = 'echo "started with $(cat agent/files/a/good)"; trap "exit 0" TERM; ' +
      'while kill -0 "$PPID" 2>/dev/null; do sleep 0.05; done';
    const agent = await site.startAgent({
      args: ["--wait-for", "a/good,z/good", "--on-change", "restart"],
      process: { application: ["/bin/sh", "-c", script] },
    });
    // Something is in its way that is nobody's to remove.
    await Deno.mkdir(`${agent.files}/bad/theirs`, { recursive: true });
    const keeper = await site.startKeeper({
      agents: [agent.address],
      args: ["--polling-interval", "3600"],
    });
    await keeper.waitFor(() => deliveriesOf(keeper).length >= 3 || undefined);
    const [first, ...later] = deliveriesOf(keeper);
    assertEquals(outcomesOf(first), {
      "a/good": "created",
      bad: "failed not-a-file",
      "z/good": "created",
    });
    for (const contact of later) assertEquals(outcomesOf(contact), { bad: "failed not-a-file" });
    assertEquals(later.map(({ contentBytes }) => contentBytes), [0, 0]);
    assertEquals(deliveriesOf(keeper).map(({ failures }) => failures), [1, 2, 3]);
    const [pauseMs = 0, nextPauseMs = 0] = pausesOf(deliveriesOf(keeper));
    assert(pauseMs >= 2_400 && nextPauseMs >= 4_900, `${pauseMs}, ${nextPauseMs}`);
    // What is new comes at once all the same, and only that is a change for the application.
    assertEquals(agent.program.stdout, "started with 1\n");
    await site.store({ "a/good": "2" });
    await agent.program.waitFor(() => {
      return agent.program.stdout.includes("started with 2\n") || undefined;
    });
    assertEquals(agent.program.stdout, "started with 1\nstarted with 2\n");
    assertEquals((await keeper.stop()).code, 0);
    assertEquals((await agent.program.stop()).code, 0);
  },
);

/** Notes each run with what it is told of, and fails while nobody has mended what it needs. */
const RELOAD = 'echo "$FLUXVAULT_CHANGE_ID:$(echo $FLUXVAULT_CHANGED_FILES)" >>../runs; ' +
  "echo reloading; [ ! -e ../broken ] || { echo cannot reload; exit 3; }";

/** A site with a signed agent that may run the shell, and a loadout whose files share one hook. */
class HookedSite {
  readonly site: Site;
  readonly loadout: (agent: RunningAgent) => DemoLoadout = ({ address }) => ({
    agents: [address],
    key: KEY,
    hooks: { reload: `{ run: [sh, -c, ${JSON.stringify(RELOAD)}] }` },
    directives: ["{ source: tls, hook: reload }", "{ source: motd }"],
  });

  constructor(site: Site) {
    this.site = site;
  }

  /** Starts the agent, the first time or again; the loadout names where it is then. */
  async start(): Promise<RunningAgent> {
    const agent = await startSignedAgent(this.site, {
      zelids: [zelIdOfKey(KEY)],
      args: [...DEMO_AGENT, "--allow-run", "sh"],
      process: { mayRun: true },
    });
    await writeLoadout(this.site, this.loadout(agent));
    return agent;
  }

  /** Serves the agent once, by a keeper that knows nothing but what is on its disk. */
  async deliver(agent: RunningAgent): Promise<{ readonly code: number; readonly line: JsonLine }> {
    const { code, agents, stderr } = await deliverDemo(this.site, { key: KEY });
    const line = agents.get(agent.address);
    assert(line !== undefined, stderr);
    return { code, line };
  }

  /** What each run was told of. */
  async runs(): Promise<string[]> {
    const text = await Deno.readTextFile(this.site.path("agent/runs")).catch(() => "");
    return text.split("\n").slice(0, -1).map((line) => line.slice(line.indexOf(":") + 1));
  }

  /** What the status says of the hooks of the one agent. */
  async status(): Promise<{ readonly code: number; readonly hooks: string[] }> {
    const { code, stdout } = await startDemoKeeper(this.site, { words: ["status"] }).end;
    const [line] = jsonLines(stdout);
    const hooks: JsonLine[] = line?.hooks ?? [];
    return { code, hooks: hooks.map(({ hook, outcome, code }) => `${hook} ${outcome} ${code}`) };
  }
}

const FILES = { "tls/a": "1", "tls/m": "1", "tls/z": "1", motd: "1" };

Deno.test(
  "hooks: run on the first change after a restart of either side, for a change in any file of the set, and for nothing else",
  UNIX,
  async () => {
    await using site = await Site.open(FILES);
    const hooked = new HookedSite(site);
    let agent = await hooked.start();
    const all = "tls tls/a tls/m tls/z";
    assertEquals((await hooked.deliver(agent)).code, 0);
    assertEquals(await hooked.runs(), [all]);
    // Nothing changed, though the keeper is another process each time, and the agent is from here on.
    await agent.program.stop("SIGKILL");
    agent = await hooked.start();
    assertEquals((await hooked.deliver(agent)).line.hooks, []);
    await site.store({ motd: "2" });
    assertEquals((await hooked.deliver(agent)).line.hooks, []);
    assertEquals(await hooked.runs(), [all]);
    const expected = [all];
    for (const name of ["tls/a", "tls/m", "tls/z"]) {
      await agent.program.stop();
      agent = await hooked.start();
      await site.store({ [name]: "2" });
      const { line } = await hooked.deliver(agent);
      assertEquals(line.hooks.map(({ hook, outcome }: JsonLine) => `${hook} ${outcome}`), [
        "reload ran",
      ]);
      expected.push(name);
      assertEquals(await hooked.runs(), expected);
    }
    // One that is gone is a change of the set as well.
    await Deno.remove(site.path("vault/tls/m"));
    await hooked.deliver(agent);
    assertEquals(await hooked.runs(), [...expected, "tls/m"]);
  },
);

Deno.test(
  "hooks: one that fails is seen at the keeper, in reports and in the status, until it succeeds",
  UNIX,
  async () => {
    await using site = await Site.open(FILES);
    const hooked = new HookedSite(site);
    const agent = await hooked.start();
    await Deno.writeTextFile(site.path("agent/broken"), "");
    const first = await hooked.deliver(agent);
    const [hook] = first.line.hooks;
    assertEquals([first.code, first.line.wanted, hook.outcome, hook.exitStatus, hook.output], [
      ...[1, false, "failed", 3, "reloading\ncannot reload"],
    ]);
    assertEquals(await hooked.status(), { code: 1, hooks: ["reload failed hook-failed"] });
    // Not a byte is new, and it is said again: to programs, and to people.
    const second = await hooked.deliver(agent);
    assertEquals([second.code, second.line.contentBytes, second.line.hooks[0].changeId], [
      ...[1, 0, hook.changeId],
    ]);
    const text = await site.run("keeper", [
      ...["run", "--run-once", "--loadout", site.path("loadout.yaml")],
      ...["--state-dir", site.path("keeper-state")],
    ], { input: `${encodeWif(KEY)}\n` });
    assertEquals(text.code, 1);
    assertMatch(text.stdout, /hook reload: failed \(hook-failed\), exit status 3/);
    assertMatch(text.stdout, /\| cannot reload/);
    assertEquals((await hooked.status()).code, 1);
    await Deno.remove(site.path("agent/broken"));
    await agent.program.waitForLog(/a hook has run/);
    const last = await hooked.deliver(agent);
    assertEquals([last.code, last.line.hooks[0].outcome, last.line.hooks[0].changeId], [
      ...[0, "ran", hook.changeId],
    ]);
    assertEquals(await hooked.status(), { code: 0, hooks: [] });
  },
);
