import { auditDial } from "../../../keeper/audit/audited_dial.ts";
import { AuditError, AuditRecorder, MemoryAuditLog } from "../../../keeper/audit/mod.ts";
import { parseWires } from "../../../keeper/contact/wire.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { FakeNetwork } from "../../support/fake_fleet.ts";

const NODE = { host: "203.0.113.1", port: 8888 };
const AGENT = { host: "203.0.113.2", port: 8888 };

Deno.test("auditDial connects, and has what goes over the connection put on record", async () => {
  const audit = new AuditRecorder(new MemoryAuditLog(), { fingerprint: () => Promise.resolve("") });
  const network = new FakeNetwork();
  network.set("203.0.113.2:8888", () => Promise.resolve());
  const { signal } = new AbortController();
  const connection = await auditDial(network.dial, audit)(AGENT, { signal });
  assertEquals(connection.audit, audit);
});

Deno.test("auditDial dials no node of the original while nothing can be put on record", async () => {
  const log = new MemoryAuditLog();
  log.failure = new AuditError("no room");
  const audit = new AuditRecorder(log, { fingerprint: () => Promise.resolve("") });
  const network = new FakeNetwork();
  for (const address of ["203.0.113.1:8888", "203.0.113.2:8888"]) {
    network.set(address, () => Promise.resolve());
  }
  const dial = auditDial(network.dial, audit, { wires: parseWires(["203.0.113.1=original"]) });
  const { signal } = new AbortController();
  await assertRejects(() => dial(NODE, { signal }), AuditError, "audit-failed");
  await dial(AGENT, { signal });
  assertEquals(network.dialled, ["203.0.113.2:8888"]);
});
