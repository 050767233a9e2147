/**
 * The real agent program as the entrypoint of an application: a shell that says what it got.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { jsonLines } from "../support/followed_process.ts";
import { type AgentStart, type RunningAgent, Site } from "../support/site.ts";
import { answer, missingForTerminal, startAtTerminal } from "../support/terminal.ts";

/** An entrypoint is of a Unix. */
const UNIX = { ignore: Deno.build.os === "windows" };

const FILES = { "db.password": "s3cret\n", "tls/key.pem": "key" };

/** Starts an agent whose application is a script of the shell. */
function startShell(
  site: Site,
  script: string,
  { args = [], process, ...start }: AgentStart = {},
): Promise<RunningAgent> {
  const application = ["/bin/sh", "-c", script, "script"];
  return site.startAgent({ ...start, args, process: { application, ...process } });
}

/** Delivers what is in the vault, and fails where that fails. */
async function deliver(site: Site, agent: RunningAgent): Promise<void> {
  const run = await site.deliver({ agents: [agent.address] });
  assertEquals(run.code, 0, run.stdout + run.stderr);
}

/** Waits until the application has said something. */
function said({ program }: RunningAgent, text: string): Promise<boolean> {
  return program.waitFor(() => program.stdout.includes(text) || undefined);
}

Deno.test(
  "entrypoint: starts the application once its files are there, and ends with its status",
  UNIX,
  async () => {
    await using site = await Site.open(FILES);
    const script =
      'echo "$(cat agent/files/db.password) $(cat agent/files/tls/key.pem) $*"; exit 7';
    const application = ["/bin/sh", "-c", script, "script", "--json", "--", "a b", "-x"];
    const agent = await site.startAgent({ process: { application } });
    assertEquals(agent.program.stdout, "");
    await deliver(site, agent);
    const { code, stdout, stderr } = await agent.program.end;
    assertEquals([code, stdout], [7, "s3cret key --json -- a b -x\n"], stderr);
    const events = jsonLines(stderr).filter(({ event }) => event === "application");
    assertEquals(events.map(({ state, status }) => [state, status]), [
      ["started", undefined],
      ["ended", 7],
    ]);
  },
);

Deno.test(
  "entrypoint: gives files as variables, as descriptors and as standard input, and nothing of its own",
  UNIX,
  async () => {
    await using site = await Site.open({ ...FILES, "big": "x".repeat(300_000), "empty": "" });
    const script = 'echo "$PASSWORD|$EMPTY|$OWN|$(cat)|$(cat <&3)|$(wc -c </dev/fd/5)|"; env';
    const agent = await startShell(site, script, {
      args: [
        ...["--env", "PASSWORD=db.password,EMPTY=empty", "--stdin", "tls/key.pem"],
        ...["--fd", "3=db.password", "--fd", "5=big"],
      ],
      process: { variables: { OWN: "kept", FLUXVAULT_ENROLL_SECRET: `${"b".repeat(42)}A` } },
    });
    await deliver(site, agent);
    const { code, stdout, stderr } = await agent.program.end;
    assertEquals(code, 0, stderr);
    assertMatch(stdout, /^s3cret\|\|kept\|key\|s3cret\|\s*300000\|\n/);
    assert(!/^FLUXVAULT_/m.test(stdout), stdout);
    assert(!stderr.includes("s3cret"));
  },
);

Deno.test(
  "entrypoint: does not start an application that cannot have its variable, before that can be",
  UNIX,
  async () => {
    await using site = await Site.open({ ...FILES, "bad": "a\0b" });
    const agent = await startShell(site, 'echo "got $BAD"', { args: ["--env", "BAD=bad"] });
    await deliver(site, agent);
    await agent.program.waitForLog(/cannot be started before the next delivery.*holds a NUL/);
    await site.store({ bad: "good" });
    await deliver(site, agent);
    const { code, stdout } = await agent.program.end;
    assertEquals([code, stdout], [0, "got good\n"]);
  },
);

Deno.test("entrypoint: passes signals on, and ends as the application does", UNIX, async () => {
  await using site = await Site.open(FILES);
  const signals = ["HUP", "INT", "QUIT", "USR1", "USR2", "WINCH", "CONT", "ALRM"] as const;
  const traps = signals.map((name) => `trap 'echo got ${name}' ${name}`).join("; ");
  const script = `${traps}; trap 'echo bye; exit 9' TERM; echo ready; while :; do sleep 0.05; done`;
  const agent = await startShell(site, script);
  await deliver(site, agent);
  await said(agent, "ready");
  for (const name of signals) {
    agent.program.kill(`SIG${name}`);
    await said(agent, `got ${name}\n`);
  }
  const { code, stdout } = await agent.program.stop("SIGTERM");
  assertEquals([code, stdout.split("\n").slice(-2)], [9, ["bye", ""]]);
});

Deno.test(
  "entrypoint: ends with 128 and the number of the signal that ended the application",
  UNIX,
  async () => {
    await using site = await Site.open(FILES);
    const agent = await startShell(site, "kill -KILL $$");
    await deliver(site, agent);
    assertEquals((await agent.program.end).code, 137);
  },
);

Deno.test(
  "entrypoint: is stopped before it has started anything, and that is no failure",
  UNIX,
  async () => {
    await using site = await Site.open(FILES);
    const agent = await startShell(site, "echo started");
    const { code, stdout } = await agent.program.stop("SIGTERM");
    assertEquals([code, stdout], [0, ""]);
  },
);

