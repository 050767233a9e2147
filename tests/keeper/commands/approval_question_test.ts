import { ApprovalQuestion } from "../../../keeper/commands/approval_question.ts";
import type { AgentReport } from "../../../keeper/report/report.ts";
import { MemoryKnownAgentsStore } from "../../../keeper/trust/mod.ts";
import { fingerprintGroups } from "../../../protocol/mod.ts";
import type { ReadOptions } from "../../../protocol/host/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryInput } from "../../support/memory_input.ts";
import { MemoryOutput } from "../../support/memory_output.ts";
import { agentOf, delivered, passOf } from "../report/report_fixtures.ts";
import {
  fingerprintOf,
  NODE,
  NOW_MS,
  pendingOf,
  pinOf,
  stateOf,
} from "../trust/known_agents_fixtures.ts";

const NAMES = ["one", "two", "three"];
const PENDING = NAMES.map((name, i) => pendingOf(name, { address: `${name}:1`, firstSeenMs: i }));
const REPORTS = PENDING.map(({ fingerprint, address }) =>
  agentOf({ kind: "pending", reason: "new" }, { address, fingerprint, trust: null })
);

class Desk {
  readonly stderr = new MemoryOutput({ isTerminal: true });
  readonly knownAgents = new MemoryKnownAgentsStore(stateOf({ pending: PENDING }));
  readonly stdin: MemoryInput;
  readonly question: ApprovalQuestion;

  constructor(...answers: readonly string[]) {
    this.stdin = new MemoryInput(answers, { isTerminal: true });
    const { stdin, stderr, knownAgents } = this;
    const { signal } = new AbortController();
    this.question = new ApprovalQuestion({
      ...{ stdin, stderr, knownAgents, signal },
      now: () => NOW_MS,
    });
  }

  ask(agents: readonly AgentReport[] = REPORTS): Promise<number> {
    return this.question.ask(passOf(agents));
  }

  async approved(): Promise<readonly string[]> {
    const { agents } = await this.knownAgents.load();
    return agents.map(({ address, trust }) => `${address} ${trust}`);
  }
}

const ANSWERS: readonly (readonly [answer: string, names: readonly string[]])[] = [
  ["1", ["one"]],
  ["3,1", ["one", "three"]],
  [" 2 3 ", ["two", "three"]],
  ["a", NAMES],
  ["ALL", NAMES],
  ["", []],
];

for (const [answer, names] of ANSWERS) {
  Deno.test(`ApprovalQuestion.ask approves ${names.length} by ${JSON.stringify(answer)}`, async () => {
    const desk = new Desk(answer);
    assertEquals(await desk.ask(), names.length);
    assertEquals(await desk.approved(), names.map((name) => `${name}:1 approved`));
  });
}

for (const answer of ["4", "0", "yes", "1-2", "-1", "1.5"]) {
  Deno.test(`ApprovalQuestion.ask asks again after ${JSON.stringify(answer)}`, async () => {
    const desk = new Desk(answer, "2");
    assertEquals([await desk.ask(), desk.stdin.prompts.length], [1, 2]);
    assert(desk.stderr.text.includes("Write numbers from 1 to 3"), desk.stderr.text);
  });
}

Deno.test("ApprovalQuestion.ask takes the end of the input for none, and says when it asks again", async () => {
  const desk = new Desk();
  assertEquals([await desk.ask(), await desk.approved()], [0, []]);
  assert(/next start of the keeper asks again/.test(desk.stderr.text), desk.stderr.text);
});

Deno.test("ApprovalQuestion.ask asks about each agent once, and about another key again", async () => {
  const desk = new Desk("", "1");
  await desk.ask();
  await desk.ask();
  assertEquals(desk.stdin.prompts.length, 1);
  const [first] = REPORTS;
  assert(first !== undefined);
  const other = { ...first, fingerprint: fingerprintOf("other") };
  assertEquals(await desk.ask([first, other]), 1);
  assertEquals((await desk.knownAgents.load()).agents.map(({ fingerprint }) => fingerprint), [
    fingerprintOf("other"),
  ]);
});

