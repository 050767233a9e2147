import type { Action } from "../../../protocol/calls/action.ts";
import type { ActionContract } from "../../../protocol/calls/action_contract.ts";
import { CallError } from "../../../protocol/calls/call_error.ts";
import type { ActionFailure } from "../../../protocol/calls/session_calls.ts";
import { ConnectionError, StorageError } from "../../../protocol/errors.ts";
import { assertEquals, assertRejects, assertThrows } from "../../support/assert.ts";
import { SessionCallDesk } from "../../../protocol/calls/session_call_desk.ts";
import { ECHO, HeldAction, openCallDesks, readAll } from "../../support/call_desks.ts";
import { openSessionPair } from "../../support/session_pair.ts";

async function* piecesOf(...pieces: readonly number[][]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield await Promise.resolve(new Uint8Array(piece));
}

Deno.test("SessionCallDesk calls either way, and answers with what the action returns", async () => {
  await using desks = await openCallDesks({
    agentCalls: { actions: [ECHO] },
    keeperCalls: { actions: [ECHO] },
  });
  const { agent, keeper } = desks;
  assertEquals(await keeper.call("echo", { input: { a: [1, "two"] } }), { a: [1, "two"] });
  assertEquals(await agent.call("echo", { input: null }), null);
  assertEquals(await agent.call("echo"), undefined);
});

Deno.test("SessionCallDesk checks what goes in and what comes out by the contract", async () => {
  const double: Action<number, number> = {
    name: "double",
    parseInput(input) {
      if (typeof input !== "number") throw new TypeError("a number is to be doubled");
      return input;
    },
    run: (_context, input) => Promise.resolve(2 * input),
  };
  await using desks = await openCallDesks({ agentCalls: { actions: [double] } });
  const { keeper } = desks;
  const contract: ActionContract<number, string> = {
    name: "double",
    parseOutput: (output) => `${output}`,
  };
  assertEquals(await keeper.call(contract, { input: 21 }), "42");
  const call = () => keeper.call("double", { input: "x" });
  await assertRejects(call, CallError, "input-malformed");
  const picky: ActionContract = {
    name: "double",
    parseOutput() {
      throw new TypeError("nothing is good enough");
    },
  };
  await assertRejects(() => keeper.call(picky, { input: 1 }), CallError, "output-malformed");
});

Deno.test("SessionCallDesk tells the caller the code of a failure, and never its message", async () => {
  const failures: ActionFailure[] = [];
  const thrown: readonly unknown[] = [
    new CallError("vault-sealed", "the secret is hunter2"),
    new StorageError("disk-full", "the secret is hunter2"),
    new Error("the secret is hunter2"),
    "hunter2",
  ];
  const fail: Action<number> = {
    name: "fail",
    run: (_context, which) => Promise.reject(thrown[which]),
  };
  await using desks = await openCallDesks({
    agentCalls: { actions: [fail], onFailure: (failure) => failures.push(failure) },
  });
  const codes = ["vault-sealed", "disk-full", "failed", "failed"];
  for (const [input, code] of codes.entries()) {
    const error = await assertRejects(
      () => desks.keeper.call("fail", { input }),
      CallError,
      code,
    );
    assertEquals(error.message.includes("hunter2"), false);
  }
  assertEquals(
    failures.map(({ code, error }) => [code, error]),
    codes.map((code, i) => [
      code,
      thrown[i],
    ]),
  );
});

Deno.test("SessionCallDesk tells an action that answers what cannot be sent from one that fails", async () => {
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  const answers = [circle, "\ud800", "x".repeat(65_536)];
  const answer: Action<number> = {
    name: "answer",
    run: (_context, which) => Promise.resolve(answers[which]),
  };
  await using desks = await openCallDesks({ agentCalls: { actions: [answer] } });
  for (const input of answers.keys()) {
    const call = () => desks.keeper.call("answer", { input });
    await assertRejects(call, CallError, "output-malformed");
  }
});

Deno.test("SessionCallDesk says of an unknown action that it is unknown", async () => {
  await using desks = await openCallDesks({ agentCalls: { actions: [ECHO] } });
  await assertRejects(() => desks.keeper.call("sing"), CallError, "unknown-action");
  assertEquals(await desks.keeper.call("echo", { input: 1 }), 1);
});

Deno.test("SessionCallDesk refuses a call that could not be sent, and the session goes on", async () => {
  await using desks = await openCallDesks({ agentCalls: { actions: [ECHO] } });
  const { keeper } = desks;
  await assertRejects(() => keeper.call("Echo"), TypeError);
  await assertRejects(() => keeper.call("echo", { input: () => 1 }), TypeError);
  await assertRejects(() => keeper.call("echo", { input: "x".repeat(65_536) }), RangeError);
  await assertRejects(() => keeper.callOneWay("echo", { input: 1n }), TypeError);
  await assertRejects(() => keeper.openDuplex("echo", { input: 1n }), TypeError);
  assertEquals(await keeper.call("echo", { input: 1 }), 1);
});

