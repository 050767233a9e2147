import { AuditError, MemoryAuditLog, verifyAudit } from "../../../../keeper/audit/mod.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";
import { bytesOf } from "../audit_fixtures.ts";

Deno.test("MemoryAuditLog makes one chain of events that come together", async () => {
  const log = new MemoryAuditLog(() => 0);
  await Promise.all([
    log.append([{ event: "a" }, { event: "b" }]),
    log.append([{ event: "c" }]),
  ]);
  assertEquals(log.lines.map((line) => JSON.parse(line).event), ["a", "b", "c"]);
  const verdict = await verifyAudit(bytesOf(log.lines.map((line) => `${line}\n`).join("")));
  assertEquals([verdict.fault, verdict.end.seq], [null, 3]);
});

Deno.test("MemoryAuditLog rejects with what it is told to fail with", async () => {
  const log = new MemoryAuditLog();
  log.failure = new AuditError("no room");
  await assertRejects(() => log.append([{ event: "a" }]), AuditError, "audit-failed");
  assertEquals(log.lines, []);
});
