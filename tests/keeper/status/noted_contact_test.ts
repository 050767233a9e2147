import type { AgentStatus } from "../../../keeper/status/agent_status.ts";
import { MAX_STATUS_FILES } from "../../../keeper/status/limits.ts";
import { noteContact } from "../../../keeper/status/noted_contact.ts";
import type { AgentOutcome, AgentReport } from "../../../keeper/report/report.ts";
import type { FileOutcome, FileResult } from "../../../protocol/mod.ts";
import { assertEquals } from "../../support/assert.ts";
import { fileOf, planOf } from "../plan/plan_fixtures.ts";
import { agentOf, delivered, hooked, hookOf, withheld } from "../report/report_fixtures.ts";

let nowMs = Date.UTC(2030, 0, 1);

/** Notes contacts a minute apart; returns how the agent stands. */
function note(
  before: AgentStatus | null,
  outcome: AgentOutcome,
  members: Partial<AgentReport> = {},
): AgentStatus {
  nowMs += 60_000;
  const report = agentOf(outcome, members);
  return noteContact(before, { app: "demo", report, isWipe: false, nowMs, dueMs: null });
}

function file(path: string, outcome: FileOutcome): FileResult {
  return { path, outcome, ...(outcome === "failed" ? { code: "read-only" } : {}) };
}

/** A delivery of a revision. */
function delivery(revision: number, ...files: readonly FileResult[]): AgentOutcome {
  return { ...delivered(...files), revision } as AgentOutcome;
}

function driftOf({ drift }: AgentStatus): string[] {
  return drift.map(({ path, found, repairedMs }) => {
    return `${path} ${found} ${repairedMs === null ? "open" : "repaired"}`;
  });
}

Deno.test("noteContact says since when an agent holds which revision", () => {
  const first = note(null, delivery(1, file("a", "created")));
  const sinceMs = nowMs;
  assertEquals(first.held, { revision: 1, isWhole: true, isWiped: false, sinceMs });
  const second = note(first, delivery(1, file("a", "unchanged")));
  assertEquals([second.held?.sinceMs, second.servedMs], [sinceMs, nowMs]);
  const third = note(second, delivery(2, file("a", "updated")));
  assertEquals([third.held?.revision, third.held?.sinceMs, third.drift], [2, nowMs, []]);
});

Deno.test("noteContact keeps what an agent holds while it cannot be reached", () => {
  const before = note(null, delivery(1, file("a", "created")));
  const after = note(before, { kind: "unreachable", code: "connection-refused" }, {
    failures: 1,
    fingerprint: null,
    component: null,
    trust: null,
  });
  assertEquals(after.contact, {
    atMs: nowMs,
    outcome: "unreachable",
    code: "connection-refused",
    by: null,
    failures: 1,
  });
  assertEquals({ ...after, contact: before.contact }, before);
});

Deno.test("noteContact keeps the agent that was there while another key is turned away", () => {
  const before = note(null, delivery(1, file("a", "created")));
  const after = note(before, { kind: "rejected", code: "identity-changed", by: "us" }, {
    fingerprint: "SHA256:other",
  });
  assertEquals([after.fingerprint, after.held], [before.fingerprint, before.held]);
  assertEquals([after.contact.code, after.contact.by], ["identity-changed", "us"]);
});

Deno.test("noteContact begins anew where another key is served", () => {
  const before = note(null, delivery(1, file("a", "created")));
  const after = note(before, delivery(1, file("a", "created")), { fingerprint: "SHA256:other" });
  assertEquals([after.fingerprint, after.drift, after.held?.sinceMs], ["SHA256:other", [], nowMs]);
});

for (
  const [outcome, found] of [
    ["created", "gone"],
    ["updated", "changed"],
    ["reowned", "reowned"],
    ["removed", "extra"],
  ] as const
) {
  Deno.test(`noteContact takes what is ${outcome} without a change of the vault for drift`, () => {
    const first = note(null, delivery(1, file("a", "created")));
    const second = note(first, delivery(1, file("a", outcome)));
    assertEquals(driftOf(second), [`a ${found} repaired`]);
    assertEquals(driftOf(note(first, delivery(2, file("a", outcome)))), []);
  });
}

Deno.test("noteContact keeps drift open until it is put right", () => {
  const first = note(null, delivery(1, file("a", "created"), file("b", "created")));
  const failed = note(first, delivery(1, file("a", "failed"), file("b", "unchanged")));
  assertEquals([driftOf(failed), failed.held?.isWhole], [["a changed open"], false]);
  const foundMs = nowMs;
  const still = note(failed, delivery(1, file("a", "failed"), file("b", "unchanged")));
  assertEquals(driftOf(still), ["a changed open"]);
  const right = note(still, delivery(1, file("a", "updated"), file("b", "unchanged")));
  assertEquals(right.drift, [{ path: "a", found: "changed", foundMs, repairedMs: nowMs }]);
});

Deno.test("noteContact takes what failed before and comes at last for no drift", () => {
  const first = note(null, delivery(1, file("a", "failed"), file("b", "created")));
  const second = note(first, delivery(1, file("a", "created"), file("b", "updated")));
  assertEquals(driftOf(second), ["b changed repaired"]);
});

