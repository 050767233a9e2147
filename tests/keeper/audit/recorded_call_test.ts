import { AuditError, MemoryAuditLog } from "../../../keeper/audit/log/audit_log.ts";
import { AuditRecorder } from "../../../keeper/audit/audit_recorder.ts";
import { codeOfEnd, recordCall } from "../../../keeper/audit/recorded_call.ts";
import type { CalledAgent } from "../../../keeper/contact/called_agent.ts";
import { CallError } from "../../../protocol/mod.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const AGENT: CalledAgent = {
  address: { host: "h", port: 1 },
  app: "shop",
  component: "web",
  fingerprint: "SHA256:x",
  level: "approved",
  isPlan: false,
  origin: {} as CalledAgent["origin"],
  extendTime() {},
};
const ORDER = { agent: AGENT, action: "report", input: { canary: 1 } };

function open() {
  const log = new MemoryAuditLog();
  return { log, recorder: new AuditRecorder(log, { fingerprint: () => Promise.resolve("f00d") }) };
}

Deno.test("recordCall writes a line before a call, and one after it, and not what is in it", async () => {
  const { log, recorder } = open();
  const end = await recordCall(recorder, ORDER, () => {
    assertEquals(log.lines.length, 1);
    return Promise.resolve("canary");
  });
  assertEquals(end, { kind: "answered", output: "canary" });
  assertEquals(log.lines.map((line) => JSON.parse(line).event), ["called", "answer"]);
  assert(!log.lines.join().includes("canary"));
});

Deno.test("recordCall names the plugin that calls", async () => {
  const { log, recorder } = open();
  await recordCall(recorder, { ...ORDER, plugin: "helper" }, () => Promise.resolve());
  assertEquals(log.lines.map((line) => JSON.parse(line).plugin), ["helper", "helper"]);
});

Deno.test("recordCall returns what a call threw", async () => {
  const { log, recorder } = open();
  const end = await recordCall(recorder, ORDER, () => Promise.reject(new CallError("busy", "x")));
  assert(end.kind === "failed");
  assertEquals([codeOfEnd(end), JSON.parse(log.lines[1] ?? "").code], ["busy", "busy"]);
});

Deno.test("recordCall makes no call that cannot be put on record", async () => {
  const log = {
    failure: null,
    append: () => Promise.reject(new AuditError("the disk is full")),
  };
  const recorder = new AuditRecorder(log, { fingerprint: () => Promise.resolve("f00d") });
  let isMade = false;
  const end = await recordCall(recorder, ORDER, () => Promise.resolve(isMade = true));
  assert(end.kind === "failed");
  assertEquals([codeOfEnd(end), isMade], ["audit-failed", false]);
});
