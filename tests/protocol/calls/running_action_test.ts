import type { Action, CallContext } from "../../../protocol/calls/action.ts";
import { CallError } from "../../../protocol/calls/call_error.ts";
import { createDeferred } from "../../../protocol/deferred.ts";
import type { SendStream } from "../../../protocol/streams.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { openPlayedCallee, type PlayedCallee, readAll } from "../../support/call_desks.ts";

/** Makes an action of what is to be done in it. */
function actionOf(run: (context: CallContext) => Promise<unknown>): Action {
  return { name: "act", run };
}

/** Calls an action, and plays on as its caller. */
async function call(
  run: (context: CallContext) => Promise<unknown>,
  members: Readonly<Record<string, unknown>> = {},
): Promise<PlayedCallee> {
  const callee = await openPlayedCallee({ actions: [actionOf(run)] });
  if ("Stream" in members) callee.peer.openStream(null);
  await callee.peer.send({ State: "CALL", Id: 0, Action: "act", ...members });
  return callee;
}

const SUCCESS = { State: "RESULT", Id: 0, Status: "Success" };
const FAILED = { State: "RESULT", Id: 0, Status: "Failed" };

Deno.test("RunningAction tells of progress as the spec says", async () => {
  await using callee = await call(async ({ progress }) => await progress({ half: true }));
  assertEquals(await callee.take(), { State: "PROGRESS", Id: 0, Output: { half: true } });
  assertEquals(await callee.take(), SUCCESS);
});

Deno.test("RunningAction sends progress before its answer where nobody waits for that", async () => {
  await using callee = await call(({ progress }) => {
    for (let i = 0; i < 20; i++) void progress(i);
    return Promise.resolve();
  });
  for (let i = 0; i < 20; i++) assertEquals((await callee.take()).Output, i);
  assertEquals(await callee.take(), SUCCESS);
});

Deno.test("RunningAction refuses progress that cannot be sent, and goes on", async () => {
  await using callee = await call(async ({ progress }) => {
    await assertRejects(() => progress(() => 1), TypeError);
    await assertRejects(() => progress("x".repeat(65_536)), RangeError);
  });
  assertEquals(await callee.take(), SUCCESS);
});

Deno.test("RunningAction opens a stream of a size, or without one, and ends it with the action", async () => {
  for (const size of [3, undefined]) {
    await using callee = await call(async ({ openOutput }) => {
      const output = await openOutput(size);
      await output.write(new Uint8Array([1, 2, 3]));
    });
    const { fields, stream } = await callee.takeWhole();
    const length = size === undefined ? { StreamOpen: true } : { StreamSize: 3 };
    const members = { State: "PROGRESS", Id: 0, Stream: 1, ...length };
    assertEquals(Object.fromEntries(fields.entries()), members);
    assert(stream !== null);
    assertEquals(await readAll(stream), new Uint8Array([1, 2, 3]));
    assertEquals(await callee.take(), SUCCESS);
  }
});

Deno.test("RunningAction fails an action that leaves its stream short", async () => {
  await using callee = await call(async ({ openOutput }) => {
    const output = await openOutput(3);
    await output.write(new Uint8Array(2));
  });
  const { stream } = await callee.takeWhole();
  assertEquals(await callee.take(), { ...FAILED, Code: "failed" });
  assertEquals(stream?.isOver, true);
});

Deno.test("RunningAction gives up the stream of an action that fails, behind what opens it", async () => {
  await using callee = await call(({ openOutput }) => {
    void openOutput().catch(() => {});
    return Promise.reject(new CallError("vault-sealed", "nothing goes"));
  });
  const { stream } = await callee.takeWhole();
  assertEquals(await callee.take(), { ...FAILED, Code: "vault-sealed" });
  assertEquals(stream?.isOver, true);
});

Deno.test("RunningAction opens one stream, of a possible size, of a call that is answered", async () => {
  await using callee = await call(async ({ openOutput }) => {
    for (const size of [-1, 0.5, 2 ** 40 + 1]) {
      await assertRejects(() => openOutput(size), RangeError);
    }
    await openOutput(0);
    await assertRejects(() => openOutput(), TypeError);
  });
  await callee.take();
  assertEquals(await callee.take(), SUCCESS);
  const seen: unknown[] = [];
  await using oneWay = await call(async ({ openOutput, progress, isOneWay }) => {
    await progress("nobody hears this");
    seen.push(isOneWay, await assertRejects(() => openOutput(), TypeError));
  }, { OneWay: true });
  await oneWay.peer.send({ State: "CALL", Id: 1, Action: "sing" });
  assertEquals((await oneWay.take()).Id, 1);
  assertEquals(seen[0], true);
});

Deno.test("RunningAction says nothing once its call was answered", async () => {
  const contexts: CallContext[] = [];
  await using callee = await call((context) => Promise.resolve(void contexts.push(context)));
  await callee.take();
  const [context] = contexts;
  assert(context !== undefined);
  await assertRejects(() => context.progress(1), CallError, "call-ended");
  await assertRejects(() => context.openOutput(), CallError, "call-ended");
});

Deno.test("RunningAction says nothing once its call was cancelled", async () => {
  const ended: Promise<unknown>[] = [];
  await using callee = await call(({ signal, progress, openOutput }) => {
    const noted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    ended.push(noted.then(async () => {
      await assertRejects(() => progress(1), CallError, "cancelled");
      await assertRejects(() => openOutput(), CallError, "cancelled");
    }));
    return noted;
  });
  await callee.peer.send({ State: "CANCEL", Id: 0 });
  assertEquals(await callee.take(), { ...FAILED, Code: "cancelled" });
  assertEquals(ended.length, 1);
  await Promise.all(ended);
});

Deno.test("RunningAction does not begin where its call was cancelled while its input was read", async () => {
  const reading = createDeferred<void>();
  let runs = 0;
  const slow: Action = {
    name: "slow",
    parseInput: () => reading.promise,
    run: () => Promise.resolve(runs++),
  };
  await using callee = await openPlayedCallee({ actions: [slow] });
  await callee.peer.send({ State: "CALL", Id: 0, Action: "slow" });
  await callee.peer.send({ State: "CANCEL", Id: 0 });
  assertEquals(await callee.take(), { ...FAILED, Code: "cancelled" });
  reading.resolve();
  await callee.peer.send({ State: "CALL", Id: 1, Action: "slow" });
  assertEquals(await callee.take(), { ...SUCCESS, Id: 1, Output: 0 });
});

Deno.test("RunningAction gives up both streams of a call that is cancelled", async () => {
  const outputs: SendStream[] = [];
  await using callee = await call(async ({ openOutput, signal }) => {
    outputs.push(await openOutput());
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  }, { Stream: 0, StreamOpen: true });
  const { stream } = await callee.takeWhole();
  await callee.peer.send({ State: "CANCEL", Id: 0 });
  assertEquals(await callee.take(), { ...FAILED, Code: "cancelled" });
  assertEquals([stream?.isOver, outputs[0]?.isOver], [true, true]);
});

Deno.test("RunningAction leaves no stream behind where its session ends", async () => {
  const callee = await call(async ({ stream, signal }) => {
    assert(stream !== null);
    await assertRejects(() => readAll(stream), Error);
    assertEquals(signal.aborted, true);
  }, { Stream: 0, StreamOpen: true });
  await callee[Symbol.asyncDispose]();
  assertEquals(callee.session.hasOpenStreams, false);
});
