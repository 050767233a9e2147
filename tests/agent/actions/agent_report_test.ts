import { AgentReport } from "../../../agent/actions/agent_report.ts";
import type { AgentSessionReport } from "../../../agent/delivery/session_report.ts";
import { deliverAsKeeper } from "../../../protocol/deliver_as_keeper.ts";
import { PeerRejectedError } from "../../../protocol/errors.ts";
import { MemorySecretStore } from "../../../protocol/memory_secret_store.ts";
import { AgentPort } from "../../support/agent_port.ts";
import { assertEquals } from "../../support/assert.ts";
import { openCallDesks } from "../../support/call_desks.ts";
import { sourceOf } from "../../support/stuck_delivery.ts";

const STARTED_MS = Date.UTC(2030, 0, 1);
const ENDED: AgentSessionReport = {
  remoteAddress: "192.0.2.7",
  wire: 2,
  isComplete: true,
  files: [{ path: "a", outcome: "created" }],
  hooks: [],
  isPlan: false,
  contentBytes: 3,
  durationMs: 12.4,
  error: null,
};

function makeReport(store = new MemorySecretStore()): AgentReport {
  return new AgentReport({
    software: "test/1",
    app: "shop",
    component: null,
    startedMs: STARTED_MS,
    store,
    isComplete: () => true,
    now: () => STARTED_MS + 61_000,
  });
}

async function ask(report: AgentReport): Promise<Record<string, unknown>> {
  await using desks = await openCallDesks({ agentCalls: { actions: [report.toAction()] } });
  return await desks.keeper.call("report") as Record<string, unknown>;
}

Deno.test("AgentReport tells of an agent that was given nothing yet", async () => {
  assertEquals(await ask(makeReport()), {
    Software: "test/1",
    App: "shop",
    Component: null,
    Started: "2030-01-01T00:00:00.000Z",
    UptimeS: 61,
    Holds: null,
    Sessions: { Total: 0, BrokenOff: 0 },
    LastDelivery: null,
  });
});

Deno.test("AgentReport tells in numbers what is held, and names no file", async () => {
  const store = new MemorySecretStore();
  await using port = await AgentPort.open({ store });
  const session = await port.openSession();
  const source = await sourceOf({ "db.password": "hunter2", "etc/key": "1" });
  await deliverAsKeeper(session, source, { revision: 7 });
  const answer = await ask(makeReport(store));
  assertEquals(answer["Holds"], {
    Files: 2,
    Folders: 0,
    Bytes: 8,
    Revision: 7,
    IsComplete: true,
  });
  assertEquals(/password|hunter2|key/.test(JSON.stringify(answer)), false);
});

Deno.test("AgentReport tells how the last delivery went", async () => {
  const report = makeReport();
  report.noteReport(ENDED);
  const { LastDelivery, Sessions } = await ask(report);
  const { Results, ...last } = LastDelivery as Record<string, unknown>;
  assertEquals(last, { Ended: "2030-01-01T00:01:01.000Z", DurationMs: 12, IsComplete: true });
  assertEquals((Results as Record<string, unknown>)["created"], 1);
  assertEquals(Sessions, { Total: 1, BrokenOff: 0 });
});

Deno.test("AgentReport takes neither plans nor calls for deliveries", async () => {
  const report = makeReport();
  report.noteReport({ ...ENDED, isPlan: true });
  report.noteReport({ ...ENDED, isCallsOnly: true });
  assertEquals((await ask(report))["LastDelivery"], null);
});

Deno.test("AgentReport counts a session that broke off before it changed anything, and no more", async () => {
  const report = makeReport();
  const error = new PeerRejectedError("component-mismatch", "refused", { by: "peer" });
  report.noteReport(ENDED);
  report.noteReport({ ...ENDED, isComplete: false, files: [], error });
  const { LastDelivery, Sessions } = await ask(report);
  assertEquals((LastDelivery as Record<string, unknown>)["IsComplete"], true);
  assertEquals(Sessions, { Total: 2, BrokenOff: 1 });
  report.noteReport({ ...ENDED, isComplete: false, error });
  const last = (await ask(report))["LastDelivery"] as Record<string, unknown>;
  assertEquals([last["IsComplete"], last["Code"]], [false, "component-mismatch"]);
});
