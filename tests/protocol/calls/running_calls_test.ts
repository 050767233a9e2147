import type { SessionCalls } from "../../../protocol/calls/session_calls.ts";
import { CallError } from "../../../protocol/calls/call_error.ts";
import { RunningCalls } from "../../../protocol/calls/running_calls.ts";
import { createDeferred } from "../../../protocol/deferred.ts";
import { deliverAsKeeper } from "../../../protocol/deliver_as_keeper.ts";
import { ConnectionError, StorageError } from "../../../protocol/errors.ts";
import type { DeliveryReport } from "../../../protocol/exchange.ts";
import { MemorySecretSource } from "../../../protocol/memory_secret_source.ts";
import { MemorySecretStore } from "../../../protocol/memory_secret_store.ts";
import type { FileResult } from "../../../protocol/results.ts";
import { receiveAsAgent, type ReceiveOptions } from "../../../protocol/receive_as_agent.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { ECHO, HeldAction } from "../../support/call_desks.ts";
import { openSessionPair, type SessionPair } from "../../support/session_pair.ts";

const CREATED: FileResult[] = [{ path: "a", outcome: "created" }];

interface Ends {
  readonly agent?: SessionCalls;
  readonly keeper?: SessionCalls;
  readonly receive?: ReceiveOptions;
}

/** Delivers one file, while both ends call. */
function deliver(pair: SessionPair, { agent, keeper, receive }: Ends): {
  readonly agent: Promise<DeliveryReport>;
  readonly keeper: Promise<DeliveryReport>;
} {
  return {
    agent: receiveAsAgent(pair.agent, new MemorySecretStore(), {
      ...receive,
      ...(agent === undefined ? {} : { calls: agent }),
    }),
    keeper: MemorySecretSource.from({ a: new Uint8Array([1]) }).then((source) =>
      deliverAsKeeper(pair.keeper, source, {
        revision: 1,
        ...(keeper === undefined ? {} : { calls: keeper }),
      })
    ),
  };
}

/** Runs a delivery to its end, on both sides. */
async function deliverWell(pair: SessionPair, ends: Ends): Promise<void> {
  const { agent, keeper } = deliver(pair, ends);
  const reports = await Promise.all([agent, keeper]);
  assertEquals(reports.map(({ files }) => files), [CREATED, CREATED]);
}

Deno.test("RunningCalls runs beside a delivery, both ways", async () => {
  await using pair = await openSessionPair();
  const told: unknown[] = [];
  const call = (who: string): SessionCalls => ({
    actions: [ECHO],
    work: async (desk) => void told.push(await desk.call("echo", { input: who })),
  });
  await deliverWell(pair, { agent: call("agent"), keeper: call("keeper") });
  assertEquals(told.sort(), ["agent", "keeper"]);
});

Deno.test("RunningCalls lets a keeper call before its manifest is taken", async () => {
  await using pair = await openSessionPair();
  const isCalled = createDeferred<void>();
  await deliverWell(pair, {
    agent: { actions: [ECHO] },
    keeper: { work: async (desk) => void isCalled.resolve(await desk.call("echo") as undefined) },
    // The agent waits for its turn, and is called meanwhile.
    receive: { checkManifest: () => isCalled.promise.then(() => null) },
  });
});

Deno.test("RunningCalls holds DONE-REPLY back until a keeper's calls have ended", async () => {
  const held = new HeldAction();
  await using pair = await openSessionPair();
  const isDone = createDeferred<void>();
  let isOver = false;
  const delivery = deliverWell(pair, {
    agent: { actions: [held] },
    // A call that the work does not wait for holds the end back as well.
    keeper: { work: (desk) => Promise.resolve(void desk.call("hold")) },
    receive: { onDone: () => isDone.resolve() },
  }).then(() => isOver = true);
  await isDone.promise;
  await held.until(({ running }) => running === 1);
  assertEquals(isOver, false);
  held.release();
  await delivery;
});

Deno.test("RunningCalls lets a keeper call after DONE", async () => {
  await using pair = await openSessionPair();
  const isDone = createDeferred<void>();
  const told: unknown[] = [];
  await deliverWell(pair, {
    agent: { actions: [ECHO] },
    keeper: {
      work: async (desk) => {
        await isDone.promise;
        told.push(await desk.call("echo", { input: "late" }));
      },
    },
    receive: { onDone: () => isDone.resolve() },
  });
  assertEquals(told, ["late"]);
});

Deno.test("RunningCalls holds DONE back until an agent's calls have ended", async () => {
  const held = new HeldAction();
  await using pair = await openSessionPair();
  const seen: string[] = [];
  const delivery = deliverWell(pair, {
    agent: {
      work: async (desk) => {
        await desk.call("hold");
        seen.push("called");
      },
    },
    keeper: { actions: [held] },
    receive: { onDone: () => seen.push("done") },
  });
  await held.until(({ running }) => running === 1);
  held.release();
  await delivery;
  assertEquals(seen, ["called", "done"]);
});

