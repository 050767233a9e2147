/**
 * Calls between our ends and the second implementation's, either way.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import {
  type Action,
  type CallDesk,
  CallError,
  converseAsKeeper,
  deliverAsKeeper,
  MemorySecretStore,
  receiveAsAgent,
  type SessionCalls,
} from "../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { ECHO, HeldAction, readAll } from "../support/call_desks.ts";
import { connect, connectWell } from "./loopback.ts";
import {
  openOurAgent,
  openOurKeeper,
  sampleBytes,
  sourceOf,
  theirAgent,
  utf8,
  vaultFile,
} from "./our_ends.ts";
import { openAsAgent, receive } from "./second_implementation/agent.ts";
import { type Answers, Calls, endAsAgent, endAsKeeper } from "./second_implementation/calls.ts";
import { Failure } from "./second_implementation/failure.ts";
import { deliver, openAsKeeper } from "./second_implementation/keeper.ts";
import type { Session } from "./second_implementation/session.ts";

const SAMPLE = sampleBytes(2_000_000);

async function* piecesOf(bytes: Uint8Array, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) {
    yield await Promise.resolve(Buffer.from(bytes.subarray(at, at + length)));
  }
}

/** What the second implementation answers. */
const THEIRS: Answers = {
  echo: async ({ input, bytes, send, progress }) => {
    await progress("begun");
    if (bytes !== null) await send(piecesOf(await bytes(), 10_000));
    return input;
  },
  fail: () => Promise.reject("vault-sealed"),
  crash: () => Promise.reject(new Error("hunter2")),
  wait: async ({ isCancelled }) => {
    while (!isCancelled()) await new Promise((resolve) => setTimeout(resolve, 1));
  },
};

/** What ours do with an end that offers THEIRS. */
async function useTheirs(desk: CallDesk): Promise<unknown[]> {
  const told: unknown[] = [];
  const seen: unknown[] = [
    await desk.call("echo", { input: { a: [1, null] }, onProgress: (each) => told.push(each) }),
    await desk.call("echo"),
    told,
  ];
  for (const action of ["fail", "crash", "sing"]) {
    const error = await assertRejects(() => desk.call(action), CallError);
    seen.push(error.code);
  }
  const came: Uint8Array[] = [];
  await desk.call("echo", {
    bytes: piecesOf(SAMPLE, 70_000),
    takeOutput: async (stream) => {
      for await (const piece of stream) came.push(piece.slice());
    },
  });
  seen.push(Buffer.concat(came).equals(SAMPLE));
  const control = new AbortController();
  const waiting = desk.call("wait", { signal: control.signal });
  control.abort();
  await assertRejects(() => waiting, DOMException);
  await desk.callOneWay("echo", { input: 1 });
  return seen;
}

const USED = [
  { a: [1, null] },
  undefined,
  ["begun"],
  "vault-sealed",
  "failed",
  "unknown-action",
  true,
];

const FAIL: Action = {
  name: "fail",
  run: () => Promise.reject(new CallError("no-luck", "hunter2")),
};

/** What theirs does with an end that offers `echo`, `fail` and `hold`. */
async function useOurs(session: Session, calls: Calls): Promise<unknown[]> {
  const seen: unknown[] = [];
  for (const [action, input] of [["echo", [7]], ["fail", 1], ["sing", 1]] as const) {
    const { Status, Code, Output } = await calls.ask(action, { input });
    seen.push([Status, Code, Output]);
  }
  const made = await calls.make("echo", { bytes: piecesOf(SAMPLE, 33_333) });
  seen.push((await calls.bytesOf(made)).equals(SAMPLE));
  await calls.resultOf(made);
  const held = await calls.make("hold");
  await calls.cancel(held);
  await calls.cancel(held);
  const { Status, Code } = await calls.resultOf(held);
  seen.push([Status, Code]);
  await calls.make("echo", { isOneWay: true });
  await calls.idle();
  await session.sendFrame({ kind: "ping", data: Buffer.alloc(8) });
  await session.awaitPongs(1);
  return seen;
}

const OURS_USED = [
  ["Success", undefined, [7]],
  ["Failed", "no-luck", undefined],
  ["UnknownCommand", undefined, undefined],
  true,
  ["Failed", "cancelled"],
];

function offer(): SessionCalls {
  return { actions: [ECHO, FAIL, new HeldAction()] };
}

Deno.test("our keeper calls a second agent, and ends without a delivery", async () => {
  const [seen] = await connectWell(
    async (duplex) => await converseAsKeeper(await openOurKeeper(duplex), useTheirs),
    async (transport) => {
      const session = await openAsAgent(transport, theirAgent({ wants: ["calls"] }));
      await endAsAgent(session, new Calls(session, THEIRS));
    },
  );
  assertEquals(seen, USED);
});

