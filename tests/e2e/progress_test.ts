/**
 * How far deliveries have come, at a terminal and elsewhere, and the question before an apply.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { readTree, type RunningAgent, Site } from "../support/site.ts";
import { answer, missingForTerminal, startAtTerminal } from "../support/terminal.ts";

const missing = missingForTerminal();
/** Large enough to be on its way for some time, and to be told of where there is no terminal. */
const BIG_BYTES = 160 * 2 ** 20;

async function openSite(): Promise<{ readonly site: Site; readonly agent: RunningAgent }> {
  const site = await Site.open({ "small": "1" });
  await Deno.writeFile(site.path("vault/big"), new Uint8Array(1));
  await Deno.truncate(site.path("vault/big"), BIG_BYTES);
  return { site, agent: await site.startAgent({ args: ["--component-name", "web"] }) };
}

function argumentsOf({ address }: RunningAgent, ...words: readonly string[]): string[] {
  return [
    ...[...words, "--agent-ips", address, "--vault-dir", "vault", "--state-dir", "keeper-state"],
    ...["--managed-files", "big,small"],
  ];
}

/** Tests at a terminal; skipped where `missing` is not on this machine. */
function testAtTerminal(name: string, fn: () => Promise<void>): void {
  const reason = missing === null ? "" : ` (skipped: ${missing} is missing)`;
  Deno.test({ name: `${name}${reason}`, ignore: missing !== null, fn });
}

testAtTerminal("keeper: shows a bar while it delivers, and takes it away", async () => {
  const { site, agent } = await openSite();
  await using _site = site;
  await using keeper = startAtTerminal(site, argumentsOf(agent, "apply"), { kind: "xterm" });
  await answer(keeper, "Apply this to 1 agent? [No] ", "yes\r");
  const { stdout } = await keeper.end;
  // deno-lint-ignore no-control-regex
  const lines = stdout.split(/\r?\n|\x1b\[\d*[AJ]/).filter((line) => line.includes("%  "));
  assert(lines.length > 0, stdout);
  for (const line of lines) {
    assertMatch(
      line,
      /^\r?127\.0\.0\.1:\d+ web {2}(\[#*-*\] {2})? *\d+% {2}[\d.]+ .?B of 167\.8 MB/,
    );
  }
  // Nothing of it is left behind the last time that it is taken away.
  const after = stdout.slice(stdout.lastIndexOf("\x1b[J"));
  assert(!after.includes("%") && after.includes("2 created"), after);
  assertMatch(stdout, /status=0/);
  assertEquals(await readTree(agent.files), await readTree(site.path("vault")));
});

testAtTerminal("keeper: changes nothing where the answer is no, or there is none", async () => {
  const { site, agent } = await openSite();
  await using _site = site;
  for (const typed of ["\r", "n\r", "\x04"]) {
    await using keeper = startAtTerminal(site, argumentsOf(agent, "apply"));
    await answer(keeper, "Apply this to 1 agent? [No] ", typed);
    assertMatch((await keeper.end).stdout, /Nothing was changed\.\r?\n[^]*status=1/);
  }
  await using keeper = startAtTerminal(site, argumentsOf(agent, "apply"));
  await answer(keeper, "Apply this to 1 agent? [No] ", "\x03");
  assertMatch((await keeper.end).stdout, /status=130/);
  assertEquals(await readTree(agent.files), {});
});

for (const where of ["a pipe", "a terminal that cannot move the cursor"] as const) {
  const isPipe = where === "a pipe";
  Deno.test({
    name: `keeper: writes lines without escapes on ${where}`,
    ignore: !isPipe && missing !== null,
    async fn() {
      const { site, agent } = await openSite();
      await using _site = site;
      const args = argumentsOf(agent, "apply", "--yes");
      await using keeper = isPipe ? site.start("keeper", args) : startAtTerminal(site, args);
      const { stdout, stderr } = await keeper.end;
      const all = stdout + stderr;
      assert(all.includes("A large delivery has begun.") && all.includes('size="167.8 MB"'), all);
      assert(!all.includes("\x1b[") && !all.includes("%  "), all);
    },
  });
}