Deno.test(
  "entrypoint: starts the application again after a change, with what is new",
  UNIX,
  async () => {
    await using site = await Site.open(FILES);
    const script =
      'trap "echo bye; exit 3" TERM; echo "with $PASSWORD"; while :; do sleep 0.05; done';
    const agent = await startShell(site, script, {
      args: ["--env", "PASSWORD=db.password", "--on-change", "restart"],
    });
    await deliver(site, agent);
    await said(agent, "with s3cret\n");
    // Nothing changes, so nothing happens.
    await deliver(site, agent);
    await site.store({ "db.password": "new", "tls/key.pem": "also new" });
    await deliver(site, agent);
    await said(agent, "with new\n");
    const { code, stdout } = await agent.program.stop("SIGTERM");
    assertEquals([code, stdout], [3, "with s3cret\nbye\nwith new\nbye\n"]);
  },
);

Deno.test(
  "entrypoint: kills an application that does not end for its restart, and what it started",
  UNIX,
  async () => {
    await using site = await Site.open(FILES);
    const script = `trap '' TERM; [ -e second ] && exit 4; touch second
    exec 3>alive; (sh -c 'trap "" TERM; while :; do sleep 0.05; done' 3>&3 &)
    echo ready; while :; do sleep 0.05; done`;
    const pipe = await new Deno.Command("mkfifo", { args: [site.path("alive")] }).output();
    assertEquals(pipe.code, 0);
    const allGone = Deno.readTextFile(site.path("alive"));
    const args = ["--on-change", "restart", "--stop-timeout", "200ms"];
    const agent = await startShell(site, script, { args });
    await deliver(site, agent);
    await said(agent, "ready");
    await site.store({ "db.password": "new" });
    await deliver(site, agent);
    assertEquals((await agent.program.end).code, 4);
    await allGone;
  },
);

Deno.test(
  "entrypoint: tells the application of a change by a signal, once for each delivery",
  UNIX,
  async () => {
    await using site = await Site.open(FILES);
    const script = `trap 'echo "now $(cat agent/files/db.password)"' HUP; trap 'exit 0' TERM
    echo ready; while :; do sleep 0.05; done`;
    const agent = await startShell(site, script, { args: ["--on-change", "SIGHUP"] });
    await deliver(site, agent);
    await said(agent, "ready");
    for (const password of ["one", "two"]) {
      await site.store({ "db.password": password, "tls/key.pem": password });
      await deliver(site, agent);
      await said(agent, `now ${password}\n`);
      await deliver(site, agent);
    }
    const { stdout } = await agent.program.stop("SIGTERM");
    assertEquals(stdout, "ready\nnow one\nnow two\n");
  },
);

Deno.test("entrypoint: waits for the files that are named, and no others", UNIX, async () => {
  await using site = await Site.open({ "db.password": "s3cret\n" });
  const agent = await startShell(site, "echo started", { args: ["--wait-for", "tls/key.pem"] });
  await deliver(site, agent);
  await agent.program.waitForLog(/the application waits for its files.*tls\/key\.pem/);
  assertEquals(agent.program.stdout, "");
  await site.store({ "tls/key.pem": "key" });
  await deliver(site, agent);
  assertEquals((await agent.program.end).stdout, "started\n");
});

Deno.test(
  "entrypoint: gives up waiting at its time, and says for what it waited",
  UNIX,
  async () => {
    await using site = await Site.open(FILES);
    const args = ["--wait-for", "a,b", "--wait-timeout", "1"];
    const agent = await startShell(site, "echo started", { args });
    const { code, stdout, stderr } = await agent.program.end;
    assertEquals([code, stdout], [1, ""]);
    assertMatch(stderr, /did not come within 1 s: a, b/);
  },
);

const noTerminal = missingForTerminal();

Deno.test("entrypoint: shares its terminal with the application, which gets each key once", {
  ignore: noTerminal !== null,
}, async () => {
  await using site = await Site.open(FILES);
  const script = `n=0; trap 'n=$((n + 1)); echo "int $n"; [ "$n" = 2 ] && exit 7' INT
    echo ready; while :; do read line && echo "typed <$line>"; done`;
  const folders = ["--working-dir", site.path("files"), "--state-dir", site.path("state")];
  const args = ["--json", "--bind-port=0", "--whitelisted-addresses=127.0.0.1", ...folders];
  const application = ["/bin/sh", "-c", script];
  await using agent = startAtTerminal(site, args, { program: "agent", application });
  const port = await agent.waitFor(() => /"port":(\d+)\D/.exec(agent.stdout)?.[1]);
  assertEquals((await site.deliver({ agents: [`127.0.0.1:${port}`] })).code, 0);
  await answer(agent, "ready", "hello\n");
  await answer(agent, "typed <hello>", "\x03");
  await answer(agent, "int 1", "again\n");
  await answer(agent, "typed <again>", "\x03");
  await agent.waitFor(() => agent.stdout.includes("status=7") || undefined);
});

Deno.test("entrypoint: says that there is no such program, and ends", UNIX, async () => {
  await using site = await Site.open(FILES);
  const agent = await site.startAgent({ process: { application: ["fluxvault-no-such-program"] } });
  await deliver(site, agent);
  const { code, stderr } = await agent.program.end;
  assertEquals(code, 2);
  assertMatch(stderr, /there is no program \\"fluxvault-no-such-program\\" to start/);
});
