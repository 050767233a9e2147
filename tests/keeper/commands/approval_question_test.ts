import { ApprovalQuestion } from "../../../keeper/commands/approval_question.ts";
import { MAX_ASKED_ADDRESSES } from "../../../keeper/limits.ts";
import type { AgentReport, PassReport } from "../../../keeper/report/report.ts";
import { MemoryKnownAgentsStore } from "../../../keeper/trust/mod.ts";
import type { ReadOptions } from "../../../protocol/host/mod.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { MemoryInput } from "../../support/memory_input.ts";
import { MemoryOutput } from "../../support/memory_output.ts";
import { agentOf, delivered, passOf } from "../report/report_fixtures.ts";
import {
  fingerprintOf,
  NOW_MS,
  pendingOf,
  pinOf,
  stateOf,
} from "../trust/known_agents_fixtures.ts";

/** In the order in which they are asked about. */
const NAMES = ["one", "three", "two"];
const PENDING = NAMES.map((name, i) => pendingOf(name, { address: `${name}:1`, firstSeenMs: i }));
const REPORTS = PENDING.map(({ fingerprint, address }) =>
  agentOf({ kind: "pending", reason: "new" }, { address, fingerprint, trust: null })
);

class Desk {
  readonly stderr = new MemoryOutput({ isTerminal: true });
  readonly knownAgents = new MemoryKnownAgentsStore(stateOf({ pending: PENDING }));
  readonly stdin: MemoryInput;
  /** How many agents were approved each time that it was told of one. */
  readonly told: number[] = [];
  readonly question: ApprovalQuestion;

