import fc from "fast-check";
import type { Action } from "../../../protocol/calls/action.ts";
import { CallError } from "../../../protocol/calls/call_error.ts";
import { ConnectionError } from "../../../protocol/errors.ts";
import { deliverAsKeeper } from "../../../protocol/deliver_as_keeper.ts";
import { handshakeAsAgent, handshakeAsKeeper } from "../../../protocol/handshake.ts";
import { MemorySecretSource } from "../../../protocol/memory_secret_source.ts";
import { MemorySecretStore } from "../../../protocol/memory_secret_store.ts";
import { receiveAsAgent } from "../../../protocol/receive_as_agent.ts";
import { StreamResetError } from "../../../protocol/streams.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { ECHO, HeldAction, openCallDesks, readAll } from "../../support/call_desks.ts";
import { cutArrivals } from "../../support/duplex_cuts.ts";
import { agentOptions, keeperOptions } from "../../support/session_pair.ts";

/** Writes all of it, and ends the direction. */
async function writeAll(
  writable: WritableStream<Uint8Array>,
  pieces: Iterable<Uint8Array>,
): Promise<void> {
  const writer = writable.getWriter();
  for (const piece of pieces) await writer.write(piece);
  await writer.close();
}

Deno.test("CallDuplex carries bytes both ways, however they and the wire are cut", async () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 12 });
  const cuts = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 9 });
  await fc.assert(
    fc.asyncProperty(pieces, cuts, async (sent, sizes) => {
      let turn = 0;
      const cut = () => sizes[turn++ % sizes.length] ?? 1;
      await using desks = await openCallDesks({
        wire: ([agent, keeper]) => [cutArrivals(agent, cut), cutArrivals(keeper, cut)],
        agentCalls: { actions: [ECHO] },
      });
      const duplex = await desks.keeper.openDuplex("echo", { input: sent.length });
      const [came] = await Promise.all([
        readAll(duplex.readable),
        writeAll(duplex.writable, sent),
      ]);
      assertEquals([...came], sent.flatMap((piece) => [...piece]));
      assertEquals(await duplex.result, sent.length);
    }),
    { numRuns: 15 },
  );
});

Deno.test("CallDuplex carries far more than a window, and its pieces can be kept", async () => {
  await using desks = await openCallDesks({ keeperCalls: { actions: [ECHO] } });
  const duplex = await desks.agent.openDuplex("echo");
  const sent = Array.from({ length: 80 }, (_, i) => new Uint8Array(65_536).fill(i));
  const writing = writeAll(duplex.writable, sent);
  const came: Uint8Array[] = [];
  for await (const piece of duplex.readable) came.push(piece);
  await writing;
  assertEquals(came.map((piece) => [piece.length, piece[0]]), sent.map((_, i) => [65_536, i]));
});

Deno.test("CallDuplex carries sessions side by side, each whole", async () => {
  await using desks = await openCallDesks({
    agentCalls: {
      actions: [{
        name: "relay",
        async run({ stream, openOutput }, input) {
          const output = await openOutput();
          const readable = new ReadableStream<Uint8Array>({
            async start(controller) {
              for await (const piece of stream ?? empty()) controller.enqueue(piece.slice());
              controller.close();
            },
          });
          const writable = new WritableStream<Uint8Array>({
            write: (bytes) => output.write(bytes),
            close: () => output.end(),
          });
          const session = await handshakeAsAgent({ readable, writable }, await agentOptions());
          const store = new MemorySecretStore();
          await receiveAsAgent(session, store);
          return `${input}: ${new TextDecoder().decode(store.read("name"))}`;
        },
      }],
    },
  });
  async function serve(name: string): Promise<unknown> {
    const duplex = await desks.keeper.openDuplex("relay", { input: name });
    const session = await handshakeAsKeeper(duplex, keeperOptions());
    const source = await MemorySecretSource.from({ name: new TextEncoder().encode(name) });
    const { files } = await deliverAsKeeper(session, source, { revision: 1 });
    assertEquals(files, [{ path: "name", outcome: "created" }]);
    return await duplex.result;
  }
  const names = Array.from({ length: 10 }, (_, i) => `agent-${i}`);
  assertEquals(await Promise.all(names.map(serve)), names.map((name) => `${name}: ${name}`));
});

