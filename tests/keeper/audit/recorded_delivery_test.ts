import {
  type AgentResults,
  AuditError,
  AuditRecorder,
  MemoryAuditLog,
  recordDelivery,
} from "../../../keeper/audit/mod.ts";
import { MAX_FILES_PER_LINE } from "../../../keeper/audit/limits.ts";
import {
  ConnectionError,
  type FileResult,
  MemorySecretSource,
  type Session,
} from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { openSessionPair } from "../../support/session_pair.ts";
import { hookOf } from "../report/report_fixtures.ts";
import { eventsOf } from "./audit_fixtures.ts";

const AGENT = {
  app: "demo",
  component: "web",
  address: "203.0.113.1:8888",
  fingerprint: "SHA256:x",
  trust: "approved",
} as const;
const SOURCE = await MemorySecretSource.from({ a: new Uint8Array([1, 2, 3]) });
const START = { offset: 0, prefix: null };

async function someSession(): Promise<Session> {
  await using pair = await openSessionPair();
  return pair.keeper;
}

async function setUp() {
  const log = new MemoryAuditLog();
  const recorder = new AuditRecorder(log, { fingerprint: () => Promise.resolve("f00d") });
  const options = { agent: AGENT, session: await someSession(), revision: 7, source: SOURCE };
  return { log, recorder, options };
}

function reportOf(files: readonly FileResult[]) {
  return { files, hooks: [], contentBytes: 3 };
}

const GIVEN = { event: "given", ...AGENT, revision: 7, path: "a", size: 3, mode: "0600" };
const CREATED_ONE = {
  created: 1,
  updated: 0,
  reowned: 0,
  removed: 0,
  unchanged: 0,
  missing: 0,
  failed: 0,
};
const [ENTRY] = SOURCE.entries;
assert(ENTRY !== undefined);

Deno.test("recordDelivery records a file before its contents can be had, and then the result", async () => {
  const { log, recorder, options } = await setUp();
  const report = reportOf([{ path: "a", outcome: "created" }]);
  const given = await recordDelivery(recorder, options, async ({ source }) => {
    assertEquals(source.entries, SOURCE.entries);
    const content = await source.open(ENTRY, START);
    assertEquals(eventsOf(log.lines), [{ ...GIVEN, contents: "f00d" }]);
    assertEquals(content?.offset, 0);
    return report;
  });
  assertEquals(given, report);
  assertEquals(eventsOf(log.lines)[1], {
    event: "result",
    ...AGENT,
    revision: 7,
    outcome: "delivered",
    counts: CREATED_ONE,
    contentBytes: 3,
    receipt: null,
    files: [{ path: "a", outcome: "created" }],
  });
});

Deno.test("recordDelivery lets no contents be had that it cannot record", async () => {
  const { log, recorder, options } = await setUp();
  log.failure = new AuditError("no room");
  let content: unknown = null;
  const deliver = () =>
    recordDelivery(recorder, options, async ({ source }) => {
      content = await source.open(ENTRY, START);
      return reportOf([]);
    });
  await assertRejects(deliver, AuditError, "audit-failed");
  assertEquals([content, log.lines.length], [null, 0]);
});

Deno.test("recordDelivery records nothing where nothing changes", async () => {
  const { log, recorder, options } = await setUp();
  const report = reportOf([{ path: "a", outcome: "unchanged" }]);
  await recordDelivery(recorder, options, () => Promise.resolve(report));
  assertEquals(log.lines, []);
});

Deno.test("recordDelivery records each time what is removed or re-owned, though nothing is given", async () => {
  const { log, recorder, options } = await setUp();
  const removed: FileResult = { path: "old", outcome: "removed" };
  const reowned: FileResult = { path: "a", outcome: "reowned" };
  for (const files of [[removed], [removed], [reowned]]) {
    await recordDelivery(recorder, options, () => Promise.resolve(reportOf(files)));
  }
  assertEquals(eventsOf(log.lines).map(({ files }) => files), [[removed], [removed], [reowned]]);
});

