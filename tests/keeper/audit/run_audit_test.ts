import { findAuditLog, noteAuditFailure, startRunAudit } from "../../../keeper/audit/run_audit.ts";
import { AuditError, MemoryAuditLog } from "../../../keeper/audit/mod.ts";
import { StorageError } from "../../../protocol/mod.ts";
import { assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { modeOf } from "../../support/site.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";
import { eventsOf } from "./audit_fixtures.ts";

const RUN = { app: "demo", trust: "approve", signer: "1abc", hasOriginal: false };
const PASS = { pass: 1, app: null, isWhole: true, startedMs: 0, durationMs: 0, agents: [] };

Deno.test("findAuditLog is what the operator names, else a file in the folder of state", () => {
  assertEquals(findAuditLog({ stateFolder: "state", auditLog: "x/log" }), "x/log");
  assertMatch(findAuditLog({ stateFolder: "state", auditLog: undefined }), /^state.audit\.jsonl$/);
});

Deno.test("startRunAudit records that a run starts, and that it ends", async () => {
  await using folder = await temporaryFolder();
  const place = { stateFolder: `${folder.path}/state`, auditLog: undefined };
  const options = { logger: new MemoryLogger() };
  {
    await using audit = await startRunAudit(place, RUN, options);
    await audit.recorder.append([{ event: "test" }]);
  }
  const text = await Deno.readTextFile(findAuditLog(place));
  const [start, test, stop] = eventsOf(text.trimEnd().split("\n"));
  const { version, ...rest } = start ?? {};
  assertMatch(String(version), /^\d+\.\d+\.\d+/);
  assertEquals(rest, { event: "start", app: "demo", trust: "approve", signer: "1abc", wires: [2] });
  assertEquals([test, stop], [{ event: "test" }, { event: "stop", app: "demo" }]);
});

Deno.test("startRunAudit keeps the key of fingerprints for its owner, and from run to run", async () => {
  await using folder = await temporaryFolder();
  const place = { stateFolder: folder.path, auditLog: undefined };
  const digest = new Uint8Array(32).fill(1);
  const prints: string[] = [];
  for (let i = 0; i < 2; i++) {
    await using audit = await startRunAudit(place, RUN, { logger: new MemoryLogger() });
    prints.push(await audit.recorder.fingerprint(digest));
  }
  assertMatch(prints[0] ?? "", /^[0-9a-f]{32}$/);
  assertEquals(prints[1], prints[0]);
  assertEquals(await modeOf(`${folder.path}/audit.key`), 0o600);
  await using other = await temporaryFolder();
  const elsewhere = { stateFolder: other.path, auditLog: undefined };
  await using audit = await startRunAudit(elsewhere, RUN, { logger: new MemoryLogger() });
  assertEquals(await audit.recorder.fingerprint(digest) === prints[0], false);
});

Deno.test("startRunAudit refuses a key that is not as it was written", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/audit.key`, "00\n");
  const place = { stateFolder: folder.path, auditLog: undefined };
  const run = () => startRunAudit(place, RUN, { logger: new MemoryLogger() });
  await assertRejects(run, StorageError, "state-malformed");
});

Deno.test("startRunAudit rejects where nothing can be recorded", async () => {
  await using folder = await temporaryFolder();
  const auditLog = `${folder.path}/log`;
  await Deno.mkdir(auditLog);
  const place = { stateFolder: folder.path, auditLog };
  const run = () => startRunAudit(place, RUN, { logger: new MemoryLogger() });
  await assertRejects(run, AuditError, "audit-failed");
});

Deno.test("noteAuditFailure adds the failure of the log to a report, once", () => {
  const log = new MemoryAuditLog();
  const report = { ...PASS, problems: [] };
  assertEquals(noteAuditFailure(report, log), report);
  log.failure = new AuditError("no room");
  const noted = noteAuditFailure(report, log);
  assertEquals(noted.problems, [{ code: "audit-failed", message: "no room" }]);
  assertEquals(noteAuditFailure(noted, log), noted);
});
