import { isAgentWanted, isFileWanted, isPassWanted, joinReports } from "../../keeper/report.ts";
import type { FileOutcome } from "../../protocol/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { agentOf, delivered, passOf, UNCHANGED } from "./report_fixtures.ts";

const OUTCOMES: Readonly<Record<FileOutcome, boolean>> = {
  created: true,
  updated: true,
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
  ));
  const second = agentOf(delivered(
    { path: "a", outcome: "unchanged" },
    { path: "b", outcome: "updated" },
  ));
  const { outcome, durationMs } = joinReports(first, second);
  assertEquals([outcome, durationMs], [
    delivered({ path: "a", outcome: "created" }, { path: "b", outcome: "updated" }),
    100,
  ]);
});

Deno.test("joinReports ends as the second contact did", () => {
  const failed = { kind: "failed", code: "truncated" } as const;
  assertEquals(joinReports(agentOf(delivered()), agentOf(failed)).outcome, failed);
});
