import fc from "fast-check";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Action } from "../../../protocol/calls/action.ts";
import { assertEquals } from "../../support/assert.ts";
import { ECHO, endOf, HeldAction, openDesk, openPlayedCallee } from "../../support/call_desks.ts";
import { openSessionPair } from "../../support/session_pair.ts";

type Members = Readonly<Record<string, unknown>>;

const CALL = { State: "CALL", Id: 0, Action: "echo", Input: 1 };

Deno.test("IncomingCalls answers as the spec says", async () => {
  await using callee = await openPlayedCallee({ actions: [ECHO] });
  await callee.peer.send({ ...CALL, Id: 7 });
  assertEquals(await callee.take(), { State: "RESULT", Id: 7, Status: "Success", Output: 1 });
  await callee.peer.send({ State: "CALL", Id: 8, Action: "sing" });
  assertEquals(await callee.take(), { State: "RESULT", Id: 8, Status: "UnknownCommand" });
});

Deno.test("IncomingCalls takes a call that came before the desk was there", async () => {
  await using pair = await openSessionPair();
  await pair.agent.send({ State: "STRANGE" });
  await pair.agent.send(CALL);
  await pair.agent.send({ State: "STRANGER" });
  // Once its stream is there, all that was sent before it is.
  const stream = pair.agent.openStream(null);
  await pair.agent.send({ State: "MARK", Stream: stream.id, StreamOpen: true });
  while (!pair.keeper.hasOpenStreams) await nextTurn();
  openDesk(pair.keeper, { actions: [ECHO] });
  const answer = await pair.agent.receive();
  assertEquals(answer?.fields.raw("Output"), 1);
  for (const state of ["STRANGE", "STRANGER", "MARK"]) {
    assertEquals((await pair.keeper.receive())?.fields.raw("State"), state);
  }
});

const BROKEN: Readonly<Record<string, readonly [string, ...Members[]]>> = {
  "a number that was used": ["message-unexpected", CALL, CALL],
  "a number below the last": ["message-unexpected", { ...CALL, Id: 5 }, { ...CALL, Id: 4 }],
  "the end of a call that was not made": ["message-unexpected", { State: "CANCEL", Id: 0 }],
  "a call behind DONE": ["message-unexpected", { State: "DONE" }, CALL],
  "a call behind END-REPLY": ["message-unexpected", { State: "END-REPLY" }, CALL],
  "a one-way call behind DONE": ["message-unexpected", { State: "DONE" }, {
    ...CALL,
    OneWay: true,
  }],
  "DONE before its call is answered": [
    "message-unexpected",
    { ...CALL, Action: "hold" },
    { State: "DONE" },
  ],
  "a malformed call": ["message-malformed", { ...CALL, Action: "Echo" }],
  "a stream with a size and without": [
    "message-malformed",
    { ...CALL, Stream: 0, StreamSize: 1, StreamOpen: true },
  ],
  "65 open calls": [
    "too-many-messages",
    ...Array.from({ length: 65 }, (_, Id) => ({ ...CALL, Id, Action: "hold" })),
  ],
};

for (const [what, [code, ...messages]] of Object.entries(BROKEN)) {
  Deno.test(`IncomingCalls ends the session at ${what}`, async () => {
    const held = new HeldAction();
    await using callee = await openPlayedCallee({ actions: [ECHO, held] });
    for (const message of messages) await callee.peer.send(message);
    assertEquals(await endOf(callee), `ProtocolError ${code}`);
    assertEquals(held.running, 0);
  });
}

Deno.test("IncomingCalls answers a CANCEL at once, whatever the action does", async () => {
  const deaf = new HeldAction({ isDeaf: true });
  await using callee = await openPlayedCallee({ actions: [deaf] });
  const { peer } = callee;
  await peer.send({ ...CALL, Action: "hold" });
  await peer.send({ State: "CANCEL", Id: 0 });
  const answer = { State: "RESULT", Id: 0, Status: "Failed", Code: "cancelled" };
  assertEquals(await callee.take(), answer);
  assertEquals([deaf.running, deaf.reasons.length], [1, 1]);
  deaf.release("too late");
  // Its end says nothing more, and nor does a second CANCEL.
  await peer.send({ State: "CANCEL", Id: 0 });
  await peer.send({ State: "CALL", Id: 1, Action: "sing" });
  assertEquals(await callee.take(), { State: "RESULT", Id: 1, Status: "UnknownCommand" });
});

Deno.test("IncomingCalls ignores a CANCEL of what is one-way", async () => {
  const held = new HeldAction();
  await using callee = await openPlayedCallee({ actions: [held, ECHO] });
  await callee.peer.send({ ...CALL, Action: "hold", OneWay: true });
  await callee.peer.send({ State: "CANCEL", Id: 0 });
  await callee.peer.send({ ...CALL, Id: 1 });
  await callee.take();
  assertEquals([held.running, held.reasons], [1, []]);
  held.release();
});

