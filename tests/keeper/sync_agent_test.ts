import { prepareDelivery } from "../../keeper/delivery.ts";
import { MAX_EXTRA_RESULTS } from "../../keeper/limits.ts";
import type { AgentOutcome, ContactReport } from "../../keeper/report.ts";
import { syncAgent, type SyncOptions } from "../../keeper/sync_agent.ts";
import { KnownAgents, MemoryKnownAgentsStore, type TrustPolicy } from "../../keeper/trust/mod.ts";
import { SILENT_LOGGER, STAGE_PREFIX } from "../../protocol/mod.ts";
import { encodePingFrame } from "../../protocol/frame.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { type Behaviour, FakeAgent, FakeNetwork, memoryView } from "../support/fake_fleet.ts";
import { askFor, playedAgent, sayDone } from "../support/played_agent.ts";

const ADDRESS = { host: "agent", port: 1 };
const FILES = { "a": "alpha", "b": "beta" };

interface SyncSetup extends Partial<SyncOptions> {
  readonly trust?: TrustPolicy;
  readonly missing?: readonly string[];
}

async function sync(behaviour: Behaviour | null, setup: SyncSetup = {}): Promise<ContactReport> {
  const { trust = "first-use", missing = [], ...options } = setup;
  const network = new FakeNetwork();
  if (behaviour !== null) network.set("agent:1", behaviour);
  const view = await memoryView(FILES, missing);
  const report = await syncAgent(ADDRESS, {
    app: null,
    dial: network.dial,
    known: new KnownAgents(new MemoryKnownAgentsStore(), {
      app: options.app ?? null,
      trust,
      firstUseLimit: 1,
      sightingLifetimeMs: 1_000,
      now: Date.now,
    }),
    delivery: await prepareDelivery({ inspect: () => Promise.resolve(view) }, []),
    logger: SILENT_LOGGER,
    now: Date.now,
    ...options,
  });
  await network.idle();
  return report;
}

function outcomesOf(outcome: AgentOutcome): Record<string, string> {
  assert(outcome.kind === "delivered", JSON.stringify(outcome));
  return Object.fromEntries(outcome.files.map((file) => [file.path, file.outcome]));
}

Deno.test("syncAgent delivers and says who it was", async () => {
  const agent = await FakeAgent.make({ component: "web" });
  const report = await sync(agent.serve);
  assertEquals(outcomesOf(report.outcome), { a: "created", b: "created" });
  assertEquals(agent.store.read("a"), new TextEncoder().encode("alpha"));
  assertEquals([report.address, report.component, report.trust, report.software], [
    "agent:1",
    "web",
    "first-use",
    "test/1",
  ]);
  assert(report.fingerprint?.startsWith("SHA256:"));
});

Deno.test("syncAgent denies whatever was not given to the app", async () => {
  const agent = await FakeAgent.make({ files: ["etc/passwd", "/etc/passwd", "c"] });
  const report = await sync(agent.serve);
  assertEquals(outcomesOf(report.outcome), {
    "a": "created",
    "b": "created",
    "etc/passwd": "denied",
    "/etc/passwd": "denied",
    "c": "denied",
  });
});

Deno.test("syncAgent reports what the vault lacks, asked for or not", async () => {
  for (const files of [[], ["gone"]]) {
    const agent = await FakeAgent.make({ files });
    const report = await sync(agent.serve, { missing: ["gone"] });
    assertEquals(outcomesOf(report.outcome), { a: "created", b: "created", gone: "missing" });
  }
});

Deno.test("syncAgent gives a pending agent nothing", async () => {
  const agent = await FakeAgent.make();
  const report = await sync(agent.serve, { trust: "approve" });
  assertEquals(report.outcome, { kind: "pending", reason: "new" });
  assertEquals([agent.store.read("a"), report.trust, report.software], [undefined, null, null]);
});

Deno.test("syncAgent refuses an agent of another app", async () => {
  const agent = await FakeAgent.make({ app: "other" });
  const report = await sync(agent.serve, { app: "demo" });
  assertEquals(report.outcome, { kind: "rejected", code: "app-mismatch", by: "us" });
});

Deno.test("syncAgent reports an agent that turns the keeper away", async () => {
  const report = await sync(playedAgent(async (peer) => {
    await peer.sendMessage({ State: "FAILED", Code: "busy" });
    await peer.readFailure();
  }));
  assertEquals(report.outcome, { kind: "rejected", code: "busy", by: "peer" });
});

