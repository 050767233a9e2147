import { KnownAgents, type KnownAgentsOptions } from "../../../keeper/trust/known_agents.ts";
import type { AgentContact, Judgement } from "../../../keeper/trust/trust_policy.ts";
import { MemoryKnownAgentsStore } from "../../../keeper/trust/known_agents_store.ts";
import { StorageError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { contactOf, fingerprintOf, NOW_MS, pinOf, stateOf } from "./known_agents_fixtures.ts";

const OPTIONS: KnownAgentsOptions = {
  app: "demo",
  trust: "approve",
  firstUseLimit: 1,
  sightingLifetimeMs: 1_000,
  now: () => NOW_MS,
};

const MOVED = { address: "198.51.100.1:1" };
const ON_RECORD = contactOf("a").address;
const RELAY = { verdict: "refused", code: "relay-suspected" } as const;

/** Lets a contact begin, and judges it. */
async function begin(known: KnownAgents, contact: AgentContact): Promise<Judgement> {
  known.beginContact(contact.address);
  return await known.judge(contact);
}

/** Lets a contact come to its end. */
async function complete(known: KnownAgents, contact: AgentContact): Promise<void> {
  assertEquals((await begin(known, contact)).verdict, "trusted");
  known.finishContact(contact.address, contact.fingerprint);
}

function knownBy(
  store: MemoryKnownAgentsStore,
  options: Partial<KnownAgentsOptions> = {},
): KnownAgents {
  return new KnownAgents(store, { ...OPTIONS, ...options });
}

Deno.test("KnownAgents.judge records a first-use place before it says that it was given", async () => {
  const store = new MemoryKnownAgentsStore();
  const known = knownBy(store, { trust: "first-use" });
  const judgement = await known.judge(contactOf("a"));
  const news = { kind: "first-use", place: 1, places: 1 };
  assertEquals<unknown>(judgement, {
    verdict: "trusted",
    ground: "first-use",
    sinceMs: NOW_MS,
    news,
  });
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
  await complete(known, contactOf("a"));
  assertEquals(await known.judge(contactOf("a", MOVED)), RELAY);
});

Deno.test("KnownAgents.reload sees what the operator decided", async () => {
  const store = new MemoryKnownAgentsStore();
  const known = knownBy(store);
  assertEquals((await known.judge(contactOf("a"))).verdict, "pending");
  await store.update((state) => ({ ...state, agents: [pinOf("a")] }));
  await known.reload();
  assertEquals((await known.judge(contactOf("a"))).verdict, "trusted");
  assert(known.isRecorded("203.0.113.1:8888"));
  assertEquals(["a", "b"].map((name) => known.groundOf(fingerprintOf(name))), ["approved", null]);
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
  const manifest = { component: null, digest: "aa", sinceMs: 0 };
  const first = await known.revisionOf(manifest);
  assertEquals(await known.revisionOf(manifest), first);
  assertEquals((await store.load()).revisions.length, 1);
});

Deno.test("KnownAgents.revisionOf grows with each other manifest, also where the clock does not", async () => {
  let nowMs = NOW_MS;
  const known = knownBy(new MemoryKnownAgentsStore(), { now: () => nowMs });
  const revisions: number[] = [];
  for (const digest of ["aa", "bb", "aa"]) {
    revisions.push(await known.revisionOf({ component: null, digest, sinceMs: 0 }));
    nowMs -= 5_000;
  }
  assertEquals(revisions, [NOW_MS, NOW_MS + 1, NOW_MS + 2]);
});

Deno.test("KnownAgents.revisionOf counts each component by itself", async () => {
  const store = new MemoryKnownAgentsStore();
  const known = knownBy(store);
  await known.revisionOf({ component: "web", digest: "aa", sinceMs: 0 });
  await known.revisionOf({ component: "db", digest: "aa", sinceMs: 0 });
  assertEquals((await store.load()).revisions.length, 2);
});

Deno.test("KnownAgents.revisionOf is not below the time of an agent's level, and stays there", async () => {
  const store = new MemoryKnownAgentsStore();
  const known = knownBy(store);
  const declared = { component: null, digest: "aa" };
  const first = await known.revisionOf({ ...declared, sinceMs: 0 });
  const state = await store.load();
  for (let i = 0; i < 3; i++) {
    assertEquals(await known.revisionOf({ ...declared, sinceMs: first + 9 }), first + 9);
    assertEquals(await known.revisionOf({ ...declared, sinceMs: 0 }), first);
  }
  assertEquals(await store.load() === state, true);
});

Deno.test("KnownAgents.revisionOf passes every level with the next change, whatever the clock", async () => {
  const ahead = NOW_MS + 60_000;
  const agents = [
    pinOf("a", { pinnedAtMs: ahead }),
    pinOf("b", { app: "x", pinnedAtMs: 2 * ahead }),
  ];
  const known = knownBy(new MemoryKnownAgentsStore(stateOf({ agents })));
  await known.reload();
  const declared = { component: null, digest: "aa", sinceMs: 0 };
  assertEquals(await known.revisionOf(declared), ahead + 1);
});

Deno.test("KnownAgents.judge records an enrolment before it says so", async () => {
  const store = new MemoryKnownAgentsStore(stateOf({ agents: [pinOf("b")] }));
  const known = knownBy(store);
  await known.reload();
  const judgement = await known.judge(contactOf("a", { enrolment: "valid" }));
  assertEquals(judgement.verdict === "trusted" && judgement.ground, "enrolled");
  assertEquals((await store.load()).agents.map(({ fingerprint }) => fingerprint), [
    fingerprintOf("a"),
  ]);
});

Deno.test("KnownAgents.judge trusts nobody whose enrolment cannot be recorded", async () => {
  const store = new MemoryKnownAgentsStore();
  const full = {
    load: () => store.load(),
    update: () => Promise.reject(new StorageError("disk-full", "no space is left")),
  };
  const known = new KnownAgents(full, { ...OPTIONS, trust: "approve" });
  const contact = contactOf("a", { enrolment: "valid" });
  await assertRejects(() => known.judge(contact), StorageError, "disk-full");
});

Deno.test("KnownAgents.judge does not list a wrong proof among those that wait", async () => {
  const store = new MemoryKnownAgentsStore();
  const known = knownBy(store);
  await known.judge(contactOf("a", { enrolment: "invalid" }));
  await known.settle({ fleetSinceMs: null });
  assertEquals((await store.load()).pending, []);
});

Deno.test("KnownAgents.judge goes by the list and the number of instances as they are now", async () => {
  let instances: number | null = null;
  let isListed = false;
  const known = knownBy(new MemoryKnownAgentsStore(), {
    trust: "first-use",
    firstUseLimit: null,
    instances: () => instances,
    isListed: () => isListed,
  });
  const reasons: unknown[] = [];
  const judge = async () => {
    const judgement = await known.judge(contactOf("a"));
    reasons.push(judgement.verdict === "pending" ? judgement.reason : judgement.verdict);
  };
  await judge();
  isListed = true;
  await judge();
  instances = 1;
  await judge();
  assertEquals(reasons, ["not-listed", "places-unknown", "trusted"]);
});

Deno.test("KnownAgents.judge hears the address on record before another with its key", async () => {
  const known = knownBy(new MemoryKnownAgentsStore(stateOf({ agents: [pinOf("a")] })));
  await known.reload();
  known.beginContact(ON_RECORD);
  const relay = known.judge(contactOf("a", MOVED));
  assertEquals((await known.judge(contactOf("a"))).verdict, "trusted");
  known.finishContact(ON_RECORD, fingerprintOf("a"));
  assertEquals(await relay, RELAY);
});

Deno.test("KnownAgents.judge accepts an agent that has moved once its old address is over", async () => {
  const known = knownBy(new MemoryKnownAgentsStore(stateOf({ agents: [pinOf("a")] })));
  await known.reload();
  known.beginContact(ON_RECORD);
  const moved = known.judge(contactOf("a", MOVED));
  known.endContact(ON_RECORD);
  assertEquals((await moved).verdict, "trusted");
});

Deno.test("KnownAgents.judge serves an agent although the address on record breaks off", async () => {
  const known = knownBy(new MemoryKnownAgentsStore(stateOf({ agents: [pinOf("a")] })));
  await known.reload();
  // The relay is on record: it lets the agent say who it is, and goes no further.
  assertEquals((await begin(known, contactOf("a"))).verdict, "trusted");
  const agent = known.judge(contactOf("a", MOVED));
  known.finishContact(ON_RECORD, null);
  assertEquals((await agent).verdict, "trusted");
});

Deno.test("KnownAgents.judge hears the first of two addresses to its end where none is on record", async () => {
  for (const [completedBy, expected] of [[fingerprintOf("a"), "refused"], [null, "trusted"]]) {
    const unknown = { address: null, lastSeenMs: null, firstSeenMs: null };
    const store = new MemoryKnownAgentsStore(stateOf({ agents: [pinOf("a", unknown)] }));
    const known = knownBy(store);
    await known.reload();
    known.beginContact(MOVED.address);
    known.beginContact(ON_RECORD);
    const judgements = [known.judge(contactOf("a")), known.judge(contactOf("a", MOVED))];
    assertEquals((await judgements[0])?.verdict, "trusted");
    known.finishContact(ON_RECORD, completedBy ?? null);
    assertEquals((await judgements[1])?.verdict, expected);
  }
});

Deno.test("KnownAgents.judge serves the other address for as long as the one on record fails", async () => {
  const known = knownBy(new MemoryKnownAgentsStore(stateOf({ agents: [pinOf("a")] })));
  await known.reload();
  await complete(known, contactOf("a"));
  known.beginContact(ON_RECORD);
  known.finishContact(ON_RECORD, null);
  await complete(known, contactOf("a", MOVED));
  // The record has moved, and whoever was there before is the second one now.
  assertEquals(await begin(known, contactOf("a")), RELAY);
});

Deno.test("KnownAgents.finishContact moves no record that completes its contacts", async () => {
  const store = new MemoryKnownAgentsStore(stateOf({ agents: [pinOf("a")] }));
  const known = knownBy(store);
  await known.reload();
  assertEquals((await known.judge(contactOf("a", MOVED))).verdict, "trusted");
  await complete(known, contactOf("a"));
  known.finishContact(MOVED.address, fingerprintOf("a"));
  await known.settle({ fleetSinceMs: null });
  assertEquals((await store.load()).agents.map(({ address }) => address), [ON_RECORD]);
  assertEquals((await known.judge(contactOf("a"))).verdict, "trusted");
});

Deno.test("KnownAgents.settle has an agent on record where a contact was completed, not where one began", async () => {
  const store = new MemoryKnownAgentsStore();
  const known = knownBy(store, { trust: "first-use" });
  const addresses: unknown[] = [];
  const settle = async () => {
    await known.settle({ fleetSinceMs: null });
    addresses.push((await store.load()).agents.map(({ address }) => address));
    addresses.push([known.isRecorded(ON_RECORD), known.hasKeyAt(ON_RECORD)]);
  };
  await begin(known, contactOf("a"));
  known.finishContact(ON_RECORD, null);
  await settle();
  await complete(known, contactOf("a"));
  await settle();
  assertEquals(addresses, [[null], [false, true], [ON_RECORD], [true, true]]);
});

Deno.test("KnownAgents.settle misses nobody whose address was not dialled", async () => {
  const agents = [
    pinOf("a", { address: "a:1", trust: "first-use" }),
    pinOf("b", { address: "b:1", trust: "first-use" }),
  ];
  const store = new MemoryKnownAgentsStore(stateOf({ agents }));
  const known = knownBy(store, { trust: "first-use", firstUseLimit: 3 });
  await known.reload();
  await complete(known, contactOf("c", { address: "c:1" }));
  known.beginContact("a:1");
  known.finishContact("a:1", null);
  await known.settle({ fleetSinceMs: NOW_MS });
  const missed = (await store.load()).agents.map(({ missingSinceMs }) => missingSinceMs);
  assertEquals(missed, [NOW_MS, null, null]);
});

Deno.test("KnownAgents.revisionOf keeps to one revision however the app is written", async () => {
  const store = new MemoryKnownAgentsStore();
  const declared = { component: null, digest: "00".repeat(32), sinceMs: 0 };
  const first = await knownBy(store, { app: "Demo" }).revisionOf(declared);
  const known = knownBy(store, { now: () => NOW_MS + 9 });
  await known.reload();
  assertEquals(await known.revisionOf(declared), first);
  await known.revisionOf({ ...declared, digest: "11".repeat(32) });
  assertEquals((await store.load()).revisions.map(({ app }) => app), ["Demo"]);
});

Deno.test("KnownAgents.isRecorded finds the agents of an app however it is written", async () => {
  const store = new MemoryKnownAgentsStore(stateOf({ agents: [pinOf("a")] }));
  const known = knownBy(store, { app: "DEMO" });
  await known.reload();
  assertEquals(known.isRecorded("203.0.113.1:8888"), true);
});

Deno.test("KnownAgents.raiseRevision goes beyond what is on record, once for each component", async () => {
  const revision = { app: "demo", component: "web", revision: NOW_MS + 5, digest: "00".repeat(32) };
  const other = { ...revision, component: "db" };
  const store = new MemoryKnownAgentsStore(stateOf({ revisions: [revision, other] }));
  const known = new KnownAgents(store, {
    app: "demo",
    trust: "approve",
    firstUseLimit: 0,
    sightingLifetimeMs: 1_000,
    now: () => NOW_MS,
  });
  assertEquals([await known.raiseRevision("web"), await known.raiseRevision("web")], [true, false]);
  assertEquals((await store.load()).revisions, [{ ...revision, revision: NOW_MS + 6 }, other]);
});

const PRIMARY = contactOf("a", { component: null });

Deno.test("KnownAgents.findRelayFault lets those relay who are trusted, and notes nothing", async () => {
  const state = stateOf({ agents: [pinOf("a")] });
  const store = new MemoryKnownAgentsStore(state);
  const known = knownBy(store);
  await known.reload();
  assertEquals(known.findRelayFault(PRIMARY), null);
  assertEquals(known.findRelayFault({ ...PRIMARY, enrolment: "valid" }), null);
  await known.settle({ fleetSinceMs: 0 });
  assertEquals(await store.load() === state, true);
});

for (const trust of ["approve", "first-use"] as const) {
  Deno.test(`KnownAgents.findRelayFault lets nobody new relay under ${trust}`, async () => {
    const store = new MemoryKnownAgentsStore();
    const known = knownBy(store, { trust });
    await known.reload();
    assertEquals(known.findRelayFault(PRIMARY), "agent-pending");
    assertEquals(known.findRelayFault({ ...PRIMARY, enrolment: "valid" }), "agent-pending");
    assertEquals(known.findRelayFault({ ...PRIMARY, enrolment: "invalid" }), "enrolment-invalid");
    await known.settle({ fleetSinceMs: 0 });
    assertEquals(await store.load(), stateOf());
  });
}

Deno.test("KnownAgents.findRelayFault says why a key may not relay", async () => {
  const known = knownBy(new MemoryKnownAgentsStore(stateOf({ agents: [pinOf("a")] })));
  await known.reload();
  assertEquals(known.findRelayFault(contactOf("b")), "identity-changed");
  assertEquals(known.findRelayFault({ ...PRIMARY, component: "web" }), "identity-mismatch");
  assertEquals(known.findRelayFault({ ...PRIMARY, app: "other" }), "app-mismatch");
  await complete(known, PRIMARY);
  assertEquals(known.findRelayFault({ ...PRIMARY, ...MOVED }), "relay-suspected");
  const clone = { ...PRIMARY, ...MOVED, instance: "11" };
  assertEquals(known.findRelayFault(clone), "clone-suspected");
  // Nothing of that was noted.
  assertEquals((await known.judge(PRIMARY)).verdict, "trusted");
});
