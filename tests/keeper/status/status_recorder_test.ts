import { EMPTY_STATUS, type FleetStatus } from "../../../keeper/status/agent_status.ts";
import { StatusRecorder } from "../../../keeper/status/status_recorder.ts";
import { StorageError } from "../../../protocol/mod.ts";
import { assertEquals } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { statusOf } from "./status_fixtures.ts";
import { agentOf, delivered, passOf, UNCHANGED } from "../report/report_fixtures.ts";

class MemoryStatus {
  status: FleetStatus = EMPTY_STATUS;
  failure: Error | null = null;

  update(change: (status: FleetStatus) => FleetStatus): Promise<void> {
    if (this.failure !== null) return Promise.reject(this.failure);
    this.status = change(this.status);
    return Promise.resolve();
  }
}

const AGENT = agentOf(delivered(UNCHANGED));

function setUp(intervalMs: number | null = null) {
  const store = new MemoryStatus();
  const logger = new MemoryLogger();
  let nowMs = 1_000_000;
  const recorder = new StatusRecorder(store, {
    app: "demo",
    intervalMs,
    logger,
    now: () => nowMs++,
  });
  return { store, logger, recorder };
}

Deno.test("StatusRecorder notes a contact, and by when there should be another", async () => {
  for (const [intervalMs, dueMs] of [[null, null], [60_000, 1_180_000]] as const) {
    const { store, recorder } = setUp(intervalMs);
    recorder.noteContact(AGENT);
    await recorder.flush();
    const [agent] = store.status.agents;
    assertEquals([agent?.address, agent?.contact.atMs, agent?.dueMs], [
      AGENT.address,
      1_000_000,
      dueMs,
    ]);
  }
});

Deno.test("StatusRecorder notes who left the list, where a pass went over all of a list that is new", async () => {
  const pass = passOf([agentOf(delivered(UNCHANGED), { address: "203.0.113.2:8888" })], {
    startedMs: 2_000_000,
  });
  const problems = [{ code: "api-unreachable", message: "no answer" }];
  const passes = [
    [{ ...pass, isWhole: false }, true],
    [{ ...pass, problems }, true],
    [{ ...pass, elsewhere: [AGENT.address] }, true],
    [pass, false],
  ] as const;
  for (const [each, isListed] of passes) {
    const { store, recorder } = setUp();
    recorder.noteContact(AGENT);
    recorder.notePass(each);
    await recorder.flush();
    assertEquals(store.status.agents[0]?.isListed, isListed);
  }
});

Deno.test("StatusRecorder says once that it cannot write, and once that it can again", async () => {
  const { store, logger, recorder } = setUp();
  store.failure = new StorageError("disk-full", "there is no room", { hint: "Make room." });
  for (let i = 0; i < 2; i++) recorder.noteContact(AGENT);
  await recorder.flush();
  store.failure = null;
  for (let i = 0; i < 2; i++) recorder.noteContact(AGENT);
  await recorder.flush();
  assertEquals(logger.events.map(({ level, properties }) => [level, properties?.error]), [
    ["error", "there is no room"],
    ["info", undefined],
  ]);
});

Deno.test("StatusRecorder says at the end of a keeper that ran that nobody is due", async () => {
  for (const [intervalMs, dueMs] of [[null, 7], [60_000, null]] as const) {
    const { store, recorder } = setUp(intervalMs);
    store.status = { agents: [statusOf({ dueMs: 7 })] };
    await recorder[Symbol.asyncDispose]();
    assertEquals(store.status.agents[0]?.dueMs, dueMs);
  }
});

Deno.test("StatusRecorder notes nothing of a node that was not dialled, since it cannot be asked", async () => {
  for (const code of ["plan-unknown", "wipe-unknown"]) {
    const { store, recorder } = setUp();
    recorder.noteContact(agentOf({ kind: "failed", code }, { wire: "original" }));
    await recorder.flush();
    assertEquals(store.status, EMPTY_STATUS);
  }
});
