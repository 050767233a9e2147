import { AGENTS_OPTIONS } from "../../keeper/options.ts";
import { approve, forget, listAgents } from "../../keeper/agents_command.ts";
import { KnownAgentsFile } from "../../keeper/trust/known_agents_file.ts";
import { type CommandModule, defineCommand, type Program } from "../../protocol/host/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { type ProgramRun, runInProcess } from "../support/program.ts";
import { fingerprintOf, pendingOf, pinOf, stateOf } from "./trust/known_agents_fixtures.ts";

function command(word: string, run: CommandModule<typeof AGENTS_OPTIONS>["run"]) {
  return defineCommand({
    path: [word],
    summary: "Decides.",
    operands: "AGENT...",
    options: AGENTS_OPTIONS,
    load: () => Promise.resolve({ run }),
  });
}

const PROGRAM: Program = {
  name: "fluxvault-keeper",
  leadingWord: "keeper",
  version: "0",
  summary: "Decides.",
  commands: [command("list", listAgents), command("approve", approve), command("forget", forget)],
};

const A = "aaaaaaaaaaaa";
const B = "bbbbbbbbbbbb";
const STATE = stateOf({
  agents: [pinOf(A)],
  pending: [pendingOf(B, { address: "203.0.113.2:8888", component: "web" })],
});

type Run = (...args: readonly string[]) => Promise<ProgramRun>;

async function withAgents(
  state: typeof STATE,
  work: (run: Run, file: KnownAgentsFile) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "fluxvault-agents-" });
  try {
    const file = new KnownAgentsFile(folder);
    await file.update(() => state);
    await work((...args) => runInProcess(PROGRAM, [...args, "--state-dir", folder]), file);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("listAgents shows who waits and who is known", () =>
  withAgents(STATE, async (run) => {
    const { code, stdout } = await run("list");
    assertEquals(code, 0);
    assertEquals(stdout.split("\n"), [
      `pending     ${fingerprintOf(B)}`,
      "            app demo, component web, 203.0.113.2:8888, 2029-12-31 23:59",
      `approved    ${fingerprintOf(A)}`,
      "            app demo, component -, 203.0.113.1:8888, 2029-12-31 23:59",
      "",
    ]);
  }));

Deno.test("listAgents writes JSON, of one app where it is named", () =>
  withAgents(STATE, async (run) => {
    const lines = (await run("list", "--json", "--app-name", "demo")).stdout.trimEnd().split("\n");
    assertEquals(JSON.parse(lines[1] ?? ""), {
      fingerprint: fingerprintOf(A),
      state: "approved",
      app: "demo",
      component: null,
      address: "203.0.113.1:8888",
      since: "2029-12-31T23:59:59.000Z",
      seen: "2029-12-31T23:59:59.000Z",
    });
    assertEquals((await run("list", "--json", "--app-name", "other")).stdout, "");
  }));

Deno.test("listAgents says where nobody is", () =>
  withAgents(stateOf(), async (run, file) => {
    assertEquals((await run("list")).stdout, `No agent is known in ${file.path}.\n`);
  }));

Deno.test("approve pins who waits and says so", () =>
  withAgents(STATE, async (run, file) => {
    const { code, stdout } = await run("approve", "bbbbbbbb");
    assertEquals(code, 0);
    assertEquals(stdout, `approved ${fingerprintOf(B)} (app demo, 203.0.113.2:8888)\n`);
    const { agents, pending } = await file.load();
    assertEquals([agents.length, pending.length, agents[1]?.trust], [2, 0, "approved"]);
  }));

Deno.test("approve says whose place was taken", () => {
  const state = stateOf({ agents: [pinOf(A)], pending: [pendingOf(B, { reason: "changed" })] });
  return withAgents(state, async (run) => {
    const { stdout } = await run("approve", fingerprintOf(B));
    assert(stdout.includes(`replaced ${fingerprintOf(A)}`), stdout);
  });
});

Deno.test("forget strikes an agent off", () =>
  withAgents(STATE, async (run, file) => {
    const { code, stdout } = await run("forget", "203.0.113.1:8888");
    assertEquals([code, stdout], [
      0,
      `forgotten ${fingerprintOf(A)} (app demo, 203.0.113.1:8888)\n`,
    ]);
    assertEquals((await file.load()).agents, []);
  }));

for (const args of [["approve"], ["forget"], ["approve", "nobody-here"], ["forget", "bbb"]]) {
  Deno.test(`agents ${args.join(" ")} exits with 2 and changes nothing`, () =>
    withAgents(STATE, async (run, file) => {
      const { code, stdout, stderr } = await run(...args);
      assertEquals([code, stdout], [2, ""]);
      assert(stderr.includes("hint: "), stderr);
      assertEquals(await file.load(), STATE);
    }));
}
