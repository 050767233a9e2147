import type { CalledReport } from "../../../../keeper/commands/calls/call_round.ts";
import { readTold } from "../../../../keeper/commands/services/service_round.ts";
import {
  formatServicesJson,
  formatServicesText,
  isToldWell,
} from "../../../../keeper/commands/services/service_text.ts";
import { CallError } from "../../../../protocol/mod.ts";
import { assert, assertEquals } from "../../../support/assert.ts";

function agentOf(end: CalledReport["end"]): CalledReport {
  return {
    app: "shop",
    end,
    durationMs: 1,
    report: {
      ...{ address: "192.0.2.7:8888", wire: 2, component: "web", fingerprint: "SHA256:x" },
      ...{ trust: "approved", news: null, node: null, software: null, startedMs: 0 },
      ...{ durationMs: 1, failures: 0, outcome: { kind: "called" } },
    },
  };
}

function tell({ end }: CalledReport) {
  return end?.kind === "answered" ? (end.output as unknown[]).map(readTold) : [];
}

const FAILING = {
  ...{ Name: "web", State: "pausing", Code: "service-failed", Since: "2030-01-01T00:00:00.000Z" },
  ...{ Starts: 3, MemoryBytes: 3_145_728, LastEnd: { Code: "service-failed", Exit: 7 } },
};

Deno.test("formatServicesText writes a row for each service, and explains what is wrong", () => {
  const agents = [agentOf({ kind: "answered", output: [FAILING] })];
  const text = formatServicesText({ agents, problems: [] }, tell);
  const [heading = "", row = "", ...others] = text.split("\n");
  assertEquals(heading.split(/ {2,}/), [
    ...["SERVICE", "AGENT", "STATE", "SINCE", "STARTS", "HEALTH", "MIB", "LAST END"],
  ]);
  for (const cell of ["web", "192.0.2.7:8888 (shop/web)", "pausing (service-failed)", "3"]) {
    assert(row.includes(cell), row);
  }
  assertEquals(others.filter((line) => line !== ""), [
    "service-failed: it ended with an error",
    "1 service; 1 of 1 agent answered",
  ]);
});

Deno.test("formatServicesText makes harmless what an agent tells", () => {
  const output = [{ Name: "\x1b[2J", State: "a\nb", LastEnd: { Code: "\u202e" } }];
  const agents = [agentOf({ kind: "answered", output })];
  const text = formatServicesText({ agents, problems: [] }, tell);
  // deno-lint-ignore no-control-regex
  assert(!/[\x1b\u202e]/.test(text) && text.includes("\\x1b[2J") && text.includes("a\\x0ab"));
});

Deno.test("formatServicesText and formatServicesJson say who did not answer, and why", () => {
  const error = new CallError("unknown-action", "there is no such action");
  const report = { agents: [agentOf({ kind: "failed", error })], problems: [] };
  const text = formatServicesText(report, tell);
  assert(text.startsWith("192.0.2.7:8888 (shop/web): failed (unknown-action): "), text);
  const [line = "", summary = ""] = formatServicesJson(report, tell).split("\n");
  assertEquals([JSON.parse(line).type, JSON.parse(line).code], ["services", "unknown-action"]);
  assertEquals(JSON.parse(summary), {
    ...{ type: "all-services", agents: 1, answered: 0, problems: [] },
  });
});

Deno.test("isToldWell takes what runs, and what shall not", () => {
  const states = [
    "running",
    "stopped",
    "pausing",
    "waiting",
    "refused",
    "starting",
    "stopping",
    "?",
  ];
  const well = states.filter((state) => isToldWell({ ...readTold({}), state }));
  assertEquals(well, ["running", "stopped"]);
});