Deno.test("noteContact says nothing of drift where it does not know what was lacking", () => {
  const many = Array.from({ length: MAX_STATUS_FILES + 1 }, (_, i) => file(`f${i}`, "failed"));
  const first = note(null, delivery(1, ...many));
  assertEquals([first.files.length, first.moreFiles], [MAX_STATUS_FILES, 1]);
  const created = many.map(({ path }) => file(path, "created"));
  assertEquals(driftOf(note(first, delivery(1, ...created))), []);
});

Deno.test("noteContact keeps hooks that have something left to do, and a part of what they wrote", () => {
  const failed = hookOf("failed", { hook: "other", output: "x".repeat(2_000) });
  const { hooks } = note(null, { ...hooked(hookOf("ran"), failed) } as AgentOutcome);
  assertEquals(hooks, [{ ...failed, output: "x".repeat(500) }]);
});

Deno.test("noteContact learns of a plan how hooks stand that were due before it", () => {
  const before = note(null, hooked(hookOf("failed"), hookOf("failed", { hook: "gone" })));
  const plan = planOf([fileOf("a")], [file("a", "unchanged")], {
    hooks: [
      hookOf("failed", { attempts: 5 }),
      hookOf("due", { hook: "other", changeId: null, attempts: 0 }),
    ],
  });
  const { hooks } = note(before, { kind: "planned", plan });
  assertEquals(hooks.map(({ hook, attempts }) => [hook, attempts]), [["reload", 5]]);
});

Deno.test("noteContact keeps what is withheld, and the files that are not as they should be", () => {
  const agent = note(null, withheld({ path: "w", required: "approved" }));
  assertEquals(agent.withheld, [{ path: "w", required: "approved" }]);
  assertEquals(note(agent, delivery(1, file("a", "failed"))).files, [file("a", "failed")]);
});

Deno.test("noteContact notes of a plan what is to be done and what drifted, and that it is open", () => {
  const first = note(null, delivery(7, file("a", "created")));
  const plan = planOf([fileOf("a")], [file("a", "updated")], { hooks: [hookOf("due")] });
  const planned = note(first, { kind: "planned", plan });
  assertEquals([planned.planned, driftOf(planned), planned.held, planned.servedMs], [
    2,
    ["a changed open"],
    first.held,
    first.servedMs,
  ]);
  assertEquals(planned.contact.outcome, "planned");
  const after = note(planned, delivery(7, file("a", "updated")));
  assertEquals([after.planned, driftOf(after)], [null, ["a changed repaired"]]);
  const other = note(first, { kind: "planned", plan: { ...plan, revision: 8 } });
  assertEquals([other.planned, driftOf(other)], [2, []]);
});

Deno.test("noteContact says that an agent was told to remove all", () => {
  const before = note(null, delivery(1, file("a", "created")));
  const report = agentOf(delivery(2, file("a", "removed")));
  const after = noteContact(before, { app: "demo", report, isWipe: true, nowMs, dueMs: 5 });
  assertEquals([after.held?.isWiped, after.held?.revision, after.drift, after.dueMs], [
    ...[true, 2, [], 5],
  ]);
});

Deno.test("noteContact knows nothing of what a node on the original's wire holds", () => {
  const outcome = { ...delivered(file("a", "created")), revision: null } as AgentOutcome;
  const agent = note(null, outcome, { wire: "original", trust: "address", fingerprint: null });
  assertEquals([agent.held, agent.wire, agent.counts?.created], [null, "original", 1]);
});

Deno.test("noteContact takes the word of the keeper for what drifted while the vault changed", () => {
  const first = note(null, delivery(1, file("a", "created"), file("b", "created")));
  const outcome = delivery(2, file("a", "updated"), file("b", "updated"));
  assertEquals(driftOf(note(first, { ...outcome, drifted: ["b"] } as AgentOutcome)), [
    "b changed repaired",
  ]);
  const report = agentOf(outcome);
  const drifted = (path: string) => path === "a";
  const noted = { app: "demo", report, isWipe: false, nowMs, dueMs: null, drifted };
  assertEquals(driftOf(noteContact(first, noted)), ["a changed repaired"]);
});

Deno.test("noteContact leaves it to a keeper that runs to say when the next contact is due", () => {
  const report = agentOf(delivery(1, file("a", "created")));
  const noted = { app: "demo", report, isWipe: false, nowMs, dueMs: 9 };
  const first = noteContact(null, noted);
  assertEquals([first.dueMs, noteContact(first, { ...noted, dueMs: null }).dueMs], [9, 9]);
});

Deno.test("noteContact counts failures in a row, whichever keeper dialled", () => {
  const lost = { kind: "unreachable", code: "timed-out" } as const;
  const plan = planOf([fileOf("a")], [file("a", "unchanged")]);
  let agent = note(null, lost, { failures: 1 });
  const counts = [agent.contact.failures];
  for (
    const [outcome, failures] of [
      [lost, 1],
      [{ kind: "planned", plan }, 1],
      [lost, 7],
      [delivery(1, file("a", "created")), 0],
      [lost, 1],
    ] as const
  ) {
    agent = note(agent, outcome, { failures });
    counts.push(agent.contact.failures);
  }
  assertEquals(counts, [1, 2, 2, 3, 0, 1]);
});
