/**
 * The real agent program and the hooks of a keeper: what runs, what may not, and what is told.
 *
 * @module
 */
import type { Hook, HookResult } from "../../protocol/mod.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { deliverHooked, type HookedDelivery } from "../support/hooked_delivery.ts";
import { runHook } from "../support/hook_manifest.ts";
import { restoredLine, type SignedAgentStart, startSignedAgent } from "../support/signed_agent.ts";
import { signerOf } from "../support/signing.ts";
import { type RunningAgent, Site } from "../support/site.ts";

/** Programs of a Unix are run. */
const UNIX = { ignore: Deno.build.os === "windows" };

const SIGNER = signerOf();

/** A hook that runs a script of the shell. */
function shellHook(script: string): Hook {
  return runHook("reload", ["sh", "-c", script, "script"]);
}

/** Starts an agent that may run the shell for hooks. */
function startAgent(site: Site, start: SignedAgentStart = {}): Promise<RunningAgent> {
  const { args = ["--allow-run", "sh"], process = { mayRun: true } } = start;
  return startSignedAgent(site, { ...start, zelids: [SIGNER.address], args, process });
}

/** Delivers, and returns how the hooks stand. */
async function hooksOf(
  agent: RunningAgent,
  delivery: Omit<HookedDelivery, "signer">,
): Promise<readonly HookResult[]> {
  return (await deliverHooked(agent, { signer: SIGNER, ...delivery })).hooks;
}

function inShort({ hook, outcome, attempts, exitStatus, code }: HookResult): unknown[] {
  return [hook, outcome, attempts, exitStatus, code];
}

Deno.test(
  "hooks: a program runs after a change, is told of it, and its end is told",
  UNIX,
  async () => {
    await using site = await Site.open();
    const agent = await startAgent(site, { variables: { OWN: "kept" } });
    const script = 'cat a; echo "|$0|$FLUXVAULT_HOOK|$FLUXVAULT_CHANGED_FILES|$OWN"; ' +
      "env | sed -n /^FLUXVAULT/p; pwd";
    const hooks = [shellHook(script)];
    const [told, ...others] = await hooksOf(agent, { files: { "b/c": "two", a: "one\n" }, hooks });
    assert(told !== undefined && others.length === 0);
    assertEquals(inShort(told), ["reload", "ran", 1, 0, undefined]);
    const [first, second, third] = told.output.split("\n");
    assertEquals([first, second, third], ["one", "|script|reload|a", "b/c|kept"]);
    assert(told.output.includes(`\nFLUXVAULT_CHANGE_ID=${told.changeId}\n`), told.output);
    assert(!told.output.includes("FLUXVAULT_BIND"), told.output);
    assert(told.output.endsWith(agent.files));
    assert(!(agent.program.stdout + agent.program.stderr).includes("|kept"));
  },
);

Deno.test(
  "hooks: nothing runs where nothing changed, nor for a file without a hook",
  UNIX,
  async () => {
    await using site = await Site.open();
    const agent = await startAgent(site);
    const hooks = [shellHook("echo run >>../log")];
    const files = { a: "one" };
    await hooksOf(agent, { files, hooks });
    assertEquals(await hooksOf(agent, { files, hooks, revision: 2 }), []);
    assertEquals(await Deno.readTextFile(site.path("agent/log")), "run\n");
  },
);

Deno.test(
  "hooks: a failing program is told with each delivery, run again under one name, and told when it succeeds",
  UNIX,
  async () => {
    await using site = await Site.open();
    const agent = await startAgent(site);
    const script =
      'echo "$FLUXVAULT_CHANGE_ID" >>../log; echo "not yet"; [ -e ../ready ] || exit 6';
    const delivery = { files: { a: "one" }, hooks: [shellHook(script)] };
    const [failed] = await hooksOf(agent, delivery);
    assert(failed !== undefined);
    assertEquals(inShort(failed), ["reload", "failed", 1, 6, "hook-failed"]);
    assertEquals(failed.output, "not yet");
    const [again] = await hooksOf(agent, { ...delivery, revision: 2 });
    assertEquals([again?.outcome, again?.changeId], ["failed", failed.changeId]);
    await Deno.writeTextFile(site.path("agent/ready"), "");
    await agent.program.waitForLog(/a hook has run/);
    const [ran] = await hooksOf(agent, { ...delivery, revision: 3 });
    assertEquals([ran?.outcome, ran?.changeId], ["ran", failed.changeId]);
    const ids = (await Deno.readTextFile(site.path("agent/log"))).trim().split("\n");
    assert(ids.length >= 2);
    assertEquals(new Set(ids), new Set([failed.changeId ?? ""]));
    assertEquals(await hooksOf(agent, { ...delivery, revision: 4 }), []);
  },
);

Deno.test("hooks: what was due is run at the next start, without the keeper", UNIX, async () => {
  await using site = await Site.open();
  const start = { name: "agent" };
  const script = 'echo "$FLUXVAULT_CHANGE_ID" >>../log; [ -e ../ready ]';
  const delivery = { files: { a: "one" }, hooks: [shellHook(script)] };
  const first = await startAgent(site, start);
  const [failed] = await hooksOf(first, delivery);
  assertEquals(failed?.outcome, "failed");
  await first.program.stop("SIGKILL");
  await Deno.writeTextFile(site.path("agent/ready"), "");
  const second = await startAgent(site, start);
  assertEquals((await restoredLine(second)).vouched, true);
  await second.program.waitForLog(/a hook has run/);
  const ids = (await Deno.readTextFile(site.path("agent/log"))).trim().split("\n");
  assertEquals(new Set(ids), new Set([failed?.changeId ?? ""]));
});

