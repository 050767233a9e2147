import { prepareDelivery } from "../../../keeper/contact/delivery.ts";
import { MAX_EXTRA_RESULTS } from "../../../keeper/limits.ts";
import type { AgentOutcome, ContactReport } from "../../../keeper/report/report.ts";
import type { SyncOptions } from "../../../keeper/contact/contact.ts";
import { syncAgent } from "../../../keeper/contact/sync_agent.ts";
import { Deliveries } from "../../../keeper/original/mod.ts";
import {
  KnownAgents,
  MemoryKnownAgentsStore,
  type TrustPolicy,
} from "../../../keeper/trust/mod.ts";
import { encodeUtf8, SILENT_LOGGER, STAGE_PREFIX } from "../../../protocol/mod.ts";
import { encodePingFrame } from "../../../protocol/frame.ts";
import { NOT_REQUESTED } from "../../../protocol/original/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import {
  askAsNode,
  type Behaviour,
  declared,
  FakeAgent,
  FakeNetwork,
  FakeNode,
  greedyNode,
  leaseSharedKey,
  memoryView,
  playedNode,
  silentNode,
} from "../../support/fake_fleet.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { COLLISION } from "../../support/original_peers.ts";
import { askFor, playedAgent, sayDone } from "../../support/played_agent.ts";
import { pinOf, stateOf } from "../trust/known_agents_fixtures.ts";

const ADDRESS = { host: "agent", port: 1 };
const FILES = { "a": "alpha", "b": "beta" };

interface SyncSetup extends Partial<SyncOptions> {
  readonly trust?: TrustPolicy;
  readonly missing?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
}

async function sync(behaviour: Behaviour | null, setup: SyncSetup = {}): Promise<ContactReport> {
  const { trust = "first-use", missing = [], files = FILES, ...options } = setup;
  const network = new FakeNetwork();
  if (behaviour !== null) network.set("agent:1", behaviour);
  const view = await memoryView(files);
  const declarations = declared(...Object.keys(files), ...missing);
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
    delivery: await prepareDelivery({ inspect: () => Promise.resolve(view) }, declarations),
    wire: 2,
    signer: null,
    deliveries: new Deliveries(),
    expectsAll: true,
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

function syncOriginal(behaviour: Behaviour | null, setup: SyncSetup = {}): Promise<ContactReport> {
  return sync(behaviour, { wire: "original", ...setup });
}

Deno.test("syncAgent gives a node of the original what it asks for, and knows nobody there", async () => {
  const node = new FakeNode(["a", "b"]);
  const deliveries = new Deliveries();
  const report = await syncOriginal(node.serve, { deliveries });
  assertEquals(outcomesOf(report.outcome), { a: "created", b: "created" });
  assertEquals(node.store.read("b"), encodeUtf8("beta"));
  const { wire, component, fingerprint, trust, software } = report;
  assertEquals([wire, trust], ["original", "address"]);
  assertEquals([component, fingerprint, software], [null, null, null]);
  assertEquals(deliveries.last("agent:1", "b")?.slice(0, 8), "f44e64e7");
});

Deno.test("syncAgent tells a node of the original what it was not given, and what it left out", async () => {
  const node = new FakeNode(["a", "etc/passwd", "gone"]);
  const { outcome } = await syncOriginal(node.serve, { missing: ["gone", "lost"] });
  assertEquals(outcomesOf(outcome), {
    "a": "created",
    "b": "failed",
    "gone": "missing",
    "lost": "missing",
    "etc/passwd": "denied",
  });
  assert(outcome.kind === "delivered");
  assertEquals(outcome.files.find(({ path }) => path === "b")?.code, NOT_REQUESTED);
});

Deno.test("syncAgent lets a node of the original leave out what it need not ask for", async () => {
  const node = new FakeNode(["a", "c"]);
  const { outcome } = await syncOriginal(node.serve, { expectsAll: false });
  assertEquals(outcomesOf(outcome), { a: "created", c: "missing" });
});

Deno.test("syncAgent sends a file of equal checksum that is not what it delivered last", async () => {
  const [first, second] = COLLISION;
  const node = new FakeNode(["a"]);
  const deliveries = new Deliveries();
  await syncOriginal(node.serve, { files: { a: first }, deliveries });
  const { outcome } = await syncOriginal(node.serve, { files: { a: second }, deliveries });
  assertEquals(outcomesOf(outcome), { a: "updated" });
  assertEquals(node.store.read("a"), encodeUtf8(second));
  const again = await syncOriginal(node.serve, { files: { a: second }, deliveries });
  assertEquals(outcomesOf(again.outcome), { a: "unchanged" });
});

Deno.test("syncAgent goes by the checksum of a node of which it knows nothing, from then on not", async () => {
  const [first, second] = COLLISION;
  const node = new FakeNode(["a"]);
  await syncOriginal(node.serve, { files: { a: first } });
  const deliveries = new Deliveries();
  const { outcome } = await syncOriginal(node.serve, { files: { a: first }, deliveries });
  assertEquals(outcomesOf(outcome), { a: "unchanged" });
  const { outcome: next } = await syncOriginal(node.serve, { files: { a: second }, deliveries });
  assertEquals(outcomesOf(next), { a: "updated" });
});

Deno.test("syncAgent takes nothing for delivered that a node does not confirm", async () => {
  const deliveries = new Deliveries();
  const behaviour = playedNode(async (session) => {
    assertEquals(await askAsNode(session, "a"), "Success");
    await session.link.close();
  });
  const { outcome } = await syncOriginal(behaviour, { deliveries });
  assertEquals(outcome, { kind: "failed", code: "truncated" });
  assertEquals(deliveries.last("agent:1", "a"), null);
});

Deno.test("syncAgent does not dial by the original's wire where a key is on record", async () => {
  const pin = pinOf("known", { app: null, address: "agent:1" });
  const options = { app: null, trust: "first-use", firstUseLimit: 1 } as const;
  const times = { sightingLifetimeMs: 1_000, now: Date.now };
  const store = new MemoryKnownAgentsStore(stateOf({ agents: [pin] }));
  const known = new KnownAgents(store, { ...options, ...times });
  await known.reload();
  const node = new FakeNode(["a"]);
  const { outcome } = await syncOriginal(node.serve, { known });
  assertEquals([outcome, node.contacts], [{ kind: "failed", code: "key-on-record" }, 0]);
});

Deno.test("syncAgent sends not a byte to a node of the original that it meets by protocol 2", async () => {
  const node = new FakeNode(["a"]);
  let received = 0;
  const { outcome, wire } = await sync((duplex) => {
    const counting = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller): void {
        received += chunk.length;
        controller.enqueue(chunk);
      },
    });
    return node.serve({ ...duplex, readable: duplex.readable.pipeThrough(counting) });
  });
  assertEquals([outcome, wire], [{ kind: "failed", code: "original-wire" }, 2]);
  assertEquals([node.contacts, received, node.store.paths()], [1, 0, []]);
});