Deno.test("ApprovalQuestion.ask asks nothing where nobody waits", async () => {
  const desk = new Desk("a");
  const refused = agentOf({ kind: "rejected", code: "enrolment-invalid", by: "us" });
  assertEquals(await desk.ask([agentOf(delivered()), refused]), 0);
  assertEquals([desk.stdin.prompts, desk.stderr.text], [[], ""]);
});

Deno.test("ApprovalQuestion.ask shows what tells one agent from another", async () => {
  const desk = new Desk("");
  const [first, second] = REPORTS;
  assert(first !== undefined && second !== undefined);
  await desk.ask([
    { ...first, component: "web\u001b[2J", node: NODE },
    { ...second, outcome: { kind: "rejected", code: "identity-changed", by: "us" } },
  ]);
  const lines = desk.stderr.text.split("\n");
  const line = (start: string) => lines.find((text) => text.startsWith(start)) ?? "";
  assert(
    line("1  ").includes("web\\x1b[2J  new      203.0.113.1 DE"),
    desk.stderr.text,
  );
  assert(line("2  ").includes("CHANGED  -"), desk.stderr.text);
  assert(desk.stderr.text.includes("another key is on record for this address"));
  assertEquals(lines.filter((text) => text.length > 80), []);
  for (const { fingerprint } of [first, second]) {
    assert(desk.stderr.text.includes(`\n   ${fingerprint}\n`), desk.stderr.text);
    assert(desk.stderr.text.includes(fingerprintGroups(fingerprint ?? "")), desk.stderr.text);
  }
});

Deno.test("ApprovalQuestion.ask says whose place a changed key takes", async () => {
  const desk = new Desk("1");
  await desk.knownAgents.update((state) => ({
    ...state,
    agents: [pinOf("old", { address: "one:1" })],
  }));
  await desk.ask();
  assert(desk.stderr.text.includes(`replaced ${fingerprintOf("old")}`), desk.stderr.text);
});

/** Answers when the test says so. */
class SlowInput extends MemoryInput {
  readonly answer = Promise.withResolvers<string>();

  override async readLine(prompt: string, options: ReadOptions = {}): Promise<string | null> {
    const ended = Promise.withResolvers<never>();
    options.signal?.addEventListener("abort", () => ended.reject(options.signal?.reason));
    await super.readLine(prompt, options);
    return await Promise.race([this.answer.promise, ended.promise]);
  }
}

Deno.test("ApprovalQuestion.ask puts one question at a time, and the next about who came meanwhile", async () => {
  const stdin = new SlowInput([], { isTerminal: true });
  const stderr = new MemoryOutput();
  const knownAgents = new MemoryKnownAgentsStore(stateOf({ pending: PENDING }));
  const { signal } = new AbortController();
  const question = new ApprovalQuestion({ stdin, stderr, knownAgents, signal });
  const first = question.ask(passOf(REPORTS.slice(0, 1)));
  await Promise.resolve();
  assertEquals(await question.ask(passOf(REPORTS)), 0);
  const before = stderr.text.length;
  await question.remind();
  assert(stderr.text.slice(before).startsWith("Approve which?"));
  stdin.answer.resolve("a");
  assertEquals([await first, await question.ask(passOf(REPORTS.slice(1)))], [1, 2]);
});

Deno.test("ApprovalQuestion.ask ends with the reason of its signal", async () => {
  const controller = new AbortController();
  const stdin = new SlowInput([], { isTerminal: true });
  const { stderr, knownAgents } = new Desk();
  const { signal } = controller;
  const question = new ApprovalQuestion({ stdin, stderr, knownAgents, signal });
  const asking = question.ask(passOf(REPORTS));
  await Promise.resolve();
  controller.abort(new DOMException("stop", "AbortError"));
  await assertRejects(() => asking, DOMException);
  assertEquals((await knownAgents.load()).agents, []);
});