  constructor(...answers: readonly string[]) {
    this.stdin = new MemoryInput(answers, { isTerminal: true });
    const { stdin, stderr, knownAgents } = this;
    const { signal } = new AbortController();
    this.question = new ApprovalQuestion({
      ...{ stdin, stderr, knownAgents, signal },
      now: () => NOW_MS,
      onApproved: async () => {
        this.told.push((await knownAgents.load()).agents.length);
      },
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
  ["3,1", ["one", "two"]],
  [" 2 3 ", ["three", "two"]],
  ["a", NAMES],
  ["ALL", NAMES],
  ["2-3", ["three", "two"]],
  ["", []],
];

for (const [answer, names] of ANSWERS) {
  Deno.test(`ApprovalQuestion.ask approves ${names.length} by ${JSON.stringify(answer)}`, async () => {
    const desk = new Desk(answer);
    assertEquals(await desk.ask(), names.length);
    assertEquals(await desk.approved(), names.map((name) => `${name}:1 approved`));
  });
}

for (const answer of ["4", "0", "yes", "2-1", "-1", "1.5"]) {
  Deno.test(`ApprovalQuestion.ask asks again after ${JSON.stringify(answer)}`, async () => {
    const desk = new Desk(answer, "2");
    assertEquals([await desk.ask(), desk.stdin.prompts.length], [1, 2]);
    assert(desk.stderr.text.includes("Write numbers from 1 to 3"), desk.stderr.text);
  });
}

Deno.test("ApprovalQuestion.ask takes the end of the input for none, and says when it asks again", async () => {
  const desk = new Desk();
  assertEquals([await desk.ask(), await desk.approved()], [0, []]);
  assert(/next start of the keeper\sasks again/.test(desk.stderr.text), desk.stderr.text);
});

Deno.test("ApprovalQuestion.ask asks about each address once, and points once to further keys", async () => {
  const desk = new Desk("", "a", "a");
  await desk.ask();
  const [first] = REPORTS;
  assert(first !== undefined);
  for (const name of ["", "rogue-1", "rogue-2", "rogue-3"]) {
    const fingerprint = name === "" ? first.fingerprint : fingerprintOf(name);
    assertEquals(await desk.ask([{ ...first, fingerprint }]), 0);
  }
  assertEquals([desk.stdin.prompts.length, await desk.approved()], [1, []]);
  const pointer = /Another key waits at one:1 now: `agents list` shows it\.\n/g;
  assertEquals(desk.stderr.text.match(pointer)?.length, 1);
});

Deno.test("ApprovalQuestion.ask stops at many addresses, and points once to the others", async () => {
  const desk = new Desk();
  const [first] = REPORTS;
  assert(first !== undefined);
  const many = Array.from({ length: MAX_ASKED_ADDRESSES + 2 }, (_, i) => {
    return { ...first, address: `agent-${i}:1` };
  });
  await desk.ask(many);
  assert(desk.stderr.text.includes(`${MAX_ASKED_ADDRESSES} agents wait for your approval`));
  await desk.ask(many);
  assertEquals(desk.stdin.prompts.length, 1);
  assertEquals(desk.stderr.text.match(/More agents wait than are asked about/g)?.length, 1);
});

Deno.test("ApprovalQuestion.ask leaves those out of all whose address has another key", async () => {
  const desk = new Desk("a");
  const [first, second, third] = REPORTS;
  assert(first !== undefined && second !== undefined && third !== undefined);
  const pins = ["two", "three"].map((name) => pinOf(`old-${name}`, { address: `${name}:1` }));
  await desk.knownAgents.update((state) => ({ ...state, agents: pins }));
  const changed = { kind: "rejected", code: "identity-changed", by: "us" } as const;
  // The third is on record only since it was reported.
  assertEquals(await desk.ask([first, { ...second, outcome: changed }, third]), 1);
  const { agents } = await desk.knownAgents.load();
  assertEquals(agents.map(({ fingerprint }) => fingerprint), [
    ...pins.map(({ fingerprint }) => fingerprint),
    fingerprintOf("one"),
  ]);
  assert(desk.stderr.text.includes(`not approved ${fingerprintOf("two")} (two:1)`));
  assert(desk.stderr.text.includes(`not approved ${fingerprintOf("three")} (three:1)`));
});

Deno.test("ApprovalQuestion.ask approves by its number whose address has another key", async () => {
  const desk = new Desk("1");
  const [first] = REPORTS;
  assert(first !== undefined);
  await desk.knownAgents.update((state) => ({
    ...state,
    agents: [pinOf("old", { address: "one:1" })],
  }));
  const outcome = { kind: "rejected", code: "identity-changed", by: "us" } as const;
  assertEquals([await desk.ask([{ ...first, outcome }]), await desk.approved()], [1, [
    "one:1 approved",
  ]]);
});

Deno.test("ApprovalQuestion.ask asks nothing where nobody waits", async () => {
  const desk = new Desk("a");
  const refused = agentOf({ kind: "rejected", code: "enrolment-invalid", by: "us" });
  assertEquals(await desk.ask([agentOf(delivered()), refused]), 0);
  assertEquals([desk.stdin.prompts, desk.stderr.text], [[], ""]);
});

Deno.test("ApprovalQuestion.ask shows each fingerprint whole, by the number of its host", async () => {
  const desk = new Desk("");
  const agents = [10, 9].map((host) => ({
    ...agentOf({ kind: "pending", reason: "new" }, { trust: null }),
    address: `203.0.113.${host}:8888`,
    fingerprint: fingerprintOf(`host-${host}`),
  }));
  await desk.ask(agents);
  const shown = desk.stderr.text.split("\n").filter((line) => /^(?:\d {2}| {3}SHA256:)/.test(line));
  assertEquals(shown.map((line) => line.trim().split(/ {2,}/).slice(0, 2)), [
    ["1", "203.0.113.9:8888"],
    [fingerprintOf("host-9")],
    ["2", "203.0.113.10:8888"],
    [fingerprintOf("host-10")],
  ]);
  assertEquals(desk.stderr.text.split("\n").filter((line) => line.length > 60), []);
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
  /** Settles once somebody is asked. */
  readonly asked = Promise.withResolvers<void>();

  override async readLine(prompt: string, options: ReadOptions = {}): Promise<string | null> {
    const ended = Promise.withResolvers<never>();
    options.signal?.addEventListener("abort", () => ended.reject(options.signal?.reason));
    await super.readLine(prompt, options);
    this.asked.resolve();
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
  await stdin.asked.promise;
  assertEquals(await question.ask(passOf(REPORTS)), 0);
  const before = stderr.text.length;
  await question.makeRoom();
  question.notice(passOf(REPORTS));
  await question.showAgain();
  assertMatch(stderr.text.slice(before), /^\n# +AGENT[^]*\n1 +one:1[^]*\nApprove which/);
  assert(question.willAsk(passOf([])));
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

/** Answers a question only once reports came while it stood. */
async function answerAfter(
  reports: readonly PassReport[],
  answer: string,
): Promise<
  { readonly desk: Desk; readonly question: ApprovalQuestion; readonly approved: number }
> {
  const desk = new Desk();
  const stdin = new SlowInput([], { isTerminal: true });
  const { stderr, knownAgents } = desk;
  const { signal } = new AbortController();
  const question = new ApprovalQuestion({ stdin, stderr, knownAgents, signal });
  const asking = question.ask(passOf(REPORTS));
  await stdin.asked.promise;
  for (const report of reports) await question.ask(report);
  stdin.answer.resolve(answer);
  return { desk, question, approved: await asking };
}

const [ONE, THREE, TWO] = REPORTS;
assert(ONE !== undefined && TWO !== undefined && THREE !== undefined);
const GONE = { kind: "unreachable", code: "connection-refused" } as const;
const LATER: Readonly<Record<string, readonly PassReport[]>> = {
  "whose address shows another key": [
    passOf([{ ...THREE, fingerprint: fingerprintOf("another") }], { isWhole: false }),
  ],
  "that nobody answers for": [
    passOf([{ ...THREE, outcome: GONE, fingerprint: null }], { isWhole: false }),
  ],
  "that left the list": [passOf([ONE, TWO])],
};

for (const [what, reports] of Object.entries(LATER)) {
  Deno.test(`ApprovalQuestion.ask leaves out a key ${what} meanwhile, and says so`, async () => {
    const { desk, approved } = await answerAfter(reports, "1-2");
    assertEquals([approved, await desk.approved()], [1, ["one:1 approved"]]);
    assert(desk.stderr.text.includes(`not approved ${fingerprintOf("three")} (three:1)`));
    assertMatch(desk.stderr.text, /These keys wait there no more/);
  });
}

Deno.test("ApprovalQuestion.ask approves who was away for a report and waits again", async () => {
  const away = passOf([{ ...THREE, outcome: GONE, fingerprint: null }], { isWhole: false });
  // Who is not in a report may be away, or in the hands of another pass.
  const busy = passOf([ONE], { elsewhere: [THREE.address, TWO.address] });
  const reports = [away, passOf(REPORTS), passOf([]), passOf([ONE], { isWhole: false }), busy];
  const { desk, approved } = await answerAfter(reports, "2");
  assertEquals([approved, await desk.approved()], [1, ["three:1 approved"]]);
});

Deno.test("ApprovalQuestion.ask takes no word of a pass that began before another and ended after it", async () => {
  const older = [
    passOf([{ ...THREE, fingerprint: fingerprintOf("before") }], { pass: 1, isWhole: false }),
    passOf([ONE], { pass: 2 }),
  ];
  const newer = passOf(REPORTS, { pass: 3 });
  const { desk, question, approved } = await answerAfter([newer, ...older], "2");
  assertEquals([approved, await desk.approved()], [1, ["three:1 approved"]]);
  for (const report of older) await question.ask(report);
  assert(!desk.stderr.text.includes("Another key waits"), desk.stderr.text);
});

Deno.test("ApprovalQuestion.ask leaves out a key that the state has waiting no more", async () => {
  const desk = new Desk("a");
  await desk.knownAgents.update((state) => ({ ...state, pending: state.pending.slice(1) }));
  assertEquals(await desk.ask(), 2);
  assertEquals(await desk.approved(), ["three:1 approved", "two:1 approved"]);
});

Deno.test("ApprovalQuestion.ask asks again about whom it left out, once he waits again", async () => {
  const away = passOf([{ ...ONE, outcome: GONE, fingerprint: null }]);
  const { desk, question, approved } = await answerAfter([away], "1");
  assertEquals([approved, question.willAsk(passOf(REPORTS.slice(1)))], [0, false]);
  assertEquals(await question.ask(passOf(REPORTS)), 1);
  assertEquals(await desk.approved(), ["one:1 approved"]);
});

const MANY = Array.from({ length: 23 }, (_, i) => {
  return pendingOf(`agent-${i + 1}_`, { address: `agent-${i + 1}:1`, firstSeenMs: i });
});
const MANY_REPORTS = MANY.map(({ fingerprint, address }) =>
  agentOf({ kind: "pending", reason: "new" }, { address, fingerprint, trust: null })
);

Deno.test("ApprovalQuestion.ask asks about many in pages, and acts on each answer", async () => {
  const desk = new Desk("2", "a", "21-22");
  await desk.knownAgents.update(() => stateOf({ pending: MANY }));
  assertEquals([await desk.ask(MANY_REPORTS), desk.told], [13, [1, 11, 13]]);
  const numbers = [2, ...Array.from({ length: 12 }, (_, i) => i + 11)];
  assertEquals(await desk.approved(), numbers.map((number) => `agent-${number}:1 approved`));
  assertMatch(desk.stderr.text, /23 agents wait[^]*1 to 10 of 23[^]*11 to 20 of 23/);
});

Deno.test("ApprovalQuestion.ask asks no more where a person stops", async () => {
  const desk = new Desk("1", "q");
  await desk.knownAgents.update(() => stateOf({ pending: MANY }));
  assertEquals([await desk.ask(MANY_REPORTS), desk.stdin.prompts.length], [1, 2]);
  assertMatch(desk.stderr.text, /Nobody else was approved/);
  assertEquals([desk.question.willAsk(passOf(MANY_REPORTS)), await desk.ask(MANY_REPORTS)], [
    false,
    0,
  ]);
});

Deno.test("ApprovalQuestion.willAsk knows whether a question follows a report", async () => {
  const desk = new Desk("");
  assertEquals(desk.question.willAsk(passOf([agentOf(delivered())])), false);
  assertEquals(desk.question.willAsk(passOf(REPORTS)), true);
  await desk.ask();
  assertEquals(desk.question.willAsk(passOf(REPORTS)), false);
  await desk.question.makeRoom();
  const before = desk.stderr.text;
  desk.question.notice(passOf(REPORTS));
  await desk.question.showAgain();
  assertEquals(desk.stderr.text, before);
});
