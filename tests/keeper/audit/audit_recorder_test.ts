import { AuditError, AuditRecorder, MemoryAuditLog } from "../../../keeper/audit/mod.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { eventsOf } from "./audit_fixtures.ts";

const AGENT = {
  app: "demo",
  component: null,
  address: "203.0.113.1:8888",
  fingerprint: "SHA256:x",
  trust: null,
};

function makeRecorder(): { readonly log: MemoryAuditLog; readonly recorder: AuditRecorder } {
  const log = new MemoryAuditLog();
  const fingerprint = () => Promise.resolve("f");
  return { log, recorder: new AuditRecorder(log, { fingerprint }) };
}

Deno.test("AuditRecorder records a refusal once for each time that it changes", async () => {
  const { log, recorder } = makeRecorder();
  await recorder.refused(AGENT, "agent-pending");
  await recorder.refused(AGENT, "agent-pending");
  await recorder.refused({ ...AGENT, fingerprint: "SHA256:y" }, "agent-pending");
  await recorder.refused({ ...AGENT, address: "203.0.113.2:8888" }, "agent-pending");
  await recorder.refused(AGENT, "identity-changed");
  recorder.admitted(AGENT);
  await recorder.refused(AGENT, "identity-changed");
  assertEquals(eventsOf(log.lines).map(({ code }) => code), [
    ...["agent-pending", "agent-pending", "agent-pending"],
    ...["identity-changed", "identity-changed"],
  ]);
  assertEquals(eventsOf(log.lines)[0], { event: "refused", ...AGENT, code: "agent-pending" });
});

Deno.test("AuditRecorder records a refusal again that could not be written", async () => {
  const { log, recorder } = makeRecorder();
  log.failure = new AuditError("no room");
  await assertRejects(() => recorder.refused(AGENT, "agent-pending"), AuditError);
  log.failure = null;
  await recorder.refused(AGENT, "agent-pending");
  assertEquals(log.lines.length, 1);
});

Deno.test("AuditRecorder writes nothing to find out that all is well", async () => {
  const { log, recorder } = makeRecorder();
  await recorder.ready();
  assertEquals(log.lines, []);
});

Deno.test("AuditRecorder finds out by a line whether a log that failed can be written", async () => {
  const { log, recorder } = makeRecorder();
  log.failure = new AuditError("no room");
  await assertRejects(() => recorder.ready(), AuditError, "audit-failed");
  const asked: unknown[] = [];
  const healing = {
    failure: log.failure,
    append: (events: readonly unknown[]) => {
      asked.push(...events);
      return Promise.resolve();
    },
  };
  const other = new AuditRecorder(healing, { fingerprint: () => Promise.resolve("f") });
  await Promise.all([other.ready(), other.ready()]);
  assertEquals(asked, [{ event: "resumed" }]);
});

Deno.test("AuditRecorder tells trouble that is news from trouble that goes on", () => {
  const { recorder } = makeRecorder();
  const news = [null, "a", "a", "b", "a", null, "a"].map((trouble) =>
    recorder.isNewTrouble(AGENT, trouble)
  );
  assertEquals(news, [false, true, false, true, true, false, true]);
});
