import {
  describeRestored,
  formatApplication,
  formatDelivery,
  formatExpired,
  formatListening,
  formatRestored,
  type ListeningNotice,
} from "../../../agent/commands/serve_output.ts";
import type { AgentSessionReport } from "../../../agent/delivery/session_report.ts";
import type { RestoredState, UnvouchedReason } from "../../../agent/trust/mod.ts";
import { ConnectionError } from "../../../protocol/errors.ts";
import type { FileEntry } from "../../../protocol/manifest_entry.ts";
import type { HeldManifest } from "../../../protocol/secret_store.ts";
import { assertEquals, assertMatch } from "../../support/assert.ts";

const FINGERPRINT = `SHA256:${"A".repeat(43)}`;
const NOTICE: ListeningNotice = {
  json: false,
  address: { hostname: "0.0.0.0", port: 8_888 },
  fingerprint: FINGERPRINT,
  rules: ["192.0.2.7", "home.example.org"],
  originalRules: [],
  signers: null,
  workingFolder: "/srv/files",
  absoluteFolders: ["/run/tls"],
  programs: null,
  application: null,
  app: "shop",
  component: null,
};

Deno.test("formatListening tells a person where, who, and where to", () => {
  assertEquals(formatListening(NOTICE).split("\n"), [
    "listening on  0.0.0.0:8888",
    `identity      ${FINGERPRINT}`,
    `read aloud    ${Array(13).fill("aaaa").join("-")}`,
    "app           shop",
    "may connect   192.0.2.7, home.example.org",
    "files go to   /srv/files, /run/tls",
    "",
  ]);
});

Deno.test("formatListening says who may speak the original's wire", () => {
  const lines = formatListening({ ...NOTICE, originalRules: ["192.0.2.7"] }).split("\n");
  assertEquals(lines[5], "original wire 192.0.2.7");
});

Deno.test("formatListening says whose signature a keeper has to bring", () => {
  const signed = { ...NOTICE, rules: null, signers: ["1abc", "1def"] };
  assertEquals(formatListening(signed).split("\n").slice(4, 6), [
    "may connect   any address",
    "must sign     1abc or 1def",
  ]);
  const owned = formatListening({ ...NOTICE, signers: "owner" }).split("\n");
  assertEquals(owned.slice(4, 6), [
    "may connect   192.0.2.7, home.example.org",
    "must sign     the owner of shop",
  ]);
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
    fingerprint: FINGERPRINT,
    app: "shop",
    component: null,
    programs: null,
    application: null,
  });
});

Deno.test("formatListening says what an agent may run, and what it starts", () => {
  const programs = ["nginx", "/usr/bin/pg_ctl"];
  const lines = formatListening({ ...NOTICE, programs, application: "nginx" }).split("\n");
  assertEquals(lines.slice(6), [
    "may run       for hooks and services: nginx, /usr/bin/pg_ctl",
    "starts        nginx",
    "",
  ]);
  const bare = formatListening({ ...NOTICE, programs: [] }).split("\n");
  assertEquals(bare.slice(6), ["may run       programs, but none for hooks or services", ""]);
});

Deno.test("formatExpired names the files that no keeper has renewed", () => {
  assertEquals(formatExpired(["a", "tls/b"]), '{"event":"expired","files":["a","tls/b"]}\n');
});

Deno.test("formatApplication tells a program of the application's start and end", () => {
  assertEquals(
    formatApplication({ state: "started" }),
    '{"event":"application","state":"started"}\n',
  );
  assertEquals(JSON.parse(formatApplication({ state: "ended", status: 7, signal: null })), {
    event: "application",
    state: "ended",
    status: 7,
    signal: null,
  });
});

const REPORT: AgentSessionReport = {
  remoteAddress: "192.0.2.7",
  wire: 2,
  isComplete: true,
  hooks: [{
    hook: "reload",
    outcome: "failed",
    changeId: "ab".repeat(16),
    attempts: 2,
    exitStatus: 1,
    signal: null,
    output: "s3cret",
    code: "hook-failed",
  }],
  files: [
    { path: "a", outcome: "created" },
    { path: "b", outcome: "unchanged" },
    { path: "c", outcome: "failed", code: "disk-full" },
  ],
  isPlan: false,
  contentBytes: 7,
  durationMs: 12.3,
  error: null,
};

Deno.test("formatDelivery says of a keeper that only called that it did", () => {
  assertEquals(JSON.parse(formatDelivery({ ...REPORT, isCallsOnly: true })).calls, true);
  assertEquals(JSON.parse(formatDelivery(REPORT)).calls, undefined);
});

