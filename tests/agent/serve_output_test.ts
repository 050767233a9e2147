import { formatDelivery, formatListening, type ListeningNotice } from "../../agent/serve_output.ts";
import type { AgentSessionReport } from "../../agent/session_report.ts";
import { ConnectionError } from "../../protocol/errors.ts";
import { assertEquals } from "../support/assert.ts";

const NOTICE: ListeningNotice = {
  json: false,
  address: { hostname: "0.0.0.0", port: 8_888 },
  fingerprint: "SHA256:abc",
  rules: ["192.0.2.7", "home.example.org"],
  originalRules: [],
  workingFolder: "/srv/files",
  absoluteFolders: ["/run/tls"],
  app: "shop",
  component: null,
};

Deno.test("formatListening tells a person where, who, and where to", () => {
  assertEquals(formatListening(NOTICE).split("\n"), [
    "listening on  0.0.0.0:8888",
    "identity      SHA256:abc",
    "app           shop",
    "may connect   192.0.2.7, home.example.org",
    "files go to   /srv/files, /run/tls",
    "",
  ]);
});

Deno.test("formatListening says who may speak the original's wire", () => {
  const lines = formatListening({ ...NOTICE, originalRules: ["192.0.2.7"] }).split("\n");
  assertEquals(lines[4], "original wire 192.0.2.7");
});

Deno.test("formatListening writes an IPv6 address in brackets", () => {
  const [line] = formatListening({ ...NOTICE, address: { hostname: "::", port: 1 } }).split("\n");
  assertEquals(line, "listening on  [::]:1");
});

Deno.test("formatListening tells a program the same as JSON", () => {
  assertEquals(JSON.parse(formatListening({ ...NOTICE, json: true })), {
    event: "listening",
    address: "0.0.0.0",
    port: 8_888,
    fingerprint: "SHA256:abc",
    app: "shop",
    component: null,
  });
});

const REPORT: AgentSessionReport = {
  remoteAddress: "192.0.2.7",
  wire: 2,
  isComplete: true,
  files: [
    { path: "a", outcome: "created" },
    { path: "b", outcome: "unchanged" },
    { path: "c", outcome: "failed", code: "disk-full" },
  ],
  contentBytes: 7,
  durationMs: 12.3,
  error: null,
};

Deno.test("formatDelivery writes a line with counts and every file that is not unchanged", () => {
  const line = formatDelivery(REPORT);
  assertEquals(line.indexOf("\n"), line.length - 1);
  assertEquals(JSON.parse(line), {
    event: "delivery",
    keeper: "192.0.2.7",
    wire: 2,
    complete: true,
    code: null,
    created: 1,
    updated: 0,
    unchanged: 1,
    missing: 0,
    failed: 1,
    contentBytes: 7,
    durationMs: 12,
    files: [
      { path: "a", outcome: "created" },
      { path: "c", outcome: "failed", code: "disk-full" },
    ],
  });
});

Deno.test("formatDelivery names what broke a session off", () => {
  const error = new ConnectionError("truncated", "gone");
  const { complete, code } = JSON.parse(formatDelivery({ ...REPORT, isComplete: false, error }));
  assertEquals([complete, code], [false, "truncated"]);
});