Deno.test(
  "hooks: a program that is not allowed, or for whoever signs nothing, is refused",
  UNIX,
  async () => {
    await using site = await Site.open();
    const hooks = [runHook("reload", ["touch", "../ran"])];
    const files = { a: "one" };
    const agent = await startAgent(site);
    const [refused] = await hooksOf(agent, { files, hooks });
    assertEquals(refused && inShort(refused), ["reload", "refused", 0, null, "hook-refused"]);
    const open = await site.startAgent({
      name: "open",
      args: ["--allow-run", "touch"],
      process: { mayRun: true },
    });
    const unsigned = await deliverHooked(open, { signer: null, files, hooks });
    assertEquals(unsigned.hooks.map(({ outcome }) => outcome), ["refused"]);
    const plain = await startAgent(site, { name: "plain", args: [], process: {} });
    assertEquals((await hooksOf(plain, { files, hooks }))[0]?.outcome, "refused");
    for (const name of ["agent", "open", "plain"]) {
      assertEquals([...Deno.readDirSync(site.path(name))].map((entry) => entry.name).sort(), [
        "files",
        "state",
      ]);
    }
  },
);

Deno.test("hooks: every agent touches a file, also for whoever signs nothing", async () => {
  await using site = await Site.open();
  const agent = await site.startAgent();
  const action = { kind: "touch", path: "changed" } as const;
  const hooks = [{ name: "touch", action, timeoutS: 5 }];
  const delivery = { signer: null, files: { a: "one" }, hooks };
  assertEquals((await deliverHooked(agent, delivery)).hooks.map(inShort), [
    ["touch", "ran", 1, null, undefined],
  ]);
  assertEquals((await Deno.stat(`${agent.files}/changed`)).size, 0);
});

Deno.test(
  "hooks: a signal reaches the application, or the process that a file names",
  UNIX,
  async () => {
    await using site = await Site.open();
    const script = `trap 'echo got HUP' HUP; trap 'echo got USR1' USR1; trap 'exit 0' TERM
    echo $$ >agent/files/app.pid; echo ready; while :; do sleep 0.05; done`;
    const application = ["/bin/sh", "-c", script];
    const agent = await startAgent(site, { args: [], process: { application } });
    const hookOf = (signal: string, pidFile: string | null): Hook => {
      return { name: "signal", action: { kind: "signal", signal, pidFile }, timeoutS: 5 };
    };
    const said = (text: string) => {
      return agent.program.waitFor(() => agent.program.stdout.includes(text) || undefined);
    };
    const first = { files: { a: "one" }, hooks: [hookOf("SIGHUP", null)] };
    // The application starts with the files as they are: it need not be told.
    assertEquals((await hooksOf(agent, first))[0]?.outcome, "ran");
    await said("ready\n");
    assertEquals(agent.program.stdout, "ready\n");
    await hooksOf(agent, { ...first, files: { a: "two" }, revision: 2 });
    await said("got HUP\n");
    const hooks = [hookOf("SIGUSR1", "app.pid")];
    await hooksOf(agent, { files: { a: "three" }, hooks, revision: 3 });
    await said("got USR1\n");
    const [none] = await hooksOf(agent, {
      files: { a: "four" },
      hooks: [hookOf("SIGUSR1", "none.pid")],
      revision: 4,
    });
    assertEquals(none && inShort(none), ["signal", "failed", 1, null, "hook-no-process"]);
    assertEquals((await agent.program.stop("SIGTERM")).code, 0);
  },
);

Deno.test("hooks: a plan says what would run, and runs nothing", UNIX, async () => {
  await using site = await Site.open();
  const agent = await startAgent(site);
  const delivery = { files: { a: "one" }, hooks: [shellHook("echo run >>../log")] };
  const planned = await hooksOf(agent, { ...delivery, isPlan: true });
  assertEquals(planned.map(inShort), [["reload", "due", 0, null, undefined]]);
  assertEquals([...Deno.readDirSync(agent.files)], []);
  await hooksOf(agent, delivery);
  assertEquals(await hooksOf(agent, { ...delivery, isPlan: true, revision: 2 }), []);
  assertEquals(await Deno.readTextFile(site.path("agent/log")), "run\n");
});

Deno.test("hooks: a program that takes longer than its time is ended", UNIX, async () => {
  await using site = await Site.open();
  const agent = await startAgent(site);
  const slow = { ...shellHook("echo begun; sleep 600"), timeoutS: 3 };
  const [late] = await hooksOf(agent, { files: { a: "one" }, hooks: [slow] });
  assertEquals([late?.outcome, late?.code, late?.output], ["failed", "hook-timed-out", "begun"]);
});

Deno.test(
  "hooks: a program is ended with the agent, and runs again after the next start",
  UNIX,
  async () => {
    await using site = await Site.open();
    const start = { name: "agent" };
    const first = await startAgent(site, start);
    const pipe = await new Deno.Command("mkfifo", { args: [site.path("begun")] }).output();
    assertEquals(pipe.code, 0);
    const script = '[ -e ../second ] && exit 0; touch ../second; echo "$$" >../../begun; sleep 600';
    const told = hooksOf(first, { files: { a: "one" }, hooks: [shellHook(script)] });
    // What becomes of it is looked at once the agent has ended.
    told.catch(() => {});
    const pid = Number(await Deno.readTextFile(site.path("begun")));
    assertEquals((await first.program.stop("SIGTERM")).code, 0);
    assertEquals((await told).map(inShort), [["reload", "running", 0, null, undefined]]);
    assertThrows(() => Deno.kill(pid, "SIGCONT"), Deno.errors.NotFound);
    const second = await startAgent(site, start);
    await second.program.waitForLog(/a hook has run/);
  },
);
