/**
 * The canary in all that came with deliveries of folders: loadouts, plans, hooks, leases, the status, and
 * the agent as an entrypoint. No secret stands anywhere, and of a short one not even its digest.
 *
 * @module
 */
import { encodeWif, generatePrivateKey, zelIdOfKey } from "../../flux/mod.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { BINARY, find, KEEPERS_PURPOSE, readLeftBehind, TEXT } from "../support/canary.ts";
import type { ProcessEnd } from "../support/followed_process.ts";
import { deliverDemo, writeLoadout } from "../support/loadout_site.ts";
import { startSignedAgent } from "../support/signed_agent.ts";
import { type RunningAgent, Site } from "../support/site.ts";
import { answer, missingForTerminal, startAtTerminal } from "../support/terminal.ts";

const KEY = generatePrivateKey();
/** Short enough to be found by trying: not even its digest may stand anywhere. */
const PIN = "4821";

/** What fails, and says only what it should. */
const HOOK = 'echo "reloading $FLUXVAULT_CHANGED_FILES"; exit 3';

/** A keeper and an agent that is an entrypoint, with all that a loadout can ask for. */
class LoudSite {
  readonly site: Site;
  readonly outputs = new Map<string, string>();
  #count = 0;

  constructor(site: Site) {
    this.site = site;
  }

  /** Writes the loadout for an agent. */
  async write({ address }: RunningAgent, more: readonly string[] = []): Promise<void> {
    await writeLoadout(this.site, {
      agents: [address],
      key: KEY,
      hooks: {
        reload: `{ run: [sh, -c, ${JSON.stringify(HOOK)}] }`,
        told: "{ touch: told-at }",
        missing: "{ signal: SIGHUP, pid_file: no.pid }",
      },
      directives: [
        "{ source: text, hook: reload, lease: 3600 }",
        "{ source: tls, target: etc/tls, together: true, hook: told }",
        "{ source: binary, compress: true, in_place: true, hook: missing }",
        "{ source: pin, requires: first-use, mode: 0400 }",
        "{ source: once, strategy: ENSURE_CREATED }",
        "{ source: many, compress: true }",
        "{ source: withheld, requires: enrolled }",
        ...more,
      ],
    });
  }

  /** Runs a command of the keeper, loudly, and as a program and a person see it. */
  async keep(...words: readonly string[]): Promise<void> {
    const { site } = this;
    for (const form of [["--json"], []]) {
      const end = await site.run("keeper", [
        ...[...words, ...form, "--debug", "--log-to-file", "--logfile-path", "keeper.log"],
        ...["--state-dir", "keeper-state"],
        ...(LOADOUT_COMMANDS.has(words[0] ?? "") ? ["--loadout", "loadout.yaml"] : []),
      ], { input: `${encodeWif(KEY)}\n` });
      this.note(`${this.#count++} keeper ${words.join(" ")} ${form.join("")}`, end);
    }
  }

  note(name: string, { stdout, stderr }: Pick<ProcessEnd, "stdout" | "stderr">): void {
    this.outputs.set(`${name} stdout`, stdout).set(`${name} stderr`, stderr);
  }
}

const LOADOUT_COMMANDS = new Set(["run", "plan", "apply", "wipe", "config"]);

async function startEntrypoint(site: Site, script: string): Promise<RunningAgent> {
  return await startSignedAgent(site, {
    zelids: [zelIdOfKey(KEY)],
    args: [
      ...["--app-name", "demo", "--allow-run", "sh", "--on-change", "restart", "--wipe-on-exit"],
      ...["--env", "TEXT=text,BAD=binary", "--fd", "3=pin", "--wait-for", "text"],
      ...["--debug", "--log-to-file", "--logfile-path", "agent.log"],
    ],
    process: { application: ["/bin/sh", "-c", script] },
  });
}

