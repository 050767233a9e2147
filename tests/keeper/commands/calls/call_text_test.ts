import { formatActionsJson } from "../../../../keeper/commands/calls/actions_command.ts";
import { formatCallsJson } from "../../../../keeper/commands/calls/call_json.ts";
import type { CalledReport, CallEnd } from "../../../../keeper/commands/calls/call_round.ts";
import { describeFailure, formatCallsText } from "../../../../keeper/commands/calls/call_text.ts";
import type { AgentOutcome, AgentReport } from "../../../../keeper/report/report.ts";
import { CallError } from "../../../../protocol/calls/call_error.ts";
import { FluxVaultError } from "../../../../protocol/errors.ts";
import { assertEquals } from "../../../support/assert.ts";

function agentOf(
  end: CallEnd | null,
  outcome: AgentOutcome = { kind: "called" },
  address = "192.0.2.7:8888",
): CalledReport {
  const report: AgentReport = {
    address,
    wire: 2,
    component: "web",
    fingerprint: "SHA256:x",
    trust: "approved",
    news: null,
    node: null,
    software: null,
    startedMs: 0,
    durationMs: 1,
    failures: 0,
    outcome,
  };
  return { app: "shop", report, end, durationMs: 1 };
}

function answered(output: unknown): CalledReport {
  return agentOf({ kind: "answered", output });
}

function textOf(...agents: readonly CalledReport[]): string {
  return formatCallsText("clean", { agents, problems: [] });
}

Deno.test("formatCallsText writes a short answer beside the agent, and a long one below", () => {
  const who = "192.0.2.7:8888 (shop/web)";
  const all = "clean: 1 of 1 agent answered\n";
  assertEquals(textOf(answered(undefined)), `${who}: done\n${all}`);
  assertEquals(textOf(answered(null)), `${who}: done\n${all}`);
  assertEquals(textOf(answered("two days\n")), `${who}: two days\n${all}`);
  assertEquals(textOf(answered(7)), `${who}: 7\n${all}`);
  assertEquals(textOf(answered("a\nb")), `${who}:\n  a\n  b\n${all}`);
  assertEquals(textOf(answered({ a: 1 })), `${who}:\n  {\n    "a": 1\n  }\n${all}`);
});

Deno.test("formatCallsText makes harmless what an agent answers", () => {
  const text = textOf(answered("\u001b[2J\u202egone"));
  // deno-lint-ignore no-control-regex
  assertEquals(/[\u001b\u202e]/.test(text), false);
});

Deno.test("formatCallsJson and formatActionsJson let nothing through that a terminal obeys", () => {
  const hostile = "\u009b2J\u202egone\u007f";
  const called = { agents: [answered({ [hostile]: hostile })], problems: [] };
  const action = { name: "clean", describe: hostile, input: null, output: null };
  const listed = { agents: [answered([action])], problems: [] };
  for (const text of [formatCallsJson("clean", called), formatActionsJson(listed)]) {
    assertEquals(/[\u007f-\u009f\u202e]/.test(text), false);
    assertEquals(JSON.stringify(JSON.parse(text.split("\n")[0] ?? "")).includes(hostile), true);
  }
});

Deno.test("formatCallsText has the agents in the order of their addresses, and then the problems", () => {
  const [second, first] = ["192.0.2.10:1", "192.0.2.9:1"].map((address) => {
    return agentOf({ kind: "answered", output: 1 }, { kind: "called" }, address);
  });
  const problems = [{ code: "x", message: "something else" }];
  const agents = [second, first].flatMap((agent) => agent ?? []);
  assertEquals(
    formatCallsText("clean", { agents, problems }).split("\n").map((line) => line.split(" ")[0]),
    ["192.0.2.9:1", "192.0.2.10:1", "problem:", "clean:", ""],
  );
});

Deno.test("describeFailure says why an agent did not answer, and what may help", () => {
  const failed = (error: unknown) => describeFailure(agentOf({ kind: "failed", error }));
  const who = "192.0.2.7:8888 (shop/web)";
  assertEquals(failed(new CallError("no-room", "secret")), `${who}: failed (no-room)`);
  assertEquals(failed(new Error("secret")), `${who}: failed (failed): see its log`);
  const hinted = new FluxVaultError("own", "x", { hint: "try this" });
  assertEquals(failed(hinted), `${who}: failed (own): try this`);
  assertEquals(
    describeFailure(agentOf(null, { kind: "rejected", code: "busy", by: "peer" }))?.split(":")[2],
    " refuses us (busy)",
  );
  assertEquals(
    describeFailure(agentOf(null, { kind: "pending", reason: "new" })),
    `${who}: pending (new)`,
  );
  assertEquals(describeFailure(answered(1)), null);
});

Deno.test("describeFailure explains no word of an agent that every object knows", () => {
  const error = new CallError("constructor", "no");
  assertEquals(
    describeFailure(agentOf({ kind: "failed", error })),
    "192.0.2.7:8888 (shop/web): failed (constructor)",
  );
});