Deno.test("recordDelivery records a failure that gave nothing once for each time that it changes", async () => {
  const { log, recorder, options } = await setUp();
  const failed: FileResult = { path: "a", outcome: "failed", code: "disk-full" };
  const denied: FileResult = { path: "b", outcome: "denied" };
  const unchanged: FileResult = { path: "a", outcome: "unchanged" };
  for (const files of [[failed], [failed], [failed, denied], [unchanged], [failed]]) {
    await recordDelivery(recorder, options, () => Promise.resolve(reportOf(files)));
  }
  assertEquals(eventsOf(log.lines).map(({ files }) => files), [
    [failed],
    [failed, denied],
    [failed],
  ]);
});

Deno.test("recordDelivery records that a session broke in which something was given", async () => {
  const { log, recorder, options } = await setUp();
  const lost = () => Promise.reject(new ConnectionError("connection-lost", "gone"));
  await assertRejects(() => recordDelivery(recorder, options, lost), ConnectionError);
  assertEquals(log.lines, []);
  const deliver = () =>
    recordDelivery(recorder, options, async ({ source }) => {
      await source.open(ENTRY, START);
      return await lost();
    });
  await assertRejects(deliver, ConnectionError, "connection-lost");
  assertEquals(eventsOf(log.lines)[1], {
    ...{ event: "result", ...AGENT, revision: 7, outcome: "failed" },
    code: "connection-lost",
  });
});

Deno.test("recordDelivery keeps what the agent signed, and what it takes to check it", async () => {
  const { log, recorder, options } = await setUp();
  const counts = CREATED_ONE;
  const results: AgentResults = {
    digest: new Uint8Array(32).fill(1),
    counts,
    signature: new Uint8Array(64).fill(2),
  };
  await recordDelivery(recorder, options, async ({ source, takeResults }) => {
    await source.open(ENTRY, START);
    takeResults(results);
    return reportOf([{ path: "a", outcome: "created" }]);
  });
  const { receipt } = eventsOf(log.lines)[1] ?? {};
  const { publicKey, transcript, ...rest } = receipt as Record<string, unknown>;
  assertEquals(rest, { digest: "01".repeat(32), counts, signature: "02".repeat(64) });
  assertEquals([String(publicKey).length, String(transcript).length], [64, 64]);
});

Deno.test("recordDelivery puts many results into several lines", async () => {
  const { log, recorder, options } = await setUp();
  const files = Array.from({ length: 2 * MAX_FILES_PER_LINE + 1 }, (_, n): FileResult => {
    return { path: `${n}`, outcome: "missing" };
  });
  await recordDelivery(recorder, options, () => Promise.resolve(reportOf(files)));
  const events = eventsOf(log.lines);
  assertEquals(events.flatMap((event) => event["files"]), files);
  assertEquals(events.map((event) => "counts" in event), [true, false, false]);
});

Deno.test("recordDelivery records how hooks ended, and nothing that they wrote", async () => {
  const { log, recorder, options } = await setUp();
  const ran = hookOf("ran", { output: "a secret" });
  const failed = hookOf("failed", { code: "hook-failed", exitStatus: 3, output: "a secret" });
  const unchanged: FileResult = { path: "a", outcome: "unchanged" };
  for (const hook of [ran, failed, failed, ran]) {
    const report = { ...reportOf([unchanged]), hooks: [hook] };
    await recordDelivery(recorder, options, () => Promise.resolve(report));
  }
  const { output: _ran, ...told } = ran;
  const { output: _failed, ...toldFailed } = failed;
  // A failure that stays the same is told once, as that of a file.
  assertEquals(eventsOf(log.lines).map(({ hooks }) => hooks), [[told], [toldFailed], [told]]);
  assert(!log.lines.join().includes("a secret"));
});
