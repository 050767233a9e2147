import { formatAuditLine } from "../../../../keeper/audit/reading/audit_text.ts";
import { NO_LINE_HASH } from "../../../../keeper/audit/log/audit_line.ts";
import type { AuditEvent } from "../../../../keeper/audit/mod.ts";
import { assertEquals } from "../../../support/assert.ts";

const AGENT = {
  app: "demo",
  component: null,
  address: "203.0.113.1:8888",
  fingerprint: "SHA256:x",
};

function format(event: AuditEvent): string {
  const line = { seq: 1, time: "2030-01-02T03:04:05.678Z", prev: NO_LINE_HASH, ...event };
  return formatAuditLine(line).replace("2030-01-02 03:04:05  ", "");
}

const AT = "203.0.113.1:8888       SHA256:x";
const COUNTS = { created: 1, updated: 0, unchanged: 2, missing: 0, failed: 1 };
const FILES = [
  { path: "a", outcome: "created" },
  { path: "b", outcome: "failed", code: "disk-full" },
  { path: "c", outcome: "denied" },
];

const EXPECTED: readonly (readonly [event: AuditEvent, text: string])[] = [
  [
    { event: "start", app: "demo", version: "1.2.3", trust: "approve", signer: "1abc" },
    "start     -                      version 1.2.3, app demo, new agents: approve, signed by 1abc",
  ],
  [{ event: "stop", app: null }, "stop      -"],
  [
    { event: "authority", authority: "f00d", serial: "42", certificate: "beef" },
    "authority  -                      the certificate authority f00d, root 42",
  ],
  [
    {
      ...{ event: "issued", app: "demo", component: "db", purpose: "agent", serial: "42" },
      ...{ fingerprint: "SHA256:x", names: ["a", "b"], notAfter: "2030-01-03T00:00:00.000Z" },
    },
    "issued    -                      SHA256:x, 42, agent, app demo, component db, for a, b, " +
    "until 2030-01-03T00:00:00.000Z",
  ],
  [
    { event: "revoked", app: "demo", serial: "42", reason: "superseded" },
    "revoked   -                      42, app demo, superseded",
  ],
  [
    {
      ...{ event: "given", ...AGENT, trust: "approved", revision: 7 },
      ...{ path: "a", size: 3, mode: "0600", contents: "f00d" },
    },
    `given     ${AT}, approved, a, 3 bytes, mode 0600, revision 7, contents f00d`,
  ],
  [
    { event: "held", ...AGENT, fingerprint: null, trust: "address", path: "a", contents: "f00d" },
    "held      203.0.113.1:8888       address, a, contents f00d",
  ],
  [
    { event: "result", ...AGENT, outcome: "delivered", counts: COUNTS, files: FILES, receipt: {} },
    `result    ${AT}, delivered, 1 created, 2 unchanged, 1 failed, b disk-full, c denied, signed`,
  ],
  [
    {
      ...{ event: "result", ...AGENT, outcome: "delivered", receipt: null },
      counts: { removed: 1, reowned: 1 },
      files: [{ path: "a", outcome: "removed" }, { path: "b", outcome: "reowned" }],
      hooks: [{ hook: "x", outcome: "ran" }, { hook: "y", outcome: "failed", code: "hook-failed" }],
    },
    `result    ${AT}, delivered, 1 removed, 1 reowned, hook x ran, hook y hook-failed, unsigned`,
  ],
  [
    { event: "result", ...AGENT, outcome: "failed", code: "timed-out" },
    `result    ${AT}, failed, timed-out`,
  ],
  [{ event: "refused", ...AGENT, code: "agent-pending" }, `refused   ${AT}, agent-pending`],
  [
    { event: "trust", by: "operator", ...AGENT, from: null, to: "approved" },
    `trust     ${AT}, unknown to approved, by the operator`,
  ],
  [
    { event: "command", command: "agents forget" },
    "command   -                      agents forget",
  ],
  [
    { event: "command", command: "wipe", app: "demo", only: ["demo/web", "demo/db"] },
    "command   -                      wipe, for demo/web, demo/db",
  ],
  [
    { event: "torn", bytes: 9, sha256: "00" },
    "torn      -                      9 bytes before it were cut off",
  ],
  [{ event: "resumed" }, "resumed   -"],
];

for (const [event, text] of EXPECTED) {
  Deno.test(`formatAuditLine writes ${text.slice(0, 50)}`, () => {
    assertEquals(format(event), text);
  });
}

Deno.test("formatAuditLine makes harmless what others wrote", () => {
  const line = format({ event: "given", ...AGENT, path: "a\u001b[31m\nb" });
  assertEquals(line, `given     ${AT}, a\\x1b[31m\\x0ab`);
});
