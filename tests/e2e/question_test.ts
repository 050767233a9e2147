/**
 * The question to a person at a terminal: which of the agents that wait are approved.
 *
 * @module
 */
import { sortByAddress } from "../../keeper/report/address_order.ts";
import { delay } from "../../protocol/delay.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { LinkRelay } from "../support/link_relay.ts";
import { readTree, type RunningAgent, Site } from "../support/site.ts";
import type { RunningProgram } from "../support/running_program.ts";
import { answer, missingForTerminal, startAtTerminal } from "../support/terminal.ts";

const missing = missingForTerminal();
const PROMPT = "Approve which (1,3-5; a: all new; Enter: none)? ";
/** Less than an agent that waits has to wait for its third try. */
const SOON_MS = 4_500;

function keeperArguments(
  agents: readonly Pick<RunningAgent, "address">[],
  ...args: readonly string[]
): string[] {
  return [
    ...["--agent-ips", agents.map(({ address }) => address).join(","), "--trust", "approve"],
    ...["--vault-dir", "vault", "--managed-files", "db.password", "--state-dir", "keeper-state"],
    ...args,
  ];
}

/**
 * Starts a keeper that asks about both at once: where the first contact of one outlasts a pass, the
 * other is asked about alone, and the keeper starts again.
 */
async function askAboutBoth(site: Site, args: readonly string[]): Promise<RunningProgram> {
  for (;;) {
    const keeper = startAtTerminal(site, args);
    const asked = await keeper.waitFor(() => {
      return /(\d) agents? waits? for your approval/.exec(keeper.stdout)?.[1];
    });
    if (asked === "2") return keeper;
    await keeper.stop("SIGKILL");
  }
}

/** Tests at a terminal; skipped where `missing` is not on this machine. */
function testAtTerminal(
  name: string,
  work: (site: Site, agents: readonly [RunningAgent, RunningAgent]) => Promise<void>,
): void {
  const reason = missing === null ? "" : ` (skipped: ${missing} is missing)`;
  Deno.test({
    name: `${name}${reason}`,
    ignore: missing !== null,
    async fn() {
      await using site = await Site.open({ "db.password": "1" });
      const agents = await Promise.all(["one", "two"].map((name) => site.startAgent({ name })));
      const [one, two] = sortByAddress(agents);
      assert(one !== undefined && two !== undefined);
      await work(site, [one, two]);
    },
  });
}

testAtTerminal(
  "keeper: asks once whom to approve, and serves them before it ends",
  async (site, agents) => {
    const [one, two] = agents;
    await using keeper = startAtTerminal(site, keeperArguments(agents, "--run-once"));
    await answer(keeper, PROMPT, "3\r");
    await answer(keeper, "Write numbers from 1 to 2", "2\r");
    const { stdout } = await keeper.end;
    for (const { fingerprint } of agents) assert(stdout.includes(fingerprint), stdout);
    assert(!stdout.includes("agents approve SHA256:"), stdout);
    assert(stdout.includes(`approved ${two.fingerprint} (${two.address})`), stdout);
    // One still waits, so not all is as it should be.
    assertMatch(stdout, /status=1\r\n/);
    assertEquals(Object.keys(await readTree(two.files)), ["db.password"]);
    assertEquals(await readTree(one.files), {});

    await using again = startAtTerminal(site, keeperArguments(agents, "--run-once"));
    await answer(again, PROMPT, "a\r");
    assertMatch((await again.end).stdout, /status=0\r\n/);
  },
);

testAtTerminal(
  "keeper: serves whom a person approves at once",
  async (site, agents) => {
    const [one] = agents;
    const times = ["--polling-interval", "1h", "--discovery-interval", "1h"];
    await using relay = new LinkRelay(one);
    await using keeper = startAtTerminal(site, keeperArguments([relay], ...times));
    await keeper.waitFor(() => keeper.stdout.includes(PROMPT) || undefined);
    while (relay.connections < 2 || relay.open > 0) await delay(20);
    await keeper.type("a\r");
    const answeredMs = performance.now();
    await keeper.waitFor(() => /1 as wanted/.test(keeper.stdout) || undefined);
    const tookMs = performance.now() - answeredMs;
    assert(tookMs < SOON_MS, `it took ${tookMs} ms`);
    await keeper.type("\x03");
    assertMatch((await keeper.end).stdout, /status=0\r\n/);
    assertEquals(Object.keys(await readTree(one.files)), ["db.password"]);
  },
);