Deno.test("SessionCallDesk refuses two actions of one name, and one of none", async () => {
  await using pair = await openSessionPair();
  const withActions = (...actions: readonly Action[]) =>
    new SessionCallDesk(pair.agent, { actions });
  assertThrows(() => withActions(ECHO, { ...ECHO }), TypeError);
  assertThrows(() => withActions({ ...ECHO, name: "Echo!" }), TypeError);
});

Deno.test("SessionCallDesk tells of progress, in order and before the answer", async () => {
  const count: Action<unknown, string> = {
    name: "count",
    async run({ progress }) {
      for (let i = 0; i < 5; i++) await progress({ i });
      return "done";
    },
  };
  await using desks = await openCallDesks({ agentCalls: { actions: [count] } });
  const told: unknown[] = [];
  const output = await desks.keeper.call("count", { onProgress: (each) => told.push(each) });
  assertEquals([output, told], ["done", [0, 1, 2, 3, 4].map((i) => ({ i }))]);
});

Deno.test("SessionCallDesk carries bytes into an action and out of it", async () => {
  await using desks = await openCallDesks({ agentCalls: { actions: [ECHO] } });
  for (const size of [undefined, 5]) {
    const came: number[] = [];
    const output = await desks.keeper.call("echo", {
      input: "x",
      bytes: piecesOf([1, 2], [], [3, 4, 5]),
      ...(size === undefined ? {} : { size }),
      takeOutput: async (stream) => void came.push(...await readAll(stream)),
    });
    assertEquals([output, came], ["x", [1, 2, 3, 4, 5]]);
  }
});

Deno.test("SessionCallDesk gives up the bytes of an action that nobody takes", async () => {
  const flood: Action<unknown, string> = {
    name: "flood",
    async run({ openOutput }) {
      const output = await openOutput();
      try {
        for (;;) await output.write(new Uint8Array(65_536));
      } catch (error) {
        return `${(error as { code?: string }).code}`;
      }
    },
  };
  await using desks = await openCallDesks({ agentCalls: { actions: [flood] } });
  assertEquals(await desks.keeper.call("flood"), "connection-lost");
});

Deno.test("SessionCallDesk gives up the bytes for an action that does not take them", async () => {
  const deaf: Action<unknown, string> = { name: "deaf", run: () => Promise.resolve("no") };
  await using desks = await openCallDesks({ agentCalls: { actions: [deaf] } });
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield await Promise.resolve(new Uint8Array(65_536));
  }
  assertEquals(await desks.keeper.call("deaf", { bytes: endless() }), "no");
  await desks.keeper.callOneWay("deaf", { bytes: endless() });
  await desks.keeper.callOneWay("unknown", { bytes: endless() });
});

Deno.test("SessionCallDesk cancels a call whose bytes fail, and throws why", async () => {
  const held = new HeldAction();
  await using desks = await openCallDesks({ agentCalls: { actions: [held] } });
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(new Uint8Array(1));
    throw new StorageError("io-failed", "the disk is gone");
  }
  const call = () => desks.keeper.call("hold", { bytes: broken() });
  await assertRejects(call, StorageError, "io-failed");
  await held.until(({ running }) => running === 0);
});

Deno.test("SessionCallDesk cancels a call whose output nobody can take, and throws why", async () => {
  await using desks = await openCallDesks({ agentCalls: { actions: [ECHO] } });
  const call = () =>
    desks.keeper.call("echo", {
      bytes: piecesOf([1]),
      takeOutput: () => Promise.reject(new StorageError("disk-full", "no room")),
    });
  await assertRejects(call, StorageError, "disk-full");
  const told = () =>
    desks.keeper.call("tell", {
      onProgress() {
        throw new StorageError("disk-full", "no room");
      },
    });
  await assertRejects(told, CallError, "unknown-action");
});

Deno.test("SessionCallDesk cancels a call with its caller's signal, which fires the action's", async () => {
  const held = new HeldAction();
  await using desks = await openCallDesks({ agentCalls: { actions: [held] } });
  const control = new AbortController();
  const call = assertRejects(
    () => desks.keeper.call("hold", { signal: control.signal }),
    DOMException,
    "AbortError",
  );
  await held.until(({ running }) => running === 1);
  control.abort();
  await call;
  await held.until(({ running }) => running === 0);
  assertEquals(held.reasons.map((reason) => (reason as CallError).code), ["cancelled"]);
  // The desk of the peer has answered for the action.
  await desks.keeper.drain();
});

Deno.test("SessionCallDesk makes no call with a signal that has fired", async () => {
  const held = new HeldAction();
  await using desks = await openCallDesks({ agentCalls: { actions: [held, ECHO] } });
  const signal = AbortSignal.abort();
  for (const action of ["hold", "echo"]) {
    await assertRejects(() => desks.keeper.call(action, { signal }), DOMException, "AbortError");
    await assertRejects(() => desks.keeper.openDuplex(action, { signal }), DOMException);
  }
  await desks.keeper.call("echo");
  assertEquals(held.running, 0);
});