Deno.test("our keeper is called by a second agent beside its delivery", async () => {
  const source = await sourceOf({ a: utf8("1") });
  const [report, seen] = await connectWell(
    async (duplex) => {
      const session = await openOurKeeper(duplex);
      return await deliverAsKeeper(session, source, { revision: 1, calls: offer() });
    },
    async (transport) => {
      const session = await openAsAgent(transport, theirAgent());
      const calls = new Calls(session);
      const seen = await useOurs(session, calls);
      await receive(session, { held: new Map() });
      return seen;
    },
  );
  assertEquals([report.files, seen], [[{ path: "a", outcome: "created" }], OURS_USED]);
});

Deno.test("our agent calls a second keeper beside its delivery", async () => {
  const seen: unknown[] = [];
  const [report] = await connectWell(
    async (duplex) =>
      await receiveAsAgent(await openOurAgent(duplex), new MemorySecretStore(), {
        calls: { work: async (desk) => void seen.push(...await useTheirs(desk)) },
      }),
    async (transport) => {
      const { session } = await openAsKeeper(transport);
      const calls = new Calls(session, THEIRS);
      const delivered = await deliver(session, { files: new Map([["a", vaultFile("1")]]) });
      assert(calls !== null);
      return delivered;
    },
  );
  assertEquals([report.files.length, seen], [1, USED]);
});

Deno.test("our agent is called by a second keeper, and ends without a delivery", async () => {
  const [report, seen] = await connectWell(
    async (duplex) => {
      const session = await openOurAgent(duplex, { wants: ["calls"] });
      return await receiveAsAgent(session, new MemorySecretStore(), { calls: offer() });
    },
    async (transport) => {
      const { session } = await openAsKeeper(transport);
      const calls = new Calls(session);
      const seen = await useOurs(session, calls);
      await endAsKeeper(session, calls);
      return seen;
    },
  );
  assertEquals([report.isCallsOnly, seen], [true, OURS_USED]);
});

Deno.test("our keeper has a duplex through a second agent, with half-close both ways", async () => {
  const [seen] = await connectWell(
    async (duplex) =>
      await converseAsKeeper(await openOurKeeper(duplex), async (desk) => {
        const through = await desk.openDuplex("relay", { input: { Component: "db" } });
        const writer = through.writable.getWriter();
        await writer.write(SAMPLE);
        await writer.close();
        const came = await readAll(through.readable);
        return [Buffer.from(came).equals(SAMPLE), await through.result];
      }),
    async (transport) => {
      const session = await openAsAgent(transport, theirAgent({ wants: ["calls"] }));
      const relay: Answers[string] = async ({ input, bytes, send }) => {
        async function* later(): AsyncGenerator<Buffer> {
          // Its end is known before anything goes back.
          yield bytes === null ? Buffer.alloc(0) : await bytes();
        }
        await send(later());
        return input;
      };
      await endAsAgent(session, new Calls(session, { relay }));
    },
  );
  assertEquals(seen, [true, { Component: "db" }]);
});

Deno.test("our agent refuses a second keeper that calls after END", async () => {
  const [ours, theirs] = await connect(
    async (duplex) =>
      await receiveAsAgent(await openOurAgent(duplex), new MemorySecretStore(), {
        // A call of its own that is open keeps the agent from answering END.
        calls: { ...offer(), work: async (desk) => void await desk.call("echo") },
      }),
    async (transport) => {
      const { session } = await openAsKeeper(transport);
      await session.message();
      await session.send({ State: "END" });
      await session.send({ State: "CALL", Id: 0, Action: "echo" });
      for (;;) await session.message();
    },
  );
  assert(ours.status === "rejected" && ours.reason.code === "message-unexpected");
  assert(theirs.status === "rejected" && theirs.reason instanceof Failure);
});

Deno.test("our agent without calls is called by a second keeper: it knows no action", async () => {
  const [report, answers] = await connectWell(
    async (duplex) => await receiveAsAgent(await openOurAgent(duplex), new MemorySecretStore()),
    async (transport) => {
      const { session } = await openAsKeeper(transport);
      const calls = new Calls(session);
      const made = await calls.make("echo", { bytes: piecesOf(SAMPLE, 50_000) });
      await calls.cancel(made);
      await calls.make("echo", { isOneWay: true });
      const { Status } = await calls.resultOf(made);
      await deliver(session, { files: new Map([["a", vaultFile("1")]]) });
      return Status;
    },
  );
  assertEquals([report.files.length, answers], [1, "UnknownCommand"]);
});

Deno.test("our keeper without calls is called by a second agent: it knows no action", async () => {
  const source = await sourceOf({ a: utf8("1") });
  const [report, answers] = await connectWell(
    async (duplex) => await deliverAsKeeper(await openOurKeeper(duplex), source, { revision: 1 }),
    async (transport) => {
      const session = await openAsAgent(transport, theirAgent());
      const calls = new Calls(session);
      const made = await calls.make("echo", { bytes: piecesOf(SAMPLE, 50_000) });
      await calls.cancel(made);
      const receiving = receive(session, { held: new Map() });
      const { Status } = await calls.resultOf(made);
      await receiving;
      return Status;
    },
  );
  assertEquals([report.files.length, answers], [1, "UnknownCommand"]);
});