Deno.test("formatDelivery writes a line with counts and every file that is not unchanged", () => {
  const line = formatDelivery(REPORT);
  assertEquals(line.indexOf("\n"), line.length - 1);
  assertEquals(JSON.parse(line), {
    event: "delivery",
    keeper: "192.0.2.7",
    wire: 2,
    complete: true,
    plan: false,
    code: null,
    created: 1,
    updated: 0,
    reowned: 0,
    removed: 0,
    unchanged: 1,
    missing: 0,
    failed: 1,
    contentBytes: 7,
    durationMs: 12,
    files: [
      { path: "a", outcome: "created" },
      { path: "c", outcome: "failed", code: "disk-full" },
    ],
    hooks: [{
      hook: "reload",
      outcome: "failed",
      changeId: "ab".repeat(16),
      attempts: 2,
      exitStatus: 1,
      signal: null,
      code: "hook-failed",
    }],
  });
});

Deno.test("formatDelivery names what broke a session off", () => {
  const error = new ConnectionError("truncated", "gone");
  const { complete, code } = JSON.parse(formatDelivery({ ...REPORT, isComplete: false, error }));
  assertEquals([complete, code], [false, "truncated"]);
});

const ENTRY: FileEntry = {
  kind: "file",
  path: "a",
  digest: "ab".repeat(32),
  size: 1,
  mode: 0o600,
  strategy: "STRICT",
};
const MANIFEST: HeldManifest = {
  message: {
    state: "MANIFEST",
    id: 0,
    revision: 7,
    issued: 1,
    expires: 2,
    digest: new Uint8Array(32),
    size: 1,
    signature: null,
  },
  bytes: new Uint8Array(1),
  manifest: {
    entries: [
      ENTRY,
      { ...ENTRY, path: "b" },
      { ...ENTRY, path: "c" },
      { kind: "folder", path: "d", mode: 0o700, strategy: "STRICT" },
      { kind: "keep", path: "e" },
    ],
    hooks: [],
    isWipe: false,
  },
  declaredBy: "1abc",
};
const INTACT: RestoredState = {
  isVouched: true,
  signer: "1abc",
  manifest: MANIFEST,
  departed: [],
};
const DEPARTED: RestoredState = {
  ...INTACT,
  departed: [{ path: "a", condition: "changed" }, { path: "c", condition: "missing" }],
};
const EXPIRED: RestoredState = { isVouched: false, reason: "expired", manifest: MANIFEST };
const NOTHING: RestoredState = { isVouched: false, reason: "no-manifest", manifest: null };

const RESTORED: readonly (readonly [string, RestoredState, string, Record<string, unknown>])[] = [
  ["all is good", INTACT, "3 files as declared", { vouched: true, reason: null }],
  ["files are not", DEPARTED, "1 of 3 files as declared", {
    vouched: true,
    reason: null,
    changed: ["a", "c"],
  }],
  ["the manifest is not", EXPIRED, "nothing: the manifest is past its time", {
    vouched: false,
    reason: "expired",
  }],
  ["there is none", NOTHING, "nothing: no manifest was kept", {
    vouched: false,
    reason: "no-manifest",
    revision: null,
    files: 0,
  }],
];

for (const [what, state, text, members] of RESTORED) {
  Deno.test(`formatRestored says what is vouched for where ${what}`, () => {
    assertEquals(formatRestored(state, { json: false }), `vouches for   ${text}\n`);
    const line = formatRestored(state, { json: true });
    assertEquals(line.indexOf("\n"), line.length - 1);
    const common = { event: "restored", revision: 7, files: 3, changed: [] };
    assertEquals(JSON.parse(line), { ...common, ...members });
  });
}

Deno.test("describeRestored names the files that are not as declared, and who signed", () => {
  const { message, properties } = describeRestored(DEPARTED);
  assertMatch(message, /no longer as declared/);
  assertEquals(properties, { files: 3, revision: 7, signer: "1abc", count: 2, changed: "a, c" });
});

Deno.test("describeRestored says why nothing is vouched for", () => {
  assertMatch(describeRestored(EXPIRED).message, /nothing until a keeper comes: .* past its time/);
  assertEquals(describeRestored(NOTHING).properties, {});
});

Deno.test("describeRestored warns of what somebody has changed, and not of a first start", () => {
  const unvouched = (reason: UnvouchedReason) =>
    describeRestored({ isVouched: false, reason, manifest: null }).level;
  const reasons = [
    "no-manifest",
    "owner-unknown",
    "unsigned",
    "expired",
    "forged",
    "stale",
  ] as const;
  assertEquals(reasons.map(unvouched), ["debug", "info", "info", "info", "warn", "warn"]);
  assertEquals(describeRestored(DEPARTED).level, "warn");
});