Deno.test("SessionCallDesk ends a call that takes longer than it may", async () => {
  const held = new HeldAction();
  await using desks = await openCallDesks({ agentCalls: { actions: [held] } });
  const call = () => desks.keeper.call("hold", { timeoutMs: 5 });
  await assertRejects(call, ConnectionError, "timed-out");
  await held.until(({ running, reasons }) => running === 0 && reasons.length === 1);
});

Deno.test("SessionCallDesk runs 64 calls at a time, and has one more wait", async () => {
  const held = new HeldAction();
  await using desks = await openCallDesks({ agentCalls: { actions: [held, ECHO] } });
  const calls = Array.from({ length: 64 }, () => desks.keeper.call("hold"));
  await held.until(({ running }) => running === 64);
  let isOver = false;
  const further = desks.keeper.call("echo", { input: 65 }).finally(() => isOver = true);
  const control = new AbortController();
  const given = desks.keeper.call("echo", { signal: control.signal });
  control.abort();
  await assertRejects(() => given, DOMException, "AbortError");
  assertEquals([held.running, isOver], [64, false]);
  held.release("r");
  assertEquals(await further, 65);
  assertEquals(new Set(await Promise.all(calls)), new Set(["r"]));
});

Deno.test("SessionCallDesk calls one way: nothing answers, and the signal never fires", async () => {
  const held = new HeldAction();
  const desks = await openCallDesks({ agentCalls: { actions: [held] } });
  await desks.keeper.callOneWay("hold", { input: 1 });
  await held.until(({ running }) => running === 1);
  await desks.keeper.drain();
  await desks[Symbol.asyncDispose]();
  assertEquals([held.running, held.reasons], [1, []]);
  held.release();
});

Deno.test("SessionCallDesk lets an action call its caller", async () => {
  const relay: Action<unknown, unknown> = {
    name: "relay",
    run: ({ desk }, input) => desk.call("echo", { input }),
  };
  await using desks = await openCallDesks({
    agentCalls: { actions: [relay] },
    keeperCalls: { actions: [ECHO] },
  });
  assertEquals(await desks.keeper.call("relay", { input: "back" }), "back");
});

Deno.test("SessionCallDesk tells an action how the session began", async () => {
  const who: Action<unknown, unknown> = {
    name: "who",
    run: ({ origin, action, isOneWay }) =>
      Promise.resolve([origin.claim.app, origin.readiness.software, action, isOneWay]),
  };
  await using desks = await openCallDesks({
    agent: { app: "demo" },
    keeperCalls: { actions: [who] },
  });
  assertEquals(await desks.agent.call("who"), ["demo", "test/1", "who", false]);
});

Deno.test("SessionCallDesk tells how many calls are open", async () => {
  const held = new HeldAction();
  const open: Record<string, number[]> = { agent: [], keeper: [] };
  await using desks = await openCallDesks({
    agentCalls: { actions: [held], onOpen: (count) => open.agent?.push(count) },
    keeperCalls: { onOpen: (count) => open.keeper?.push(count) },
  });
  const calls = [desks.keeper.call("hold"), desks.keeper.call("hold")];
  await held.until(({ running }) => running === 2);
  held.release();
  await Promise.all(calls);
  assertEquals(open, { agent: [1, 2, 1, 0], keeper: [1, 2, 1, 0] });
});

Deno.test("SessionCallDesk fails all calls with what ends the session, on both sides", async () => {
  const held = new HeldAction();
  const desks = await openCallDesks({ agentCalls: { actions: [held] } });
  const { keeper, sessions } = desks;
  const calls = [
    assertRejects(() => keeper.call("hold"), ConnectionError),
    assertRejects(() => keeper.openDuplex("hold"), ConnectionError),
  ];
  await held.until(({ running }) => running === 2);
  const reason = new ConnectionError("connection-lost", "the cable was cut");
  await sessions.agent.fail(reason);
  await held.until(({ running }) => running === 0);
  assertEquals(held.reasons, [reason, reason]);
  const errors = await Promise.all(calls);
  const { signal } = keeper;
  assertEquals([signal.aborted, errors], [true, [signal.reason, signal.reason]]);
  await assertRejects(() => keeper.call("hold"), ConnectionError);
  await assertRejects(() => keeper.drain(), ConnectionError);
  await desks[Symbol.asyncDispose]();
});

Deno.test("SessionCallDesk ends with its session where an action does not end", async () => {
  const deaf = new HeldAction({ isDeaf: true });
  const desks = await openCallDesks({ agentCalls: { actions: [deaf] } });
  const call = assertRejects(() => desks.keeper.call("hold"), ConnectionError);
  await deaf.until(({ running }) => running === 1);
  await desks[Symbol.asyncDispose]();
  await call;
  assertEquals(deaf.running, 1);
  deaf.release();
});