Deno.test("syncAgent reports an agent that nobody reaches", async () => {
  const { outcome } = await sync(null);
  assertEquals(outcome, { kind: "unreachable", code: "connection-refused" });
});

const LIARS: readonly (readonly [string, Behaviour, AgentOutcome])[] = [
  ["dies at once", async (duplex) => await duplex.writable.close(), {
    kind: "failed",
    code: "truncated",
  }],
  ["talks nonsense", async (duplex) => {
    const writer = duplex.writable.getWriter();
    await writer.write(new TextEncoder().encode("SSH-2.0-OpenSSH_9.6\r\n"));
  }, { kind: "failed", code: "message-malformed" }],
  ["dies in the middle", playedAgent((peer) => peer.link.close()), {
    kind: "failed",
    code: "truncated",
  }],
  [
    "asks for what lies beside the vault",
    playedAgent(async (peer) => {
      await peer.sendMessage({ State: "REQUEST", Id: 1, File: "../etc/passwd", Digest: null });
      await peer.readFailure();
    }),
    { kind: "failed", code: "message-malformed" },
  ],
  [
    "asks for ever",
    playedAgent(async (peer) => {
      for (let id = 1;; id++) await askFor(peer, { id, file: "nothing" });
    }),
    { kind: "failed", code: "too-many-messages" },
  ],
  [
    "has results for one file twice",
    playedAgent(async (peer) => {
      await sayDone(peer, [{ path: "a", outcome: "created" }, { path: "a", outcome: "failed" }]);
    }),
    { kind: "failed", code: "message-unexpected" },
  ],
];

for (const [what, behaviour, expected] of LIARS) {
  Deno.test(`syncAgent survives an agent that ${what}`, async () => {
    assertEquals((await sync(behaviour)).outcome, expected);
  });
}

Deno.test("syncAgent keeps few of the results that nobody asked for", async () => {
  const extra = Array.from({ length: 5_000 }, (_, i) => {
    return { path: `made/up/${i}`, outcome: "created" } as const;
  });
  const own = ["a", "b"].map((path) => ({ path, outcome: "unchanged" } as const));
  const { outcome } = await sync(playedAgent((peer) => sayDone(peer, [...own, ...extra])));
  assert(outcome.kind === "delivered");
  assertEquals(outcome.files.length, 2 + MAX_EXTRA_RESULTS);
});

Deno.test("syncAgent takes no path from an agent that no agent may have", async () => {
  const path = `x/${STAGE_PREFIX}1`;
  const { outcome } = await sync(
    playedAgent((peer) => sayDone(peer, [{ path, outcome: "failed" }])),
  );
  assertEquals(outcome, { kind: "failed", code: "message-malformed" });
});

Deno.test("syncAgent gives up on an agent that hangs", async () => {
  const stopped = Promise.withResolvers<void>();
  const report = sync(() => stopped.promise, { limits: { baseTimeMs: 20 } });
  stopped.resolve();
  assertEquals((await report).outcome, { kind: "failed", code: "timed-out" });
});

Deno.test("syncAgent gives up on an agent that only gives signs of life", async () => {
  const behaviour = playedAgent(async (peer) => {
    for (;;) {
      await peer.send(encodePingFrame(new Uint8Array(8), "ping"));
      await peer.readFrame();
    }
  });
  const { outcome } = await sync(behaviour, { limits: { baseTimeMs: 200 } });
  assertEquals(outcome, { kind: "failed", code: "timed-out" });
});

Deno.test("syncAgent gives up on a dialler that never comes back", async () => {
  const dial = () => new Promise<never>(() => {});
  const { outcome } = await sync(null, { dial, limits: { baseTimeMs: 20 } });
  assertEquals(outcome, { kind: "unreachable", code: "timed-out" });
});

Deno.test("syncAgent reports a fault as a failure of this agent", async () => {
  const dial = () => Promise.reject(new TypeError("a fault"));
  assertEquals((await sync(null, { dial })).outcome, { kind: "failed", code: "internal" });
});

Deno.test("syncAgent ends with the reason of its signal", async () => {
  const controller = new AbortController();
  const dial = () => {
    controller.abort(new DOMException("stop", "AbortError"));
    return new Promise<never>(() => {});
  };
  await assertRejects(() => sync(null, { dial, signal: controller.signal }), DOMException);
});
