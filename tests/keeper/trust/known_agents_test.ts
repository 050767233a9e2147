import { KnownAgents, MemoryKnownAgentsStore } from "../../../keeper/trust/known_agents.ts";
import type { KnownAgentsOptions } from "../../../keeper/trust/known_agents.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { contactOf, fingerprintOf, NOW_MS, pinOf, stateOf } from "./known_agents_fixtures.ts";

function knownBy(
  store: MemoryKnownAgentsStore,
  options: Partial<KnownAgentsOptions> = {},
): KnownAgents {
  return new KnownAgents(store, {
    app: "demo",
    trust: "approve",
    firstUseLimit: 1,
    sightingLifetimeMs: 1_000,
    now: () => NOW_MS,
    ...options,
  });
}

Deno.test("KnownAgents.judge records a first-use place before it says that it was given", async () => {
  const store = new MemoryKnownAgentsStore();
  const known = knownBy(store, { trust: "first-use" });
  const judgement = await known.judge(contactOf("a"));
  assertEquals(judgement, { verdict: "trusted", ground: "first-use", isNew: true });
  assertEquals((await store.load()).agents.map(({ fingerprint }) => fingerprint), [
    fingerprintOf("a"),
  ]);
});

Deno.test("KnownAgents.judge gives one place to one of two that come at once", async () => {
  const known = knownBy(new MemoryKnownAgentsStore(), { trust: "first-use" });
  const judgements = await Promise.all([
    known.judge(contactOf("a")),
    known.judge(contactOf("b", { address: "203.0.113.2:8888" })),
  ]);
  assertEquals(judgements.map(({ verdict }) => verdict), ["trusted", "pending"]);
});

Deno.test("KnownAgents.judge sees a place that another process took", async () => {
  const store = new MemoryKnownAgentsStore();
  const known = knownBy(store, { trust: "first-use" });
  await known.reload();
  await store.update((state) => ({
    ...state,
    agents: [pinOf("b", { trust: "first-use", address: "203.0.113.2:8888" })],
  }));
  assertEquals((await known.judge(contactOf("a"))).verdict, "pending");
});

Deno.test("KnownAgents.judge refuses the second address of one process", async () => {
  const store = new MemoryKnownAgentsStore(stateOf({ agents: [pinOf("a")] }));
  const known = knownBy(store);
  await known.reload();
  assertEquals((await known.judge(contactOf("a"))).verdict, "trusted");
  assertEquals(await known.judge(contactOf("a", { address: "198.51.100.1:1" })), {
    verdict: "refused",
    code: "relay-suspected",
  });
});

Deno.test("KnownAgents.reload sees what the operator decided", async () => {
  const store = new MemoryKnownAgentsStore();
  const known = knownBy(store);
  assertEquals((await known.judge(contactOf("a"))).verdict, "pending");
  await store.update((state) => ({ ...state, agents: [pinOf("a")] }));
  await known.reload();
  assertEquals((await known.judge(contactOf("a"))).verdict, "trusted");
  assert(known.isKnown(fingerprintOf("a")) && known.isRecorded("203.0.113.1:8888"));
});

Deno.test("KnownAgents.settle writes down who waits", async () => {
  const store = new MemoryKnownAgentsStore();
  const known = knownBy(store);
  await known.judge(contactOf("a"));
  assertEquals((await store.load()).pending, []);
  await known.settle({ fleetSinceMs: null });
  assertEquals((await store.load()).pending.map(({ fingerprint }) => fingerprint), [
    fingerprintOf("a"),
  ]);
});

Deno.test("KnownAgents.settle lists a changed key, but not where only pinned ones are served", async () => {
  for (const [trust, reasons] of [["approve", ["changed"]], ["pinned", []]] as const) {
    const store = new MemoryKnownAgentsStore(stateOf({ agents: [pinOf("b")] }));
    const known = knownBy(store, { trust });
    await known.reload();
    await known.judge(contactOf("a"));
    await known.settle({ fleetSinceMs: null });
    assertEquals((await store.load()).pending.map(({ reason }) => reason), [...reasons]);
  }
});

Deno.test("KnownAgents.revisionOf keeps the revision of a manifest that stays", async () => {
  let nowMs = NOW_MS;
  const store = new MemoryKnownAgentsStore();
  const known = knownBy(store, { now: () => nowMs++ });
  const manifest = { component: null, digest: "aa" };
  const first = await known.revisionOf(manifest);
  assertEquals(await known.revisionOf(manifest), first);
  assertEquals((await store.load()).revisions.length, 1);
});

Deno.test("KnownAgents.revisionOf grows with each other manifest, also where the clock does not", async () => {
  let nowMs = NOW_MS;
  const known = knownBy(new MemoryKnownAgentsStore(), { now: () => nowMs });
  const revisions: number[] = [];
  for (const digest of ["aa", "bb", "aa"]) {
    revisions.push(await known.revisionOf({ component: null, digest }));
    nowMs -= 5_000;
  }
  assertEquals(revisions, [NOW_MS, NOW_MS + 1, NOW_MS + 2]);
});

Deno.test("KnownAgents.revisionOf counts each component by itself", async () => {
  const store = new MemoryKnownAgentsStore();
  const known = knownBy(store);
  await known.revisionOf({ component: "web", digest: "aa" });
  await known.revisionOf({ component: "db", digest: "aa" });
  assertEquals((await store.load()).revisions.length, 2);
});

const MOVED = { address: "198.51.100.1:1" };
const ON_RECORD = contactOf("a").address;

Deno.test("KnownAgents.judge hears the address on record before another with its key", async () => {
  const known = knownBy(new MemoryKnownAgentsStore(stateOf({ agents: [pinOf("a")] })));
  await known.reload();
  known.beginContact(ON_RECORD);
  const relay = known.judge(contactOf("a", MOVED));
  assertEquals((await known.judge(contactOf("a"))).verdict, "trusted");
  assertEquals(await relay, { verdict: "refused", code: "relay-suspected" });
});

Deno.test("KnownAgents.judge accepts an agent that has moved once its old address is over", async () => {
  const known = knownBy(new MemoryKnownAgentsStore(stateOf({ agents: [pinOf("a")] })));
  await known.reload();
  known.beginContact(ON_RECORD);
  const moved = known.judge(contactOf("a", MOVED));
  known.endContact(ON_RECORD);
  assertEquals((await moved).verdict, "trusted");
});
