import { callAgent } from "../../../keeper/contact/call_agent.ts";
import type { CalledAgent } from "../../../keeper/contact/called_agent.ts";
import {
  type Acquaintance,
  newAcquaintance,
  type TalkOptions,
} from "../../../keeper/contact/contact.ts";
import { prepareDelivery } from "../../../keeper/contact/delivery.ts";
import { TimeLimit } from "../../../keeper/contact/time_limit.ts";
import { Deliveries } from "../../../keeper/original/mod.ts";
import { KnownAgents, MemoryKnownAgentsStore } from "../../../keeper/trust/mod.ts";
import {
  type CallDesk,
  CallError,
  ConnectionError,
  PeerRejectedError,
  type SessionCalls,
} from "../../../protocol/mod.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { ECHO } from "../../support/call_desks.ts";
import { declared, FakeAgent, FakeNetwork, memoryView } from "../../support/fake_fleet.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";

const ADDRESS = { host: "203.0.113.1", port: 8888 };

interface Called {
  readonly agent: FakeAgent;
  readonly acquaintance: Acquaintance;
  call<T>(work: (desk: CallDesk, agent: CalledAgent) => Promise<T>): Promise<T>;
}

/** An agent in memory, and what a keeper needs to call it. */
async function makeCalled(
  calls: SessionCalls | undefined,
  keeper: Partial<TalkOptions> & { readonly trust?: "approve" | "first-use" } = {},
): Promise<Called> {
  const { trust = "first-use", ...options } = keeper;
  const agent = await FakeAgent.make(calls === undefined ? {} : { calls });
  const network = new FakeNetwork();
  network.set("203.0.113.1:8888", agent.serve);
  const view = await memoryView({ a: "alpha" });
  const acquaintance = newAcquaintance();
  const known = new KnownAgents(new MemoryKnownAgentsStore(), {
    app: null,
    trust,
    firstUseLimit: 1,
    sightingLifetimeMs: 1_000,
    now: Date.now,
  });
  const vault = { inspect: () => Promise.resolve(view) };
  const delivery = await prepareDelivery(vault, declared("a"));
  return {
    agent,
    acquaintance,
    async call(work) {
      const limit = new TimeLimit(60_000, () => {});
      try {
        return await callAgent(ADDRESS, {
          app: null,
          dial: network.dial,
          known,
          delivery,
          wire: 2,
          signer: null,
          deliveries: new Deliveries(),
          expectsAll: true,
          logger: new MemoryLogger(),
          now: Date.now,
          agent: acquaintance,
          limit,
          signal: new AbortController().signal,
          ...options,
        }, work);
      } finally {
        limit.clear();
        await network.idle();
      }
    },
  };
}

Deno.test("callAgent calls an agent that is trusted, and delivers nothing", async () => {
  const called = await makeCalled({ actions: [ECHO] });
  const answer = await called.call(async (desk, { level, component }) => {
    return [await desk.call("echo", { input: 1 }), level, component];
  });
  assertEquals(answer, [1, "first-use", null]);
  const { agent, acquaintance } = called;
  assertEquals([agent.store.paths(), agent.revisions, acquaintance.trust], [[], [], "first-use"]);
});

Deno.test("callAgent lets the agent call what is offered, and does no other work", async () => {
  const told: unknown[] = [];
  let isDone = false;
  const called = await makeCalled({
    work: async (desk) => void told.push(await desk.call("echo", { input: "agent" })),
  }, {
    calls: () => ({
      actions: [ECHO],
      work: () => Promise.resolve(void (isDone = true)),
    }),
  });
  await called.call(() => Promise.resolve());
  assertEquals([told, isDone], [["agent"], false]);
});

Deno.test("callAgent turns away an agent that is not trusted", async () => {
  const called = await makeCalled({ actions: [ECHO] }, { trust: "approve" });
  let isBegun = false;
  const call = () => called.call(() => Promise.resolve(isBegun = true));
  await assertRejects(call, PeerRejectedError, "agent-pending");
  assertEquals(isBegun, false);
});

Deno.test("callAgent says of an agent that takes no calls that it knows no action", async () => {
  const called = await makeCalled(undefined);
  const call = () => called.call((desk) => desk.call("echo"));
  await assertRejects(call, CallError, "unknown-action");
});

Deno.test("callAgent throws what the work throws, and what keeps the session from coming about", async () => {
  const called = await makeCalled({ actions: [ECHO] });
  await assertRejects(() => called.call((desk) => desk.call("sing")), CallError, "unknown-action");
  const dial = () => Promise.reject(new ConnectionError("connection-refused", "nobody listens"));
  const lost = await makeCalled({ actions: [ECHO] }, { dial });
  const call = () => lost.call((desk) => desk.call("echo"));
  await assertRejects(call, ConnectionError, "connection-refused");
});