Deno.test("RunningCalls refuses calls once its side has said that it makes no more", async () => {
  await using pair = await openSessionPair();
  const codes: string[] = [];
  await deliverWell(pair, {
    agent: {
      actions: [{
        name: "back",
        run: async ({ desk }) => {
          const error = await assertRejects(() => desk.call("echo"), CallError);
          codes.push(error.code);
        },
      }],
    },
    keeper: {
      actions: [ECHO],
      work: async (desk) => {
        await isDone.promise;
        await desk.call("back");
      },
    },
    receive: { onDone: () => isDone.resolve() },
  });
  assertEquals(codes, ["session-ended"]);
});

const isDone = createDeferred<void>();

Deno.test("RunningCalls ends the session where the work fails, and throws why", async () => {
  for (const side of ["agent", "keeper"] as const) {
    await using pair = await openSessionPair();
    const failing: SessionCalls = {
      work: () => Promise.reject(new StorageError("disk-full", "no room")),
    };
    const ends = deliver(pair, { [side]: failing });
    const other = side === "agent" ? "keeper" : "agent";
    const [error] = await Promise.all([
      assertRejects(() => ends[side], StorageError, "disk-full"),
      assertRejects(() => ends[other], Error),
    ]);
    assertEquals(error.message, "no room");
  }
});

Deno.test("RunningCalls has a delivery wait for work that notices the end of the session", async () => {
  await using pair = await openSessionPair();
  const ended: string[] = [];
  const begun = [createDeferred<void>(), createDeferred<void>()];
  let count = 0;
  const waiting = (who: string): SessionCalls => ({
    work: async ({ signal }) => {
      begun[count++]?.resolve();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      await Promise.resolve();
      ended.push(who);
    },
  });
  const { agent, keeper } = deliver(pair, { agent: waiting("agent"), keeper: waiting("keeper") });
  const failing = Promise.all([
    assertRejects(() => agent, Error),
    assertRejects(() => keeper, Error),
  ]);
  await Promise.all(begun.map(({ promise }) => promise));
  await pair.keeper.fail(new ConnectionError("connection-lost", "the cable was cut"));
  await failing;
  assertEquals(ended.sort(), ["agent", "keeper"]);
});

Deno.test("RunningCalls does not begin with its work where the session is over", async () => {
  await using pair = await openSessionPair();
  await pair.keeper.fail(new ConnectionError("connection-lost", "the cable was cut"));
  let isBegun = false;
  const work = () => Promise.resolve(void (isBegun = true));
  const { agent, keeper } = deliver(pair, { keeper: { work } });
  await Promise.all([
    assertRejects(() => agent, ConnectionError),
    assertRejects(() => keeper, ConnectionError),
  ]);
  assertEquals(isBegun, false);
});

Deno.test("RunningCalls does not wait for ever for work that does not notice the end", async () => {
  await using pair = await openSessionPair();
  const end = createDeferred<void>();
  const calls = new RunningCalls(pair.keeper, { work: () => end.promise });
  await pair.keeper.fail(new ConnectionError("connection-lost", "the cable was cut"));
  await assertRejects(() => calls.finish(), ConnectionError);
  await calls.settle(5);
  end.resolve();
  await calls.settle();
});

Deno.test("RunningCalls does not wait for an action that never ends", async () => {
  const deaf = new HeldAction({ isDeaf: true });
  await using pair = await openSessionPair();
  const { agent, keeper } = deliver(pair, {
    agent: { actions: [deaf] },
    keeper: { work: async (desk) => void await desk.call("hold") },
  });
  const failing = Promise.all([
    assertRejects(() => agent, Error),
    assertRejects(() => keeper, Error),
  ]);
  await deaf.until(({ running }) => running === 1);
  await pair.keeper.fail(new ConnectionError("connection-lost", "the cable was cut"));
  await failing;
  assertEquals(deaf.running, 1);
  deaf.release();
});

Deno.test("RunningCalls costs nothing where there are no calls: a CALL is an unknown action", async () => {
  await using pair = await openSessionPair();
  const codes: string[] = [];
  await deliverWell(pair, {
    keeper: {
      work: async (desk) => {
        codes.push((await assertRejects(() => desk.call("echo"), CallError)).code);
        await desk.callOneWay("echo");
        const control = new AbortController();
        const call = desk.call("echo", { signal: control.signal });
        control.abort();
        await assertRejects(() => call, DOMException);
      },
    },
  });
  assert(codes[0] === "unknown-action");
});
