import { RelayDesk, type RelayDeskOptions } from "../../../agent/relay/relay_desk.ts";
import { SubAgents } from "../../../agent/registrar/sub_agents.ts";
import { type Bytes, encodeUtf8 } from "../../../protocol/bytes.ts";
import type { Action, CallContext } from "../../../protocol/calls/mod.ts";
import { CallError } from "../../../protocol/calls/mod.ts";
import { type Duplex, duplexPair } from "../../../protocol/duplex.ts";
import { ConnectionError } from "../../../protocol/errors.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";

/** A desk with a sub-agent in its place, and calls of it. */
class PlayedDesk {
  readonly agents = new SubAgents();
  readonly logger = new MemoryLogger();
  readonly dialled: string[] = [];
  readonly far: Duplex[] = [];
  readonly desk: RelayDesk;

  constructor(options: Partial<RelayDeskOptions> = {}) {
    for (const component of ["db", "web"]) {
      const publicKey = new Uint8Array(32).fill(component.length);
      const place = { component, address: "172.23.0.3", port: 8_888, tls: component === "web" };
      this.agents.register({ ...place, publicKey, fingerprint: `SHA256:${component}` });
    }
    this.desk = new RelayDesk({
      agents: this.agents,
      logger: this.logger,
      dial: ({ address, port }) => {
        this.dialled.push(`${address}:${port}`);
        const [near, far] = duplexPair();
        this.far.push(far);
        return Promise.resolve({ duplex: near, close: () => {} });
      },
      ...options,
    });
  }

  action(name: string): Action {
    const action = this.desk.actions.find((action) => action.name === name);
    if (action === undefined) throw new TypeError(`there is no ${name}`);
    return action;
  }

  /** Calls relay as a session does, by the name of a component or by all that is sent. */
  call(named: string | Record<string, unknown>, more: Partial<CallContext> = {}) {
    const keeper = new TransformStream<Bytes, Bytes>();
    const control = new AbortController();
    const received: string[] = [];
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    const output = {
      write(bytes: Uint8Array): Promise<void> {
        received.push(new TextDecoder().decode(bytes));
        return Promise.resolve();
      },
      end: () => Promise.resolve(),
    };
    const context = {
      stream: keeper.readable,
      signal: control.signal,
      isOneWay: false,
      openOutput() {
        open();
        return Promise.resolve(output);
      },
      ...more,
    } as unknown as CallContext;
    const action = this.action("relay");
    const sent = typeof named === "string" ? { Component: named } : named;
    const input = action.parseInput?.(sent);
    const result = action.run(context, input);
    result.catch(() => {});
    return { result, control, received, opened, writer: keeper.writable.getWriter() };
  }
}

Deno.test("RelayDesk carries a stream to the sub-agent that is named, and counts it", async () => {
  const played = new PlayedDesk();
  const { result, received, opened, writer } = played.call("DB");
  await opened;
  assertEquals(played.dialled, ["172.23.0.3:8888"]);
  assertEquals(played.desk.counts, { open: 1, ended: 0, failed: 0 });
  const [far] = played.far;
  assert(far !== undefined);
  const reading = new Response(far.readable.pipeThrough(new TransformStream())).text();
  await writer.write(encodeUtf8("to the db"));
  await writer.close();
  assertEquals(await reading, "to the db");
  const back = far.writable.getWriter();
  await back.write(encodeUtf8("from the db"));
  await back.close();
  assertEquals(await result, undefined);
  assertEquals(received.join(""), "from the db");
  assertEquals(played.desk.counts, { open: 0, ended: 1, failed: 0 });
});

Deno.test("RelayDesk lists who is registered, with times in seconds", async () => {
  const played = new PlayedDesk({ now: () => 1_800_000_000_900 });
  const listed = await played.action("relay-list").run({} as CallContext, undefined);
  const times = { Since: 1_800_000_000, Seen: 1_800_000_000 };
  assertEquals(listed, {
    Agents: [
      { Component: "db", Fingerprint: "SHA256:db", Tls: false, ...times },
      { Component: "web", Fingerprint: "SHA256:web", Tls: true, ...times },
    ],
  });
});

Deno.test("RelayDesk dials where the sub-agent has registered, whatever else a keeper names", async () => {
  const played = new PlayedDesk();
  const elsewhere = { Address: "127.0.0.1", Host: "192.0.2.7", Port: 22 };
  const { opened, control } = played.call({ Component: "db", ...elsewhere });
  await opened;
  assertEquals(played.dialled, ["172.23.0.3:8888"]);
  control.abort();
});

Deno.test("RelayDesk reaches nobody who is not registered", async () => {
  const played = new PlayedDesk();
  await assertRejects(() => played.call("cache").result, CallError, "component-unknown");
  assertEquals(played.dialled, []);
  assertEquals(played.desk.counts.failed, 1);
});

Deno.test("RelayDesk says that a sub-agent cannot be connected to, and nothing of why", async () => {
  const lost = new ConnectionError("connection-refused", "172.23.0.3 refuses");
  const played = new PlayedDesk({ dial: () => Promise.reject(lost) });
  const call = played.call("db");
  const error = await assertRejects(() => call.result, CallError, "component-unreachable");
  assertEquals(error.cause, lost);
  assertEquals(played.desk.counts, { open: 0, ended: 0, failed: 1 });
});

Deno.test("RelayDesk opens so many streams to one component, and so many in all", async () => {
  const played = new PlayedDesk({ maxPerComponent: 2, maxRelays: 3 });
  const calls = [played.call("db"), played.call("db")];
  await assertRejects(() => played.call("db").result, CallError, "relay-busy");
  calls.push(played.call("web"));
  await assertRejects(() => played.call("web").result, CallError, "relay-busy");
  await Promise.all(calls.map(({ opened }) => opened));
  const [first] = calls;
  const reason = new ConnectionError("connection-lost", "the keeper has gone");
  first?.control.abort(reason);
  await assertRejects(() => first?.result ?? Promise.resolve(), ConnectionError);
  const next = played.call("db");
  await next.opened;
  for (const { control, result } of [...calls, next]) {
    control.abort(reason);
    await result.catch(() => {});
  }
  assertEquals(played.desk.counts.open, 0);
});

Deno.test("RelayDesk ends a stream of which nothing is heard", async () => {
  const played = new PlayedDesk({ idleMs: 1 });
  await assertRejects(() => played.call("db").result, ConnectionError, "timed-out");
  assertEquals(played.desk.counts.open, 0);
});

Deno.test("RelayDesk gives up dialling with the call", async () => {
  const played = new PlayedDesk({
    dial: (_, { signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      }),
  });
  const { control, result } = played.call("db");
  control.abort(new ConnectionError("connection-lost", "the keeper has gone"));
  await assertRejects(() => result, ConnectionError, "connection-lost");
  assertEquals(played.desk.counts.open, 0);
});

Deno.test("RelayDesk refuses calls without a stream, without an answer, and without a name", async () => {
  const played = new PlayedDesk();
  for (const more of [{ stream: null }, { isOneWay: true }]) {
    await assertRejects(() => played.call("db", more).result, CallError, "input-malformed");
  }
  const { parseInput } = played.action("relay");
  const inputs = [undefined, null, "db", {}, { Component: 1 }, { Component: "../db" }];
  for (const input of inputs) assertThrows(() => parseInput?.(input), TypeError);
});
