import { DeliveryRecord } from "../../../agent/delivery/delivery_record.ts";
import { StallWatch } from "../../../agent/delivery/stall_watch.ts";
import type { SessionCalls } from "../../../protocol/calls/session_calls.ts";
import { ConnectionError } from "../../../protocol/errors.ts";
import { MemorySecretStore } from "../../../protocol/memory_secret_store.ts";
import { assert, assertEquals } from "../../support/assert.ts";

interface Watched {
  readonly control: AbortController;
  readonly record: DeliveryRecord;
  readonly watch: StallWatch;
  /** Moves the clock, and lets the watch look at it. */
  pass(ms: number): Promise<void>;
}

/** A watch over a clock that stands still; it looks every 5 ms of the real one. */
function watched(): Watched {
  let nowMs = 0;
  const record = new DeliveryRecord(new MemorySecretStore(), () => nowMs);
  const control = new AbortController();
  const times = { manifestTimeoutMs: 20, stallTimeoutMs: 40 };
  return {
    control,
    record,
    watch: new StallWatch(record, { control, ...times }),
    async pass(ms) {
      nowMs += ms;
      // A timer behind two of its looks.
      await new Promise((resolve) => setTimeout(resolve, 11));
    },
  };
}

function codeOf({ control }: Watched): string {
  const { reason } = control.signal;
  assert(reason instanceof ConnectionError);
  return `${reason.code}: ${reason.message}`;
}

Deno.test("StallWatch ends a session in which no manifest comes", async () => {
  const session = watched();
  await session.pass(19);
  assertEquals(session.control.signal.aborted, false);
  await session.pass(1);
  assertEquals(codeOf(session), "timed-out: no manifest came for 0.02 s");
  session.watch.end();
});

Deno.test("StallWatch ends a session in which no file gets any further", async () => {
  const session = watched();
  session.watch.pause();
  await session.pass(1_000);
  session.watch.expectFiles();
  await session.pass(39);
  session.record.touch();
  await session.pass(39);
  assertEquals(session.control.signal.aborted, false);
  await session.pass(1);
  assertEquals(codeOf(session), "timed-out: no piece of any file came for 0.04 s");
  session.watch.end();
});

Deno.test("StallWatch waits while calls are open, and begins anew when they have ended", async () => {
  const session = watched();
  const told: number[] = [];
  const { calls } = session.watch.watchCalls({ onOpen: (open) => told.push(open) });
  calls?.onOpen?.(2);
  await session.pass(1_000);
  calls?.onOpen?.(1);
  await session.pass(1_000);
  calls?.onOpen?.(0);
  await session.pass(19);
  assertEquals([session.control.signal.aborted, told], [false, [2, 1, 0]]);
  await session.pass(1);
  assertEquals(session.control.signal.aborted, true);
  session.watch.end();
});

Deno.test("StallWatch leaves calls as they are but for that", () => {
  const session = watched();
  const work: SessionCalls["work"] = () => Promise.resolve();
  assertEquals(session.watch.watchCalls(undefined), {});
  assertEquals(session.watch.watchCalls({ work }).calls?.work, work);
  session.watch.end();
});
