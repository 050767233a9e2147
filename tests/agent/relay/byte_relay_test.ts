import { relayBytes, type RelayedBytes } from "../../../agent/relay/byte_relay.ts";
import { type Bytes, encodeUtf8 } from "../../../protocol/bytes.ts";
import { type Duplex, duplexPair } from "../../../protocol/duplex.ts";
import { ConnectionError } from "../../../protocol/errors.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";

/** A relay between a keeper and a far side that a test plays. */
class PlayedRelay {
  readonly relayed: Promise<RelayedBytes>;
  readonly far: Duplex;
  readonly received: string[] = [];
  readonly control = new AbortController();
  hasEnded = false;
  closedWith: unknown = null;
  readonly #toRelay = new TransformStream<Bytes, Bytes>();
  readonly #writer = this.#toRelay.writable.getWriter();

  constructor({ idleMs = 60_000, take = () => Promise.resolve() }: {
    readonly idleMs?: number;
    readonly take?: () => Promise<void>;
  } = {}) {
    const [near, far] = duplexPair();
    this.far = far;
    const output = {
      write: async (bytes: Uint8Array) => {
        this.received.push(new TextDecoder().decode(bytes));
        await take();
      },
      end: () => {
        this.hasEnded = true;
        return Promise.resolve();
      },
    };
    this.relayed = relayBytes({ stream: this.#toRelay.readable, output }, near, {
      signal: this.control.signal,
      idleMs,
      close: (reason) => this.closedWith ??= reason,
    });
    this.relayed.catch(() => {});
    this.#writer.closed.catch(() => {});
  }

  async say(text: string): Promise<void> {
    await this.#writer.write(encodeUtf8(text));
  }

  async endKeeper(): Promise<void> {
    await this.#writer.close();
  }

  failKeeper(error: Error): void {
    void this.#writer.abort(error).catch(() => {});
  }
}

async function readAll({ readable }: Duplex): Promise<string> {
  return await new Response(readable.pipeThrough(new TransformStream())).text();
}

Deno.test("relayBytes carries bytes both ways until both directions have ended", async () => {
  const relay = new PlayedRelay();
  const reading = readAll(relay.far);
  await relay.say("one");
  await relay.say("two");
  await relay.endKeeper();
  assertEquals(await reading, "onetwo");
  // The keeper has said all; the other side still speaks.
  const writer = relay.far.writable.getWriter();
  await writer.write(encodeUtf8("three"));
  assertEquals(relay.hasEnded, false);
  await writer.close();
  assertEquals(await relay.relayed, { fromKeeper: 6, toKeeper: 5 });
  assertEquals([relay.received.join(""), relay.hasEnded], ["three", true]);
  assertEquals(relay.closedWith, null);
});

Deno.test("relayBytes lets the far side end first", async () => {
  const relay = new PlayedRelay();
  await relay.far.writable.getWriter().close();
  const reading = readAll(relay.far);
  await relay.say("still here");
  await relay.endKeeper();
  assertEquals(await reading, "still here");
  assertEquals((await relay.relayed).fromKeeper, 10);
});

Deno.test("relayBytes ends both directions where either fails", async () => {
  const lost = new ConnectionError("connection-lost", "gone");
  const byKeeper = new PlayedRelay();
  byKeeper.failKeeper(lost);
  await assertRejects(() => byKeeper.relayed, ConnectionError, "connection-lost");
  assertEquals(byKeeper.closedWith, lost);
  const byFar = new PlayedRelay();
  void byFar.far.writable.abort(lost);
  await assertRejects(() => byFar.relayed, ConnectionError, "connection-lost");
  assertEquals(byFar.closedWith, lost);
});

Deno.test("relayBytes ends where nothing comes for too long", async () => {
  const relay = new PlayedRelay({ idleMs: 1 });
  await assertRejects(() => relay.relayed, ConnectionError, "timed-out");
  assert(relay.closedWith instanceof ConnectionError);
});

Deno.test("relayBytes ends with the reason of its signal, also one that was aborted before", async () => {
  const reason = new ConnectionError("timed-out", "stop");
  const relay = new PlayedRelay();
  relay.control.abort(reason);
  await assertRejects(() => relay.relayed, ConnectionError, "timed-out");
  assertEquals(relay.closedWith, reason);
  const output = { write: () => Promise.resolve(), end: () => Promise.resolve() };
  const parts = { stream: new ReadableStream<Bytes>(), output };
  const [near] = duplexPair();
  const options = { signal: AbortSignal.abort(reason), idleMs: 60_000, close: () => {} };
  await assertRejects(() => relayBytes(parts, near, options), ConnectionError, "timed-out");
});

Deno.test("relayBytes holds one piece while nobody takes it, and asks for no more", async () => {
  const { promise: taking, resolve: take } = Promise.withResolvers<void>();
  const relay = new PlayedRelay({ take: () => taking });
  const writer = relay.far.writable.getWriter();
  let written = 0;
  const writing = (async () => {
    for (let i = 0; i < 100; i++) {
      await writer.write(encodeUtf8("x"));
      written++;
    }
    await writer.close();
  })();
  for (let i = 0; i < 1_000; i++) await Promise.resolve();
  assert(written < 5, `${written} pieces are held`);
  await relay.endKeeper();
  const reading = readAll(relay.far);
  take();
  await Promise.all([writing, reading, relay.relayed]);
  assertEquals(relay.received.join(""), "x".repeat(100));
});