Deno.test("agent and keeper: leave no trace of a secret in plans, hooks, statuses and loadouts", {
  ignore: Deno.build.os === "windows",
}, async () => {
  await using site = await Site.open({
    text: TEXT,
    "tls/key": `before ${TEXT} after`,
    "tls/crt": TEXT,
    binary: BINARY,
    pin: PIN,
    once: TEXT,
    withheld: TEXT,
    // So many that they come all at once.
    ...Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`many/${i}`, `${i} ${TEXT}`])),
  });
  const loud = new LoudSite(site);
  // A variable cannot hold what is binary: the application is started once that is a text.
  const script = 'trap "exit 0" TERM; while kill -0 "$PPID" 2>/dev/null; do sleep 0.05; done';
  const agent = await startEntrypoint(site, script);
  await loud.write(agent);
  await loud.keep("config", "check");
  await loud.keep("config", "show");
  await loud.keep("plan");
  await loud.keep("run", "--run-once");
  await loud.keep("status");
  await agent.program.waitForLog(/cannot be started before the next delivery/);
  await site.store({ binary: TEXT, text: `${TEXT} new`, pin: `${PIN}0` });
  await Deno.writeTextFile(`${agent.files}/etc/tls/stranger`, TEXT);
  await loud.keep("plan");
  await loud.keep("apply", "--yes");
  await agent.program.waitForJson(({ event, state }) =>
    event === "application" && state === "started"
  );
  // What is in the way, what is gone, what is damaged.
  await Deno.remove(`${agent.files}/text`);
  await Deno.mkdir(`${agent.files}/text/full`, { recursive: true });
  await Deno.writeTextFile(`${agent.files}/pin`, TEXT).catch(() => {});
  await Deno.remove(site.path("vault/tls/crt"));
  await loud.keep("plan");
  await loud.keep("apply", "--yes", "--only", "demo");
  await loud.keep("status", "--all");
  await loud.write(agent, ["{ source: gone }", "{ source: text }"]);
  await loud.keep("config", "check");
  await loud.keep("run", "--run-once");
  // A file of the vault that is taken for the loadout, and for other files that the keeper reads.
  for (const name of ["text", "pin", "tls/key", "binary"]) {
    const path = site.path(`vault/${name}`);
    for (
      const words of [
        ["config", "check", path],
        ["config", "load", path],
        ["run", "--config", path],
        ["audit", "verify", path],
        ["audit", "show", path],
        ["agents", "import", path],
      ]
    ) {
      const end = await site.run("keeper", [...words, "--state-dir", "keeper-state", "--debug"]);
      loud.note(`${words.join(" ")}`, end);
    }
    loud.note(`agent --config ${name}`, await site.run("agent", ["--config", path, "--debug"]));
  }
  await loud.write(agent);
  await loud.keep("agents", "list");
  await loud.keep("agents", "show", agent.address);
  await loud.keep("audit", "show");
  await loud.keep("audit", "verify");
  await loud.keep("wipe", "demo", "--yes");
  await loud.keep("status");
  loud.note("agent", await agent.program.stop());

  const places = await readLeftBehind(site, KEEPERS_PURPOSE);
  const names = [...places.keys()];
  for (
    const name of ["agent.log", "keeper.log", "keeper-state/status.json", "agent/state/hooks.json"]
  ) {
    assert(names.includes(name), `${name} is not among ${names}`);
  }
  for (const [name, text] of loud.outputs) places.set(name, text);
  const all = [...places.values()].join("");
  for (const word of TOLD) assert(all.includes(word), `nothing tells of ${word}`);
  const encode = (text: string) => new TextEncoder().encode(text);
  const digests = await Promise.all([PIN, `${PIN}0`].map((pin) => sha256Digest(encode(pin))));
  const canaries = {
    text: encode(TEXT),
    binary: BINARY,
    key: new Uint8Array(KEY.secret),
    wif: encode(encodeWif(KEY)),
    ...Object.fromEntries(digests.flatMap((digest, i) => [
      [`digest ${i}`, digest],
      [`part of digest ${i}`, digest.slice(0, 16)],
    ])),
  };
  // What an agent holds it is told by digests; that is its own, and nobody else can read it.
  places.delete("agent/state/manifest");
  places.delete("agent/state/inventory");
  assertEquals(find(places, canaries), []);
});

/** What has to have happened for that to say anything. */
const TOLD = [
  ...["not-a-file", "hook-failed", "hook-no-process", "reloading text", "withheld", "holds a NUL"],
  ...["removed", "has to be a mapping, and this is a text", "would be"],
];

Deno.test(
  "agent: has what a hook printed neither in its log nor in its reports, whatever that was",
  {
    ignore: Deno.build.os === "windows",
  },
  async () => {
    await using site = await Site.open({ text: TEXT });
    const agent = await startSignedAgent(site, {
      zelids: [zelIdOfKey(KEY)],
      args: [
        "--app-name",
        "demo",
        "--allow-run",
        "cat",
        "--debug",
        "--log-to-file",
        "--logfile-path",
        "agent.log",
      ],
      process: { mayRun: true },
    });
    await writeLoadout(site, {
      agents: [agent.address],
      key: KEY,
      hooks: { careless: "{ run: [cat, text, no-such-file] }" },
      directives: ["{ source: text, hook: careless }"],
    });
    const run = await deliverDemo(site, { key: KEY, args: ["--debug"] });
    assertEquals(run.code, 1);
    await agent.program.stop();
    const places = await readLeftBehind(site, KEEPERS_PURPOSE);
    places.set("agent stdout", agent.program.stdout).set("agent stderr", agent.program.stderr);
    places.set("keeper stdout", run.stdout).set("keeper stderr", run.stderr);
    // The keeper was told: it is its own secret, and its operator has to see why the hook failed.
    const found = find(places, { text: new TextEncoder().encode(TEXT) });
    assertEquals(found, ["text in keeper-state/status.json", "text in keeper stdout"]);
  },
);

const noTerminal = missingForTerminal();

Deno.test("keeper: shows no secret at a terminal while it asks and while it delivers", {
  ignore: noTerminal !== null,
}, async () => {
  await using site = await Site.open({ text: TEXT, big: `${TEXT}\n`.repeat(2_000_000) });
  const agent = await site.startAgent();
  await using keeper = startAtTerminal(site, [
    ...["apply", "--agent-ips", agent.address, "--vault-dir", "vault", "--debug"],
    ...["--state-dir", "keeper-state", "--managed-files", "text,big"],
  ], { kind: "xterm" });
  await answer(keeper, "Apply this to 1 agent? [No] ", "yes\r");
  const { stdout, stderr } = await keeper.end;
  assert(/\d+% {2}/.test(stdout) && stdout.includes("2 created"), stdout);
  const places = await readLeftBehind(site, KEEPERS_PURPOSE);
  places.set("terminal", stdout).set("messages", stderr);
  assertEquals(find(places, { text: new TextEncoder().encode(TEXT) }), []);
});