Deno.test("syncAgent reports an agent of protocol 2 that does not take the original's wire", async () => {
  const agent = await FakeAgent.make();
  const { outcome } = await syncOriginal(agent.serve);
  assertEquals(outcome, { kind: "failed", code: "original-refused" });
  assertEquals(agent.store.paths(), []);
});

Deno.test("syncAgent says of an agent on the original's wire that it offers protocol 2", async () => {
  const logger = new MemoryLogger();
  const agent = await FakeAgent.make({ originalFiles: ["a", "b"] });
  const { outcome } = await syncOriginal(agent.serve, { logger });
  assertEquals(outcomesOf(outcome), { a: "created", b: "created" });
  const [message] = logger.messages("info");
  assert(message?.endsWith("offers protocol 2."), message);
});

Deno.test("syncAgent warns of a file whose line ends a node of the original does not get", async () => {
  const logger = new MemoryLogger();
  const node = new FakeNode(["a"]);
  await syncOriginal(node.serve, { files: { a: "one\r\ntwo" }, logger });
  assertEquals(node.store.read("a"), encodeUtf8("one\ntwo"));
  const { level, properties } = logger.events[0] ?? {};
  assertEquals([level, properties], ["warn", { address: "agent:1", path: "a" }]);
});

Deno.test("syncAgent reports a node of the original that nobody reaches", async () => {
  const { outcome } = await syncOriginal(null);
  assertEquals(outcome, { kind: "unreachable", code: "connection-refused" });
});

const LYING_NODES: readonly (readonly [string, Behaviour, string])[] = [
  ["dies at once", (duplex) => duplex.writable.close(), "truncated"],
  ["talks nonsense", async (duplex) => {
    await duplex.writable.getWriter().write(encodeUtf8("SSH-2.0-OpenSSH_9.6\r\n"));
  }, "message-malformed"],
  ["hangs up once it has a key", async (duplex) => {
    const writer = duplex.writable.getWriter();
    const { publicKeyPem: PublicKey } = await leaseSharedKey();
    await writer.write(encodeUtf8(JSON.stringify({ State: "KEYSENT", PublicKey })));
    await duplex.readable.getReader().read();
    await writer.close();
  }, "truncated"],
  ["dies in the middle", playedNode(({ link }) => link.close()), "truncated"],
  [
    "does not seal what it says",
    playedNode(({ channel }) => channel.writeClear(new Map(), { newline: true })),
    "message-malformed",
  ],
  ["asks for ever", greedyNode, "too-many-messages"],
];

for (const [what, behaviour, code] of LYING_NODES) {
  Deno.test(`syncAgent survives a node of the original that ${what}`, async () => {
    assertEquals((await syncOriginal(behaviour)).outcome, { kind: "failed", code });
  });
}

Deno.test("syncAgent gives up on a node of the original that hangs, before its key and behind", async () => {
  const stopped = Promise.withResolvers<void>();
  const silent = syncOriginal(() => stopped.promise, { limits: { baseTimeMs: 20 } });
  stopped.resolve();
  assertEquals((await silent).outcome, { kind: "failed", code: "timed-out" });
  await leaseSharedKey();
  // So long that it can open the session first, on a slow machine too.
  const open = await syncOriginal(silentNode, { limits: { baseTimeMs: 1_000 } });
  assertEquals(open.outcome, { kind: "failed", code: "timed-out" });
});
