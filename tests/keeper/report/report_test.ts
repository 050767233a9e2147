import {
  isAgentServed,
  isAgentWaiting,
  isAgentWanted,
  isFileWanted,
  isPassWanted,
  joinReports,
  updatePass,
} from "../../../keeper/report/report.ts";
import type { FileOutcome, HookOutcome, ServiceResult } from "../../../protocol/mod.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import {
  agentOf,
  delivered,
  hooked,
  hookOf,
  passOf,
  UNCHANGED,
  withheld,
} from "./report_fixtures.ts";

const OUTCOMES: Readonly<Record<FileOutcome, boolean>> = {
  created: true,
  updated: true,
  reowned: true,
  removed: true,
  unchanged: true,
  missing: false,
  denied: false,
  changed: false,
  failed: false,
};

for (const [outcome, expected] of Object.entries(OUTCOMES)) {
  Deno.test(`isFileWanted says ${expected} to ${outcome}`, () => {
    assertEquals(isFileWanted({ path: "a", outcome: outcome as FileOutcome }), expected);
  });
}

Deno.test("isAgentWanted wants every file", () => {
  assertEquals(isAgentWanted(agentOf(delivered(UNCHANGED))), true);
  const denied = { path: "b", outcome: "denied" } as const;
  assertEquals(isAgentWanted(agentOf(delivered(UNCHANGED, denied))), false);
  assertEquals(isAgentWanted(agentOf({ kind: "pending", reason: "new" })), false);
});

Deno.test("isPassWanted wants an agent, all agents, and no problem", () => {
  const good = agentOf(delivered(UNCHANGED));
  const bad = agentOf({ kind: "unreachable", code: "timed-out" });
  assertEquals(isPassWanted(passOf([good])), true);
  assertEquals(isPassWanted(passOf([])), false);
  assertEquals(isPassWanted(passOf([good, bad])), false);
  const problems = [{ code: "api-unreachable", message: "no answer" }];
  assertEquals(isPassWanted(passOf([good], { problems })), false);
});

Deno.test("joinReports keeps what the first contact put in place", () => {
  const first = agentOf(delivered(
    { path: "a", outcome: "created" },
    { path: "b", outcome: "changed" },
    { path: "c", outcome: "removed" },
    { path: "d", outcome: "missing" },
  ));
  const second = agentOf(delivered(
    { path: "a", outcome: "unchanged" },
    { path: "b", outcome: "updated" },
  ));
  const { outcome, durationMs } = joinReports(first, second);
  assertEquals([outcome, durationMs], [
    delivered(
      { path: "a", outcome: "created" },
      { path: "b", outcome: "updated" },
      { path: "c", outcome: "removed" },
    ),
    100,
  ]);
});

Deno.test("joinReports keeps that the first contact started and stopped services", () => {
  const servedBy = (...services: readonly ServiceResult[]) => {
    return agentOf({ ...delivered(), services } as Parameters<typeof agentOf>[0]);
  };
  const first = servedBy(
    { service: "a", outcome: "started" },
    { service: "b", outcome: "waiting", code: "file-missing" },
    { service: "c", outcome: "stopped" },
  );
  const second = servedBy(
    { service: "a", outcome: "running" },
    { service: "b", outcome: "started" },
  );
  const { outcome } = joinReports(first, second);
  assertEquals(outcome.kind === "delivered" && outcome.services, [
    { service: "a", outcome: "started" },
    { service: "b", outcome: "started" },
    { service: "c", outcome: "stopped" },
  ]);
});

Deno.test("joinReports ends as the second contact did", () => {
  const failed = { kind: "failed", code: "truncated" } as const;
  assertEquals(joinReports(agentOf(delivered()), agentOf(failed)).outcome, failed);
});

Deno.test("isAgentWanted wants no file withheld, although the agent is served", () => {
  const agent = agentOf(withheld({ path: "b", required: "approved" }));
  assertEquals([isAgentWanted(agent), isAgentServed(agent)], [false, true]);
});

Deno.test("isAgentWaiting says who can be let in", () => {
  const outcomes = [
    [{ kind: "pending", reason: "places-taken" }, true],
    [{ kind: "rejected", code: "identity-changed", by: "us" }, true],
    [{ kind: "rejected", code: "identity-changed", by: "peer" }, false],
    [{ kind: "rejected", code: "enrolment-invalid", by: "us" }, false],
    [delivered(), false],
  ] as const;
  for (const [outcome, expected] of outcomes) assertEquals(isAgentWaiting({ outcome }), expected);
});

Deno.test("joinReports keeps what was new at the first contact", () => {
  const news = { kind: "first-use", place: 1, places: 1 } as const;
  const joined = joinReports(agentOf(delivered(), { news }), agentOf(delivered()));
  assertEquals(joined.news, news);
});

Deno.test("updatePass takes the later report of an agent, and all problems", () => {
  const at = (address: string) => ({ address });
  const pending = { kind: "pending", reason: "new" } as const;
  const problem = { code: "a", message: "a" };
  const first = passOf([agentOf(pending, at("x:1")), agentOf(pending, at("y:1"))], {
    problems: [problem],
  });
  const updated = updatePass(first, passOf([agentOf(delivered(), at("y:1"))], { pass: 2 }));
  assertEquals([updated.pass, updated.problems], [1, [problem]]);
  assertEquals(updated.agents.map(({ outcome }) => outcome.kind), ["pending", "delivered"]);
});

const HOOK_OUTCOMES: Readonly<Record<HookOutcome, boolean>> = {
  ran: true,
  failed: false,
  running: false,
  due: false,
  refused: false,
};

for (const [outcome, expected] of Object.entries(HOOK_OUTCOMES)) {
  Deno.test(`isAgentServed says ${expected} where a hook ${outcome}`, () => {
    const agent = agentOf(hooked(hookOf(outcome as HookOutcome)));
    assertEquals([isAgentServed(agent), isAgentWanted(agent)], [expected, expected]);
  });
}

Deno.test("joinReports takes the later word about each hook", () => {
  const hooks = (...named: readonly (readonly [string, HookOutcome])[]) =>
    agentOf(hooked(...named.map(([hook, outcome]) => hookOf(outcome, { hook }))));
  const first = hooks(["a", "ran"], ["b", "failed"], ["c", "running"], ["d", "refused"]);
  const { outcome } = joinReports(first, hooks(["b", "ran"]));
  assert(outcome.kind === "delivered");
  // One that was running and is not told of any more has run meanwhile.
  assertEquals(outcome.hooks.map(({ hook, outcome }) => `${hook} ${outcome}`), [
    ...["a ran", "d refused", "b ran"],
  ]);
});

Deno.test("joinReports keeps what either contact found to have drifted", () => {
  const of = (...drifted: readonly string[]) => agentOf({ ...hooked(), drifted } as never);
  const { outcome } = joinReports(of("a"), of("b"));
  assertEquals(outcome.kind === "delivered" ? outcome.drifted : null, ["a", "b"]);
});