async function* empty(): AsyncGenerator<Uint8Array<ArrayBuffer>> {}

Deno.test("CallDuplex is not there where the action fails, is unknown, or opens no stream", async () => {
  const refuse: Action = {
    name: "refuse",
    run: () => Promise.reject(new CallError("component-unknown", "nobody is there")),
  };
  const idle: Action = { name: "idle", run: () => Promise.resolve() };
  await using desks = await openCallDesks({ agentCalls: { actions: [refuse, idle] } });
  const { keeper } = desks;
  await assertRejects(() => keeper.openDuplex("refuse"), CallError, "component-unknown");
  await assertRejects(() => keeper.openDuplex("nobody"), CallError, "unknown-action");
  await assertRejects(() => keeper.openDuplex("idle"), CallError, "output-missing");
  await keeper.drain();
});

Deno.test("CallDuplex has a limited time to open, and none from then on", async () => {
  const held = new HeldAction();
  await using desks = await openCallDesks({ agentCalls: { actions: [held, ECHO] } });
  const open = (action: string, timeoutMs: number) =>
    desks.keeper.openDuplex(action, { timeoutMs });
  await assertRejects(() => open("hold", 5), ConnectionError, "timed-out");
  const duplex = await open("echo", 60_000);
  await writeAll(duplex.writable, [new Uint8Array([1])]);
  assertEquals(await readAll(duplex.readable), new Uint8Array([1]));
});

Deno.test("CallDuplex can be closed, which cancels the call and gives both streams up", async () => {
  const ends: string[] = [];
  const watched: Action = {
    name: "watched",
    async run(context, input) {
      try {
        return await ECHO.run(context, input);
      } finally {
        ends.push(context.signal.aborted ? "cancelled" : "done");
      }
    },
  };
  await using desks = await openCallDesks({ agentCalls: { actions: [watched] } });
  const duplex = await desks.keeper.openDuplex("watched");
  const reading = assertRejects(() => readAll(duplex.readable), StreamResetError);
  duplex.close();
  duplex.close("again");
  await reading;
  await assertRejects(() => duplex.result, CallError, "cancelled");
  await desks.keeper.drain();
  const writing = () => writeAll(duplex.writable, [new Uint8Array(1)]);
  await assertRejects(writing, StreamResetError);
  assertEquals(desks.sessions.keeper.hasOpenStreams, false);
  assertEquals(ends, ["cancelled"]);
});

Deno.test("CallDuplex tells the action where its reader or its writer is given up", async () => {
  const codes: string[] = [];
  const both: Action = {
    name: "both",
    async run({ stream, openOutput }) {
      const output = await openOutput();
      const note = (error: unknown) => void codes.push((error as CallError).code);
      await Promise.all([
        readAll(stream ?? empty()).catch(note),
        (async () => {
          for (;;) await output.write(new Uint8Array(1_000));
        })().catch(note),
      ]);
      return "over";
    },
  };
  await using desks = await openCallDesks({ agentCalls: { actions: [both] } });
  const duplex = await desks.keeper.openDuplex("both");
  await duplex.readable.cancel();
  await duplex.writable.abort();
  assertEquals([await duplex.result, codes], ["over", ["connection-lost", "connection-lost"]]);
});

Deno.test("CallDuplex breaks with its session", async () => {
  const desks = await openCallDesks({ agentCalls: { actions: [ECHO] } });
  const duplex = await desks.keeper.openDuplex("echo");
  const reading = assertRejects(() => readAll(duplex.readable), ConnectionError);
  const result = assertRejects(() => duplex.result, ConnectionError);
  await desks.sessions.agent.fail(new ConnectionError("connection-lost", "the cable was cut"));
  await Promise.all([reading, result]);
  await desks[Symbol.asyncDispose]();
});
