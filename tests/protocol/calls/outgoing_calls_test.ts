import { CallError } from "../../../protocol/calls/call_error.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { endOf, openPlayedCallee, type PlayedCallee } from "../../support/call_desks.ts";

type Members = Readonly<Record<string, unknown>>;

/** Has the desk make one call, which the peer answers with these messages; returns how that ends. */
async function answerWith(callee: PlayedCallee, ...answers: readonly Members[]): Promise<unknown> {
  const call = callee.desk.call("ask").catch((error) => error);
  await callee.take();
  for (const answer of answers) await callee.peer.send(answer);
  return await call;
}

const SUCCESS = { State: "RESULT", Id: 0, Status: "Success", Output: "yes" };

Deno.test("OutgoingCalls sends what the spec says, with numbers that ascend", async () => {
  await using callee = await openPlayedCallee();
  const { desk } = callee;
  assertEquals(await answerWith(callee, SUCCESS), "yes");
  void desk.call("ask", { input: [null], timeoutMs: Infinity }).catch(() => {});
  assertEquals(await callee.take(), { State: "CALL", Id: 1, Action: "ask", Input: [null] });
  await desk.callOneWay("tell");
  assertEquals(await callee.take(), { State: "CALL", Id: 2, Action: "tell", OneWay: true });
  void desk.openDuplex("relay", { timeoutMs: Infinity }).catch(() => {});
  assertEquals(await callee.take(), {
    State: "CALL",
    Id: 3,
    Action: "relay",
    Stream: 1,
    StreamOpen: true,
  });
});

Deno.test("OutgoingCalls tells the status of an answer", async () => {
  const statuses: readonly (readonly [Members, string])[] = [
    [{ Status: "Failed", Code: "vault-sealed" }, "vault-sealed"],
    [{ Status: "Failed" }, "failed"],
    [{ Status: "UnknownCommand" }, "unknown-action"],
  ];
  for (const [members, code] of statuses) {
    await using callee = await openPlayedCallee();
    const error = await answerWith(callee, { State: "RESULT", Id: 0, ...members });
    await assertRejects(() => Promise.reject(error), CallError, code);
  }
});

Deno.test("OutgoingCalls gives each answer to its call, in any order", async () => {
  await using callee = await openPlayedCallee();
  const calls = ["a", "b", "c"].map((action) => callee.desk.call(action));
  for (const id of [2, 0, 1]) await callee.peer.send({ ...SUCCESS, Id: id, Output: id });
  assertEquals(await Promise.all(calls), [0, 1, 2]);
});

const BROKEN: Readonly<Record<string, readonly Members[]>> = {
  "two results": [SUCCESS, SUCCESS],
  "a failure behind a result": [SUCCESS, { State: "RESULT", Id: 0, Status: "Failed" }],
  "progress behind the result": [SUCCESS, { State: "PROGRESS", Id: 0, Output: 1 }],
  "a result of no call": [{ ...SUCCESS, Id: 1 }],
  "progress of no call": [{ State: "PROGRESS", Id: 1 }],
  "no such action for no call": [{ State: "RESULT", Id: 1, Status: "UnknownCommand" }],
  "a result without a number": [{ State: "RESULT", Id: null, Status: "UnknownCommand" }],
  "two streams": [
    { State: "PROGRESS", Id: 0, Stream: 0, StreamOpen: true },
    { State: "PROGRESS", Id: 0, Stream: 2, StreamOpen: true },
  ],
  "a result before the end of the stream": [
    { State: "PROGRESS", Id: 0, Stream: 0, StreamOpen: true },
    SUCCESS,
  ],
};

for (const [what, answers] of Object.entries(BROKEN)) {
  Deno.test(`OutgoingCalls ends the session at ${what}`, async () => {
    await using callee = await openPlayedCallee();
    const taking = { takeOutput: async () => await new Promise<void>(() => {}) };
    void callee.desk.call("ask", taking).catch(() => {});
    await callee.take();
    for (const answer of answers) await callee.peer.send(answer);
    assertEquals(await endOf(callee), "ProtocolError message-unexpected");
  });
}

Deno.test("OutgoingCalls ends the session at an answer to a one-way call", async () => {
  await using callee = await openPlayedCallee();
  await callee.desk.callOneWay("tell");
  await callee.peer.send(SUCCESS);
  assertEquals(await endOf(callee), "ProtocolError message-unexpected");
});

Deno.test("OutgoingCalls ignores what a side without calls says of a one-way call and of a CANCEL", async () => {
  await using callee = await openPlayedCallee();
  const { desk, peer } = callee;
  const unknown = { State: "RESULT", Status: "UnknownCommand" };
  await desk.callOneWay("tell");
  await peer.send({ ...unknown, Id: 0 });
  const control = new AbortController();
  const call = desk.call("ask", { signal: control.signal }).catch(() => {});
  await callee.take();
  await callee.take();
  control.abort();
  await call;
  assertEquals(await callee.take(), { State: "CANCEL", Id: 1 });
  await peer.send({ ...unknown, Id: 1 });
  await peer.send({ ...unknown, Id: 1 });
  await desk.drain();
  assertEquals(desk.signal.aborted, false);
});

Deno.test("OutgoingCalls counts a call that was cancelled until it is answered", async () => {
  await using callee = await openPlayedCallee();
  const { desk, peer } = callee;
  const control = new AbortController();
  const call = desk.call("ask", { signal: control.signal }).catch(() => {});
  await callee.take();
  control.abort();
  await call;
  assertEquals(await callee.take(), { State: "CANCEL", Id: 0 });
  let isDrained = false;
  const draining = desk.drain().then(() => isDrained = true);
  // What comes of a call that nobody waits for is dropped.
  await peer.send({ State: "PROGRESS", Id: 0, Output: 1 });
  const stream = peer.openStream(null);
  await peer.send({ State: "PROGRESS", Id: 0, Stream: stream.id, StreamOpen: true });
  while (!stream.isOver) await stream.write(new Uint8Array(1)).catch(() => {});
  assertEquals(isDrained, false);
  await peer.send({ State: "RESULT", Id: 0, Status: "Failed", Code: "cancelled" });
  await draining;
});

Deno.test("OutgoingCalls makes no call once it was drained", async () => {
  await using callee = await openPlayedCallee();
  await callee.desk.drain();
  await assertRejects(() => callee.desk.call("ask"), CallError, "session-ended");
  await assertRejects(() => callee.desk.callOneWay("ask"), CallError, "session-ended");
  await assertRejects(() => callee.desk.openDuplex("ask"), CallError, "session-ended");
});

Deno.test("OutgoingCalls waits with its end for the bytes of a one-way call", async () => {
  await using callee = await openPlayedCallee();
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < 32; i++) yield await Promise.resolve(new Uint8Array(65_536));
  }
  const telling = callee.desk.callOneWay("tell", { bytes: bytes() });
  const draining = callee.desk.drain();
  const { stream } = await callee.takeWhole();
  let length = 0;
  for await (const piece of stream ?? []) length += piece.length;
  await Promise.all([telling, draining]);
  assertEquals(length, 32 * 65_536);
});
