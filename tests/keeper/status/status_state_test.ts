import fc from "fast-check";
import { MAX_STATUS_BYTES } from "../../../keeper/status/limits.ts";
import { decodeStatus, encodeStatus } from "../../../keeper/status/status_state.ts";
import { encodeUtf8, StorageError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { hookOf } from "../report/report_fixtures.ts";
import { NOW_MS, statusOf } from "./status_fixtures.ts";

const FULL = statusOf({
  app: null,
  component: null,
  fingerprint: null,
  trust: null,
  wire: "original",
  contact: { atMs: NOW_MS, outcome: "rejected", code: "busy", by: "peer", failures: 4 },
  servedMs: null,
  isListed: false,
  dueMs: NOW_MS,
  held: null,
  counts: null,
  files: [{ path: "a\u202e", outcome: "failed", code: "disk-full" }, {
    path: "b",
    outcome: "missing",
  }],
  moreFiles: 7,
  drift: [
    { path: "a", found: "gone", foundMs: NOW_MS, repairedMs: NOW_MS },
    { path: "b", found: "extra", foundMs: NOW_MS, repairedMs: null },
  ],
  hooks: [hookOf("failed", { code: "hook-failed", signal: "SIGTERM", output: "x\n\x1b" })],
  withheld: [{ path: "w", required: "enrolled" }],
  planned: 3,
});

Deno.test("decodeStatus reads what encodeStatus wrote", () => {
  const status = { agents: [statusOf(), FULL] };
  assertEquals(decodeStatus(encodeStatus(status)), status);
  assertEquals(decodeStatus(encodeStatus({ agents: [] })), { agents: [] });
});

Deno.test("encodeStatus writes a line for each agent", () => {
  const text = new TextDecoder().decode(encodeStatus({ agents: [statusOf(), FULL] }));
  assertEquals(text.split("\n").length, 5);
});

Deno.test("encodeStatus writes no more than can be read: details go first, then who is longest gone", () => {
  const hooks = Array.from({ length: 20 }, () => hookOf("failed", { output: "x".repeat(500) }));
  const files = Array.from({ length: 50 }, (_, i) => {
    return { path: `${i}`.padStart(1_000, "y"), outcome: "failed" } as const;
  });
  const agents = Array.from({ length: 1_000 }, (_, i) => statusOf({ files, hooks, planned: i }));
  const bytes = encodeStatus({ agents });
  assert(bytes.length <= MAX_STATUS_BYTES);
  const read = decodeStatus(bytes).agents;
  assertEquals([read.length, read[0]?.files.length, read[0]?.moreFiles], [1_000, 1, 49]);
  const more = Array.from({ length: 20_000 }, (_, i) => statusOf({ files, hooks, planned: i }));
  const fewer = decodeStatus(encodeStatus({ agents: more })).agents;
  assert(fewer.length >= 5_000 && fewer.length < 20_000);
  assertEquals([fewer[0]?.planned, fewer.at(-1)?.planned], [0, fewer.length - 1]);
});

Deno.test("decodeStatus names what is wrong, and takes nothing else for a status", () => {
  const text = new TextDecoder().decode(encodeStatus({ agents: [FULL] }));
  const faults = [
    ["", "no JSON"],
    ["[]", "no object"],
    [text.replace('"version":1', '"version":2'), "another version"],
    [text.replace('"planned":3', '"planned":"3"'), 'agents[0] has no usable "planned"'],
    [text.replace('"found":"gone"', '"found":"lost"'), 'drift[0] has no usable "found"'],
    [text.replace('"listed":false', '"listed":0'), 'agents[0] has no usable "listed"'],
  ];
  for (const [malformed = "", reason = ""] of faults) {
    const error = assertThrows(
      () => decodeStatus(encodeUtf8(malformed)),
      StorageError,
      "state-malformed",
    );
    assert(error.message.includes(reason), error.message);
  }
});

Deno.test("decodeStatus throws nothing but a StorageError, whatever it reads", () => {
  const agent = JSON.parse(new TextDecoder().decode(encodeStatus({ agents: [FULL] }))).agents[0];
  fc.assert(fc.property(fc.constantFrom(...Object.keys(agent)), fc.json(), (name, value) => {
    const changed = { version: 1, agents: [{ ...agent, [name]: JSON.parse(value) }] };
    try {
      decodeStatus(encodeUtf8(JSON.stringify(changed)));
    } catch (error) {
      assert(error instanceof StorageError, String(error));
    }
  }));
});