Deno.test("IncomingCalls is busy while 64 actions run, those counted that nobody waits for", async () => {
  const deaf = new HeldAction({ isDeaf: true });
  const told = new HeldAction({ name: "told" });
  await using callee = await openPlayedCallee({ actions: [deaf, told, ECHO] });
  const { peer } = callee;
  for (let Id = 0; Id < 63; Id++) {
    await peer.send({ ...CALL, Id, Action: "hold" });
    await peer.send({ State: "CANCEL", Id });
    await callee.take();
  }
  await peer.send({ ...CALL, Id: 63, Action: "told", OneWay: true });
  await peer.send({ ...CALL, Id: 64 });
  const busy = { State: "RESULT", Id: 64, Status: "Failed", Code: "busy" };
  assertEquals(await callee.take(), busy);
  await peer.send({ ...CALL, Id: 65, Action: "told", OneWay: true });
  await peer.send({ ...CALL, Id: 66 });
  assertEquals(await callee.take(), { ...busy, Id: 66 });
  deaf.release();
  await deaf.until(({ running }) => running === 0);
  await peer.send({ ...CALL, Id: 67 });
  assertEquals(await callee.take(), { State: "RESULT", Id: 67, Status: "Success", Output: 1 });
  assertEquals(told.running, 1);
  told.release();
});

Deno.test("IncomingCalls gives up the bytes of a call that it drops or does not know", async () => {
  await using callee = await openPlayedCallee();
  const { peer } = callee;
  for (const [Id, OneWay] of [true, false].entries()) {
    const stream = peer.openStream(null);
    await peer.send({ ...CALL, Id, OneWay, Stream: stream.id, StreamOpen: true });
    while (!stream.isOver) await stream.write(new Uint8Array(1)).catch(() => {});
  }
  assertEquals((await callee.take()).Id, 1);
});

Deno.test("IncomingCalls gives up what a RESULT or a CANCEL brings", async () => {
  await using callee = await openPlayedCallee({ actions: [ECHO] });
  const { peer, desk } = callee;
  const call = desk.call("ask");
  await callee.take();
  const streams = [peer.openStream(null), peer.openStream(9)];
  const [open, sized] = streams;
  await peer.send(CALL);
  await callee.take();
  await peer.send({ State: "CANCEL", Id: 0, Stream: open?.id, StreamOpen: true });
  const result = { State: "RESULT", Id: 0, Status: "Success" };
  await peer.send({ ...result, Stream: sized?.id, StreamSize: 9 });
  await call;
  for (const stream of streams) {
    while (!stream.isOver) await stream.write(new Uint8Array(1)).catch(() => {});
  }
  assertEquals(desk.signal.aborted, false);
});

Deno.test("IncomingCalls goes on where an action throws before it waits for anything", async () => {
  const broken: Action = {
    name: "broken",
    run() {
      throw new TypeError("a mistake");
    },
  };
  await using callee = await openPlayedCallee({ actions: [broken] });
  await callee.peer.send({ ...CALL, Action: "broken" });
  const failed = { State: "RESULT", Id: 0, Status: "Failed", Code: "failed" };
  assertEquals(await callee.take(), failed);
});

Deno.test("IncomingCalls takes any messages for what they are: the session goes on, or is broken", async () => {
  const id = fc.integer({ min: 0, max: 4 });
  const name = fc.constantFrom("echo", "hold", "sing");
  const message = fc.oneof(
    fc.record({ State: fc.constant("CALL"), Id: id, Action: name, OneWay: fc.boolean() }),
    fc.record({ State: fc.constant("CANCEL"), Id: id }),
    fc.record({ State: fc.constant("PROGRESS"), Id: id, Output: fc.jsonValue() }),
    fc.record({ State: fc.constant("RESULT"), Id: id, Status: fc.constant("Success") }),
    fc.record({ State: fc.constant("RESULT"), Id: id, Status: fc.constant("UnknownCommand") }),
    fc.record({ State: fc.constantFrom("DONE", "END-REPLY", "DANCE") }),
  );
  const messages = fc.array(fc.tuple(message, fc.boolean()), { maxLength: 8 });
  const ends = new Set<string>();
  await fc.assert(
    fc.asyncProperty(messages, fc.boolean(), async (sent, isCalling) => {
      const held = new HeldAction();
      await using callee = await openPlayedCallee({ actions: [ECHO, held] });
      const { desk, peer } = callee;
      const call = isCalling ? desk.call("ask").catch(() => {}) : Promise.resolve();
      for (const [members, hasStream] of sent) {
        const stream = hasStream ? { Stream: peer.openStream(null).id, StreamOpen: true } : {};
        await peer.send({ ...members, ...stream }).catch(() => {});
      }
      const end = await endOf(callee);
      ends.add(end);
      await callee[Symbol.asyncDispose]();
      await call;
      held.release();
    }),
    { numRuns: 150 },
  );
  const known = ["goes on", "ProtocolError message-unexpected", "ProtocolError message-malformed"];
  assertEquals([...ends].filter((end) => !known.includes(end)), []);
});
