import {
  type AgentSessionReport,
  logReport,
  reportCode,
} from "../../../agent/delivery/session_report.ts";
import { ConnectionError } from "../../../protocol/errors.ts";
import { assertEquals } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";

function reportOf(members: Partial<AgentSessionReport> = {}): AgentSessionReport {
  return {
    remoteAddress: "192.0.2.7",
    wire: 2,
    isComplete: true,
    isPlan: false,
    files: [],
    hooks: [],
    contentBytes: 0,
    durationMs: 12.6,
    error: null,
    ...members,
  };
}

function logged(members: Partial<AgentSessionReport>): MemoryLogger {
  const logger = new MemoryLogger();
  logReport(reportOf(members), logger);
  return logger;
}

Deno.test("reportCode names the code of a failure, and has a word for every other", () => {
  assertEquals(reportCode(reportOf()), null);
  assertEquals(reportCode(reportOf({ error: undefined })), null);
  assertEquals(
    reportCode(reportOf({ error: new ConnectionError("timed-out", "late") })),
    "timed-out",
  );
  for (const error of [new TypeError("a fault"), "a text", 0]) {
    assertEquals(reportCode(reportOf({ error })), "failed");
  }
});

Deno.test("logReport says in one line that a keeper has delivered", () => {
  const files = [{ path: "a", outcome: "created" }, { path: "b", outcome: "unchanged" }] as const;
  const [event, ...others] = logged({ files, contentBytes: 3 }).events;
  assertEquals([event?.level, event?.message], ["info", "a keeper has delivered"]);
  const { keeper, created, unchanged, contentBytes, durationMs } = event?.properties ?? {};
  assertEquals([keeper, created, unchanged, contentBytes, durationMs], ["192.0.2.7", 1, 1, 3, 13]);
  assertEquals(others, []);
});

Deno.test("logReport says of a plan that nothing was delivered, and warns of nothing", () => {
  const files = [{ path: "a", outcome: "missing" }] as const;
  const { events } = logged({ files, isPlan: true });
  assertEquals(events.map(({ level, message }) => [level, message]), [
    ["info", "a keeper has looked at what it would change"],
  ]);
});

Deno.test("logReport says of a keeper that only called that it did", () => {
  const { events } = logged({ files: [], isCallsOnly: true });
  assertEquals(events.map(({ level, message }) => [level, message]), [
    ["info", "a keeper has called"],
  ]);
});

Deno.test("logReport names the wire where it is the original's, in every line", () => {
  const files = [{ path: "a", outcome: "missing" }] as const;
  const wires = (members: Partial<AgentSessionReport>) =>
    logged({ files, ...members }).events.map(({ properties }) => properties.wire);
  assertEquals(wires({ wire: "original" }), ["original", "original"]);
  const error = new ConnectionError("timed-out", "late");
  assertEquals(wires({ wire: "original", isComplete: false, error }), ["original", "original"]);
  assertEquals(wires({ wire: 2 }), [undefined, undefined]);
});

Deno.test("logReport warns of a session that broke off, and says why", () => {
  const error = new ConnectionError("timed-out", "it was late");
  const [event] = logged({ isComplete: false, error }).events;
  assertEquals([event?.level, event?.message], ["warn", "a session broke off"]);
  const { code, reason } = event?.properties ?? {};
  assertEquals([code, reason], ["timed-out", "it was late"]);
  const [other] = logged({ isComplete: false, error: "a text" }).events;
  assertEquals([other?.properties.code, other?.properties.reason], ["failed", "a text"]);
});

Deno.test("logReport warns of each file that is not as declared, with its code or its outcome", () => {
  const files = [
    { path: "a", outcome: "created" },
    { path: "b", outcome: "failed", code: "disk-full" },
    { path: "c", outcome: "denied" },
    { path: "d", outcome: "missing" },
    { path: "e", outcome: "changed" },
  ] as const;
  const warnings = logged({ files }).events.filter(({ level }) => level === "warn");
  assertEquals(warnings.map(({ properties: { path, code } }) => [path, code]), [
    ["b", "disk-full"],
    ["c", "denied"],
    ["d", "missing"],
    ["e", "changed"],
  ]);
  assertEquals(warnings[0]?.message, "a file was not delivered: failed");
});

Deno.test("logReport names a hundred files and counts the others", () => {
  const files = Array.from({ length: 130 }, (_, i) => {
    return { path: `${i}`, outcome: "missing" } as const;
  });
  const warnings = logged({ files }).events.filter(({ level }) => level === "warn");
  assertEquals(warnings.length, 101);
  const { message, properties } = warnings.at(-1) ?? {};
  assertEquals([message, properties], ["further files were not delivered", { count: 30 }]);
});