testAtTerminal(
  "keeper: shows its question again below each report, while its passes go on",
  async (site, agents) => {
    const [one] = agents;
    const times = ["--polling-interval", "1", "--discovery-interval", "1h"];
    await using keeper = startAtTerminal(site, keeperArguments([one], ...times));
    const shown = await keeper.waitFor(() => {
      // A slow contact may outlast a pass, whose report then has nobody, and no table.
      const text = keeper.stdout.slice(keeper.stdout.search(/^AGENT /m));
      const reports = [...text.matchAll(/^pass \d+:/gm)];
      return reports.length < 4 ? undefined : text.slice(0, reports[3]?.index);
    });
    assertEquals(shown.split(PROMPT).length - 1, 3, shown);
    // Each report begins on a line of its own, and the numbered table is below it again.
    assertEquals(shown.split(/Enter: none\)\? \r\n(?:AGENT |pass |$)/).length - 1, 3, shown);
    assertEquals(shown.split(`${one.fingerprint}\r\n${PROMPT}`).length - 1, 3, shown);
    await keeper.type("a\r");
    await keeper.waitFor(() => /1 as wanted/.test(keeper.stdout) || undefined);
    await keeper.type("\x03");
    const { stdout } = await keeper.end;
    assertMatch(stdout, /status=0\r\n/);
    assertEquals(stdout.match(/1 agent waits for your approval/g)?.length, 1);
  },
);

testAtTerminal(
  "keeper: approves no key whose container was made anew while it asked",
  async (site, agents) => {
    const [one, two] = agents;
    const times = ["--polling-interval", "1", "--discovery-interval", "1h"];
    await using keeper = await askAboutBoth(site, keeperArguments(agents, ...times));
    await keeper.waitFor(() => keeper.stdout.includes(PROMPT) || undefined);
    await two.program.stop();
    const anew = await site.startAgent({ name: "anew", port: two.port });
    await keeper.waitFor(() =>
      /2 {2}[^\n]*gone[^]*2 {2}[^\n]*gone/.exec(keeper.stdout) ?? undefined
    );
    await keeper.type("1-2\r");
    await keeper.waitFor(() => /1 as wanted/.test(keeper.stdout) || undefined);
    await keeper.type("\x03");
    const { stdout } = await keeper.end;
    assert(stdout.includes(`approved ${one.fingerprint} (${one.address})`), stdout);
    assert(stdout.includes(`not approved ${two.fingerprint} (${two.address})`), stdout);
    assertMatch(stdout, /These keys wait there no more/);
    const known = await Deno.readTextFile(site.path("keeper-state/known_agents.json"));
    const { agents: trusted } = JSON.parse(known);
    assertEquals(trusted.map(({ address }: { address: string }) => address), [one.address]);
    for (const { files } of [two, anew]) assertEquals(await readTree(files), {});
  },
);

testAtTerminal("keeper: ends cleanly at Ctrl-C while it asks", async (site, agents) => {
  await using keeper = startAtTerminal(site, keeperArguments(agents));
  await answer(keeper, PROMPT, "\x03");
  const { stdout } = await keeper.end;
  assertMatch(stdout, /status=0\r\n/);
  assertMatch(stdout, / icanon .* echo /s);
  for (const { files } of agents) assertEquals(await readTree(files), {});
});

testAtTerminal(
  "keeper: asks nobody where it is to be quiet or writes JSON",
  async (site, agents) => {
    for (const option of ["--quiet", "--json"]) {
      await using keeper = startAtTerminal(site, keeperArguments(agents, "--run-once", option));
      const { stdout } = await keeper.end;
      assertMatch(stdout, /status=1\r\n/);
      assert(!stdout.includes("Approve which?"), stdout);
    }
  },
);
