import type { AgentEvent } from "../../agent/agent_events.ts";
import type { AgentOptions } from "../../agent/agent.ts";
import {
  CallError,
  converseAsKeeper,
  defineAction,
  deliverAsKeeper,
  type Events,
  MemorySecretStore,
} from "../../protocol/mod.ts";
import { AgentPort } from "../support/agent_port.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { sourceOf } from "../support/stuck_delivery.ts";

async function deliver(port: AgentPort, isPlan = false): Promise<void> {
  const session = await port.openSession();
  await deliverAsKeeper(session, await sourceOf({ a: "one" }), { revision: 1, isPlan });
}

/** Stops the agent, and returns all that a listener had heard by then. */
async function stop(port: AgentPort, events: Events<AgentEvent>): Promise<AgentEvent[]> {
  port.stop.abort();
  const seen: AgentEvent[] = [];
  for await (const event of events) if (event.kind !== "missed") seen.push(event);
  return seen;
}

function open(options: Partial<AgentOptions> = {}): Promise<AgentPort> {
  return AgentPort.open({ store: new MemorySecretStore(), ...options });
}

Deno.test("Agent.events tells of a delivery from its session to its end", async () => {
  await using port = await open();
  const events = port.agent.events();
  await deliver(port);
  const report = await port.report(0);
  assertEquals(await stop(port, events), [
    {
      kind: "session-started",
      session: 1,
      remoteAddress: "192.0.2.7",
      wire: 2,
      keeper: null,
    },
    { kind: "delivery", session: 1, report },
    { kind: "session-ended", session: 1, report },
  ]);
});

Deno.test("Agent.events tells what happens to services, as whoever runs them says it", async () => {
  await using port = await open();
  const events = port.agent.events();
  const ended = { pid: null, exitStatus: 7, signal: null };
  const event = { service: "web", state: "pausing", code: "service-failed", ...ended } as const;
  port.agent.noteService(event);
  assertEquals(await stop(port, events), [{ kind: "service", event }]);
});

Deno.test("Agent.events tells a plan from a delivery, and a session that broke from both", async () => {
  await using port = await open();
  const events = port.agent.events();
  await deliver(port, true);
  await port.report(0);
  const session = await port.openSession();
  await session.close();
  assertEquals((await port.report(1)).isComplete, false);
  const kinds = (await stop(port, events)).map(({ kind }) => kind);
  assertEquals(kinds, [
    ...["session-started", "plan", "session-ended"],
    ...["session-started", "session-ended"],
  ]);
});

Deno.test("Agent.events tells of calls, done and failed, in their session", async () => {
  await using port = await open();
  const events = port.agent.events();
  port.agent.action("rotate", { run: () => "done" });
  port.agent.action(defineAction("fail", { run: () => Promise.reject(new Error("secret")) }));
  const session = await port.openSession();
  await converseAsKeeper(session, async (desk) => {
    assertEquals(await desk.call("rotate"), "done");
    await assertRejects(() => desk.call("fail"), CallError);
    await assertRejects(() => desk.call("unknown"), CallError);
  });
  await port.report(0);
  const calls = (await stop(port, events)).flatMap((event) => event.kind === "call" ? event : []);
  assertEquals(calls.map(({ session, action, isDone }) => [session, action, isDone]), [
    [1, "rotate", true],
    [1, "fail", false],
  ]);
  assert(!JSON.stringify(calls).includes("secret"));
});

Deno.test("Agent.events tells who was turned away, by address and by the handshake", async () => {
  await using port = await open();
  const events = port.agent.events();
  await port.call("198.51.100.1").closed;
  const call = port.call();
  await call.readable.getReader().read();
  await call.writable.close();
  await call.closed;
  const [turnedAway, failed, ...rest] = await stop(port, events);
  assertEquals(turnedAway, {
    kind: "session-refused",
    remoteAddress: "198.51.100.1",
    code: "address-refused",
  });
  assert(failed?.kind === "session-refused" && failed.remoteAddress === "192.0.2.7");
  assert(failed.code !== "address-refused");
  assertEquals(rest, []);
});

Deno.test("Agent.events tells what expired", async () => {
  await using port = await open();
  const events = port.agent.events();
  port.agent.noteExpired(["db.password"]);
  assertEquals(await stop(port, events), [{ kind: "expired", paths: ["db.password"] }]);
});

Deno.test("Agent[Symbol.asyncDispose] ends what is served and all events, for good", async () => {
  await using port = await open();
  const { agent } = port;
  const events = agent.events();
  await agent[Symbol.asyncDispose]();
  await port.served;
  assertEquals([(await events.next()).done, (await agent.events().next()).done], [true, true]);
  const error = await agent.serve((async function* () {})()).catch((error) => error);
  assertEquals([error.name, error.message], ["AbortError", "the agent was disposed of"]);
});
