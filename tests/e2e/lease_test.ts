/**
 * Files that go by themselves since no keeper has renewed them, with the real agent program: its hooks and
 * its application are told of that as of any other change.
 *
 * @module
 */
import { assert, assertEquals } from "../support/assert.ts";
import { deliverHooked, type HookedDelivery } from "../support/hooked_delivery.ts";
import { runHook } from "../support/hook_manifest.ts";
import { restoredLine, type SignedAgentStart, startSignedAgent } from "../support/signed_agent.ts";
import { signerOf } from "../support/signing.ts";
import { readTree, type RunningAgent, Site } from "../support/site.ts";

/** Programs of a Unix are run. */
const UNIX = { ignore: Deno.build.os === "windows" };

const SIGNER = signerOf();

/** Writes down the change, what it is told of, and what it finds. */
const NOTE = 'echo "$FLUXVAULT_CHANGE_ID $FLUXVAULT_CHANGED_FILES $(ls | tr "\\n" " ")" >>../log';

/** Starts an agent that may run the shell for hooks. */
function startAgent(site: Site, start: SignedAgentStart = {}): Promise<RunningAgent> {
  const { args = [], process = { mayRun: true } } = start;
  return startSignedAgent(site, {
    ...start,
    zelids: [SIGNER.address],
    args: ["--allow-run", "sh", ...args],
    process,
  });
}

/** What is delivered: a file that expires, whose hook runs a script, and one that stays. */
function delivery(script: string, more: Partial<HookedDelivery> = {}): HookedDelivery {
  return {
    signer: SIGNER,
    files: { leased: "one" },
    others: { stays: "two" },
    hooks: [runHook("reload", ["sh", "-c", script])],
    // Longer than it takes to see that it is there.
    leaseS: 5,
    ...more,
  };
}

async function readLog(site: Site): Promise<string[][]> {
  const text = await Deno.readTextFile(site.path("agent/log"));
  return text.split("\n").slice(0, -1).map((line) => line.split(" "));
}

/** Makes it so that the last renewal of every lease was long ago. */
async function age({ state }: RunningAgent): Promise<void> {
  const path = `${state}/leases.json`;
  const text = await Deno.readTextFile(path);
  const aged = text.replace(/,\d{13}\]/g, `,${Date.now() - 3_600_000}]`);
  assert(aged !== text, text);
  await Deno.writeTextFile(path, aged);
}

Deno.test(
  "agent: removes a file that no keeper has renewed, and tells its hook, the application and the keeper",
  UNIX,
  async () => {
    await using site = await Site.open();
    const script = `trap 'echo "told: $(ls agent/files | tr "\\n" " ")"' HUP; trap 'exit 0' TERM
    echo ready; while kill -0 "$PPID" 2>/dev/null; do sleep 0.05; done`;
    const agent = await startAgent(site, {
      args: ["--on-change", "SIGHUP"],
      process: { application: ["/bin/sh", "-c", script] },
    });
    await deliverHooked(agent, delivery(NOTE));
    await agent.program.waitFor(() => agent.program.stdout.includes("ready") || undefined);
    assertEquals(Object.keys(await readTree(agent.files)), ["leased", "stays"]);
    const expired = await agent.program.waitForJson(({ event }) => event === "expired");
    assertEquals(expired.files, ["leased"]);
    await agent.program.waitFor(() => agent.program.stdout.includes("told: stays \n") || undefined);
    assertEquals(Object.keys(await readTree(agent.files)), ["stays"]);
    const [first, second, ...others] = await readLog(site);
    assertEquals([first?.slice(1, 3), second?.slice(1), others], [
      ["leased", "leased"],
      ["leased", "stays", ""],
      [],
    ]);
    assert(first?.[0] !== second?.[0], "another change has another name");
    // The keeper hears of it, and its next delivery brings the file again.
    const { files, hooks } = await deliverHooked(
      agent,
      delivery(NOTE, { leaseS: 60, revision: 2 }),
    );
    assertEquals(files.map(({ path, outcome }) => `${path} ${outcome}`).sort(), [
      "leased created",
      "stays unchanged",
    ]);
    assertEquals(hooks.map(({ outcome }) => outcome), ["ran"]);
    assertEquals((await agent.program.stop("SIGTERM")).code, 0);
  },
);

Deno.test(
  "agent: tells a hook of what has expired though it was killed before the hook had run",
  UNIX,
  async () => {
    await using site = await Site.open();
    const script = `if [ ! -e leased ] && [ -e ../kill ]; then rm ../kill; kill -KILL "$PPID"; fi
    ${NOTE}`;
    const first = await startAgent(site);
    await deliverHooked(first, delivery(script));
    await Deno.writeTextFile(site.path("agent/kill"), "");
    assertEquals((await first.program.end).signal, "SIGKILL");
    const [delivered] = await readLog(site);
    const second = await startAgent(site);
    const { vouched, changed } = await restoredLine(second);
    assertEquals([vouched, changed], [true, ["leased"]]);
    await second.program.waitForLog(/a hook has run/);
    const told = (await readLog(site)).slice(1);
    // The run that killed the agent may have gone on beside it.
    assert(told.length >= 1);
    for (const line of told) assertEquals(line.slice(1), ["leased", "stays", ""]);
    assertEquals(new Set(told.map(([id]) => id)).size, 1);
    assert(told[0]?.[0] !== delivered?.[0]);
  },
);

Deno.test(
  "agent: removes at its start what has expired meanwhile, and tells the hook without a keeper",
  UNIX,
  async () => {
    await using site = await Site.open();
    const first = await startAgent(site);
    await deliverHooked(first, delivery(NOTE, { leaseS: 3_000 }));
    await first.program.stop("SIGTERM");
    await age(first);
    const second = await startAgent(site);
    await second.program.waitForJson(({ event }) => event === "expired");
    await second.program.waitForLog(/a hook has run/);
    assertEquals((await readLog(site)).at(-1)?.slice(1), ["leased", "stays", ""]);
    assertEquals(Object.keys(await readTree(second.files)), ["stays"]);
  },
);

Deno.test(
  "agent: runs no hook of what has expired for whoever tampered with what it holds",
  UNIX,
  async () => {
    await using site = await Site.open();
    const first = await startAgent(site);
    await deliverHooked(first, delivery(NOTE, { leaseS: 3_000 }));
    await first.program.stop("SIGTERM");
    await age(first);
    const path = `${first.state}/manifest`;
    const text = await Deno.readTextFile(path);
    const bent = text.replace(/"Revision":1\b/i, '"Revision":2').replace(
      /"revision":1\b/,
      '"revision":2',
    );
    assert(bent !== text, text.slice(0, 300));
    await Deno.writeTextFile(path, bent);
    const second = await startAgent(site);
    assertEquals((await restoredLine(second)).vouched, false);
    await second.program.waitForJson(({ event }) => event === "expired");
    assertEquals((await second.program.stop("SIGTERM")).code, 0);
    assertEquals((await readLog(site)).length, 1);
  },
);
