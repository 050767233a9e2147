import {
  DeliveryDesk,
  type DeliveryOptions,
  type DeliveryOutcome,
} from "../../../agent/delivery/delivery.ts";
import type { CallDesk } from "../../../protocol/calls/call_desk.ts";
import { CallError } from "../../../protocol/calls/call_error.ts";
import { converseAsKeeper } from "../../../protocol/calls/converse_as_keeper.ts";
import { deliverAsKeeper } from "../../../protocol/deliver_as_keeper.ts";
import { encodeUtf8 } from "../../../protocol/bytes.ts";
import { duplexPair } from "../../../protocol/duplex.ts";
import { ConnectionError, PeerRejectedError, StorageError } from "../../../protocol/errors.ts";
import type { ManifestMessage } from "../../../protocol/messages.ts";
import { MemorySecretStore } from "../../../protocol/memory_secret_store.ts";
import {
  deliverOriginalAsKeeper,
  openOriginalAsAgent,
  openOriginalAsKeeper,
  type OriginalSession,
} from "../../../protocol/original/mod.ts";
import type { SecretSource } from "../../../protocol/secret_source.ts";
import { AgentPort } from "../../support/agent_port.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { ECHO, HeldAction } from "../../support/call_desks.ts";
import { DiskYard } from "../../support/disk_yard.ts";
import { leaseSharedKey } from "../../support/fake_fleet.ts";
import { sourceOf, StuckSource, StuckStore } from "../../support/stuck_delivery.ts";

function deliver(port: AgentPort, source: SecretSource) {
  return port.openSession().then((session) => deliverAsKeeper(session, source, { revision: 1 }));
}

Deno.test("DeliveryDesk receives one delivery at a time, the second after the first", async () => {
  const order: string[] = [];
  class Ordered extends MemorySecretStore {
    override keepManifest(...args: Parameters<MemorySecretStore["keepManifest"]>): Promise<void> {
      order.push("begin");
      return super.keepManifest(...args);
    }
    override settle(): ReturnType<MemorySecretStore["settle"]> {
      order.push("end");
      return super.settle();
    }
  }
  await using port = await AgentPort.open({ store: new Ordered() });
  const source = await sourceOf({ a: "one" });
  await Promise.all([deliver(port, source), deliver(port, source), deliver(port, source)]);
  assertEquals(order, ["begin", "end", "begin", "end", "begin", "end"]);
});

Deno.test("DeliveryDesk checks a manifest in its turn, and acts on none that is refused", async () => {
  const store = new MemorySecretStore();
  const checked: number[] = [];
  const checkManifest = ({ revision }: ManifestMessage) => {
    checked.push(revision);
    if (revision > 1) throw new PeerRejectedError("manifest-stale", "no", { by: "us" });
    return null;
  };
  await using port = await AgentPort.open({ store, checkManifest });
  await deliver(port, await sourceOf({ a: "one" }));
  const session = await port.openSession();
  const refused = deliverAsKeeper(session, await sourceOf({ b: "two" }), { revision: 2 });
  const error = await assertRejects(() => refused, PeerRejectedError, "manifest-stale");
  assertEquals([error.by, checked, store.paths()], ["peer", [1, 2], ["a"]]);
  // The turn went on to the next.
  await deliver(port, await sourceOf({ a: "three" }));
});

Deno.test("DeliveryDesk tells a keeper that it is busy when the delivery before does not end", async () => {
  const store = new StuckStore();
  await using port = await AgentPort.open({ store, busyWaitMs: 5 });
  const source = await sourceOf({ a: "one" });
  const first = deliver(port, source);
  await store.reached.promise;
  const error = await assertRejects(() => deliver(port, source), PeerRejectedError, "busy");
  assertEquals(error.by, "peer");
  store.letGo.resolve();
  assertEquals((await first).files[0]?.outcome, "created");
});

Deno.test("DeliveryDesk lets no session keep the turn that delivers nothing", async () => {
  await using port = await AgentPort.open();
  const idle = await port.openSession();
  const { files } = await deliver(port, await sourceOf({ a: "one" }));
  assertEquals(files[0]?.outcome, "created");
  await idle.close();
});

Deno.test("DeliveryDesk ends a session in which no manifest comes", async () => {
  await using port = await AgentPort.open({ manifestTimeoutMs: 500 });
  const idle = await port.openSession();
  const { error } = await port.report(0);
  assert(error instanceof ConnectionError && error.code === "timed-out");
  await idle.close();
});

/** Counts how often what was put in place is settled. */
class CountingStore extends MemorySecretStore {
  settled = 0;
  override settle(): ReturnType<MemorySecretStore["settle"]> {
    this.settled++;
    return super.settle();
  }
}

Deno.test("DeliveryDesk settles nothing for a session that breaks before its turn", async () => {
  const store = new CountingStore();
  await using port = await AgentPort.open({ store, manifestTimeoutMs: 500 });
  const idle = await port.openSession();
  await port.report(0);
  assertEquals(store.settled, 0);
  await idle.close();
});

Deno.test("DeliveryDesk settles what a vault of the original brought where it is cut off", async () => {
  const store = new CountingStore();
  const desk = new VaultDesk({ store, stallTimeoutMs: 1_000 });
  const { vault, outcome } = await desk.open();
  // It takes the first request and never answers.
  await vault.channel.readSealed({ what: "a request", maxBytes: 65_536, timeoutMs: 60_000 });
  const { isComplete } = await outcome;
  assertEquals([isComplete, store.settled], [false, 1]);
});

Deno.test("DeliveryDesk ends a delivery in which no file gets any further", async () => {
  await using port = await AgentPort.open({ stallTimeoutMs: 1_000 });
  const stuck = new StuckSource(await sourceOf({ a: "one" }));
  const delivery = deliver(port, stuck);
  const report = await port.report(0);
  stuck.letGo();
  assert(report.error instanceof ConnectionError && report.error.code === "timed-out");
  assertEquals(report.files, [{ path: "a", outcome: "failed", code: "connection-lost" }]);
  await assertRejects(() => delivery, ConnectionError);
});

Deno.test("DeliveryDesk refuses a session beyond its greatest number", async () => {
  await using port = await AgentPort.open({ maxSessions: 1 });
  const first = await port.openSession();
  const source = await sourceOf({ a: "one" });
  await assertRejects(() => deliver(port, source), PeerRejectedError, "busy");
  assertEquals((await deliverAsKeeper(first, source, { revision: 1 })).files.length, 1);
});

Deno.test("DeliveryDesk keeps one file's failure from the others and names it to both sides", async () => {
  class FullStore extends MemorySecretStore {
    override stage(path: string): ReturnType<MemorySecretStore["stage"]> {
      if (path !== "b") return super.stage(path);
      return Promise.reject(new StorageError("disk-full", "no space is left"));
    }
  }
  await using port = await AgentPort.open({ store: new FullStore() });
  const { files } = await deliver(port, await sourceOf({ a: "one", b: "two", c: "three" }));
  const failed = { path: "b", outcome: "failed", code: "disk-full" };
  assertEquals(files.find(({ path }) => path === "b"), failed as typeof files[number]);
  assertEquals(files.filter(({ outcome }) => outcome === "created").length, 2);
  assertEquals((await port.report(0)).files, files);
  const warning = port.logger.events.find(({ properties }) => properties.path === "b");
  assertEquals(warning?.properties.code, "disk-full");
});

Deno.test("DeliveryDesk reports what was on its way when the connection was lost", async () => {
  const store = new MemorySecretStore();
  const staged = Promise.withResolvers<void>();
  const stage = store.stage.bind(store);
  store.stage = (path) => {
    staged.resolve();
    return stage(path);
  };
  await using port = await AgentPort.open({ store });
  const session = await port.openSession();
  const stuck = new StuckSource(await sourceOf({ a: "one" }));
  const delivery = deliverAsKeeper(session, stuck, { revision: 1 });
  await staged.promise;
  await session.fail(new ConnectionError("connection-lost", "the cable was pulled"));
  const report = await port.report(0);
  stuck.letGo();
  assertEquals(report.isComplete, false);
  assertEquals(report.files, [{ path: "a", outcome: "failed", code: "connection-lost" }]);
  assertMatch(port.logger.messages("warn").join(), /a session broke off/);
  await assertRejects(() => delivery, ConnectionError);
});

Deno.test("DeliveryDesk asks for its own files too, and reports those that the vault lacks", async () => {
  await using port = await AgentPort.open({ files: ["wanted", "a"] });
  const { files } = await deliver(port, await sourceOf({ a: "one" }));
  const outcomes = Object.fromEntries(files.map(({ path, outcome }) => [path, outcome]));
  assertEquals(outcomes, { a: "created", wanted: "denied" });
});

/** A desk that vaults of the original come to. */
class VaultDesk {
  readonly #desk: DeliveryDesk;

  constructor(options: Partial<DeliveryOptions> = {}) {
    this.#desk = new DeliveryDesk({ store: new MemorySecretStore(), files: ["a"], ...options });
  }

  /** Opens a session; what the desk says of it comes when it has ended. */
  async open(): Promise<{ vault: OriginalSession; outcome: Promise<DeliveryOutcome> }> {
    const [agentEnd, vaultEnd] = duplexPair();
    const control = new AbortController();
    const lease = await leaseSharedKey();
    const [session, vault] = await Promise.all([
      openOriginalAsAgent(agentEnd, { lease, signal: control.signal }),
      openOriginalAsKeeper(vaultEnd),
    ]);
    const ends = { control, stop: new AbortController().signal };
    return { vault, outcome: this.#desk.receive({ wire: "original", session }, ends) };
  }

  /** Delivers like an honest vault. */
  async deliver(source: SecretSource): Promise<DeliveryOutcome> {
    const { vault, outcome } = await this.open();
    const [ended] = await Promise.all([outcome, deliverOriginalAsKeeper(vault, source)]);
    return ended;
  }
}

Deno.test("DeliveryDesk asks a vault of the original for each of its files, once", async () => {
  const desk = new VaultDesk({ files: ["a", "b", "a"] });
  const outcome = await desk.deliver(await sourceOf({ a: "one", c: "three" }));
  const expected: DeliveryOutcome = {
    wire: "original",
    isComplete: true,
    files: [{ path: "a", outcome: "created" }, { path: "b", outcome: "missing" }],
    hooks: [],
    isPlan: false,
    contentBytes: 3,
    error: null,
  };
  assertEquals(outcome, expected);
});

Deno.test("DeliveryDesk refuses a vault of the original beyond its greatest number of sessions", async () => {
  const desk = new VaultDesk({ maxSessions: 1 });
  const first = await desk.open();
  const second = await desk.open();
  const { isComplete, files, error } = await second.outcome;
  assertEquals([isComplete, files], [false, []]);
  assert(error instanceof PeerRejectedError && error.code === "busy" && error.by === "us");
  await assertRejects(() => second.vault.link.readSome(), ConnectionError, "connection-lost");
  await deliverOriginalAsKeeper(first.vault, await sourceOf({ a: "one" }));
  assertEquals((await first.outcome).isComplete, true);
});

Deno.test("DeliveryDesk ends a session in which a vault of the original gives nothing", async () => {
  const { outcome } = await new VaultDesk({ stallTimeoutMs: 300 }).open();
  const { error, isComplete } = await outcome;
  assertEquals(isComplete, false);
  assert(error instanceof ConnectionError && error.code === "timed-out");
});

Deno.test("DeliveryDesk reports what a vault of the original put in place before it was lost", async () => {
  class Lost extends MemorySecretStore {
    settled = 0;
    override settle(): ReturnType<MemorySecretStore["settle"]> {
      this.settled++;
      return super.settle();
    }
  }
  const store = new Lost();
  const { vault, outcome } = await new VaultDesk({ store, files: ["a", "b"] }).open();
  const options = { what: "a request", maxBytes: 65_536, timeoutMs: 60_000 };
  const request = await vault.channel.readSealed(options);
  const data = [["State", "DATA"], ["Body", "one"], ["Status", "Success"]] as const;
  await vault.channel.writeSealed(new Map([...request, ...data]), { newline: true });
  await vault.channel.readSealed(options);
  await vault.link.close();
  const { files, error } = await outcome;
  assertEquals([files, store.settled], [[{ path: "a", outcome: "created" }], 1]);
  assert(error instanceof ConnectionError && error.code === "truncated");
});

Deno.test("DeliveryDesk keeps one file's failure from the others that a vault of the original gives", async () => {
  class FullStore extends MemorySecretStore {
    override stage(path: string): ReturnType<MemorySecretStore["stage"]> {
      if (path !== "a") return super.stage(path);
      return Promise.reject(new StorageError("disk-full", "no space is left"));
    }
  }
  const desk = new VaultDesk({ store: new FullStore(), files: ["a", "b"] });
  const { isComplete, files } = await desk.deliver(await sourceOf({ a: "one", b: "two" }));
  assertEquals(isComplete, true);
  assertEquals(files, [{ path: "a", outcome: "failed", code: "disk-full" }, {
    path: "b",
    outcome: "created",
  }]);
});

Deno.test("DeliveryDesk puts nothing of a vault of the original in place beside another delivery", async () => {
  const holding = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const store = new MemorySecretStore();
  store.settle = async () => {
    held.resolve();
    await holding.promise;
    return [];
  };
  const desk = new VaultDesk({ store, busyWaitMs: 5 });
  const first = desk.deliver(await sourceOf({ a: "one" }));
  await held.promise;
  const { vault, outcome } = await desk.open();
  const second = deliverOriginalAsKeeper(vault, await sourceOf({ a: "two" }));
  await assertRejects(() => second, ConnectionError);
  holding.resolve();
  const { error } = await outcome;
  assert(error instanceof PeerRejectedError && error.code === "busy");
  assertEquals([(await first).isComplete, store.read("a")], [true, encodeUtf8("one")]);
});

Deno.test("DeliveryDesk lets files change places on the disk between two vaults of the original", async () => {
  await using yard = await DiskYard.make();
  const desk = new VaultDesk({ store: await yard.open(), files: ["a", "b"] });
  await desk.deliver(await sourceOf({ a: "one", b: "two" }));
  for (const [from, to] of [["a", "c"], ["b", "a"], ["c", "b"]]) {
    await Deno.rename(yard.path(`files/${from}`), yard.path(`files/${to}`));
  }
  const { files } = await desk.deliver(await sourceOf({ a: "one", b: "two" }));
  assertEquals(files.map(({ outcome }) => outcome), ["updated", "updated"]);
});

Deno.test("DeliveryDesk has a keeper that only calls wait for no delivery, and keep none waiting", async () => {
  const store = new StuckStore();
  await using port = await AgentPort.open({ store, busyWaitMs: 5, calls: { actions: [ECHO] } });
  const source = await sourceOf({ a: "one" });
  const first = deliver(port, source);
  await store.reached.promise;
  const session = await port.openSession();
  assertEquals(session.origin.readiness.wants, ["files", "calls"]);
  assertEquals(await converseAsKeeper(session, (desk) => desk.call("echo", { input: 1 })), 1);
  const { isComplete, isCallsOnly, isPlan, files, error } = await port.report(0);
  assertEquals([isComplete, isCallsOnly, isPlan, files, error], [true, true, false, [], null]);
  const calling = await port.openSession();
  await converseAsKeeper(calling, async () => {
    store.letGo.resolve();
    await first;
  });
});

Deno.test("DeliveryDesk passes its turn on while a keeper that has delivered still calls", async () => {
  const held = new HeldAction();
  await using port = await AgentPort.open({ busyWaitMs: 5, calls: { actions: [held] } });
  const source = await sourceOf({ a: "one" });
  const session = await port.openSession();
  const first = deliverAsKeeper(session, source, {
    revision: 1,
    calls: { work: async (desk) => void await desk.call("hold") },
  });
  await held.until(({ running }) => running === 1);
  while (port.reports.length === 0) {
    // It is the second's turn once the first has said DONE.
    await deliver(port, source).catch((error) => assertEquals(error.code, "busy"));
  }
  held.release();
  assertEquals((await first).files[0]?.outcome, "created");
});

Deno.test("DeliveryDesk gives a session with an open call the time that the call takes", async () => {
  const held = new HeldAction();
  await using port = await AgentPort.open({ manifestTimeoutMs: 20, calls: { actions: [held] } });
  const session = await port.openSession();
  const call = converseAsKeeper(session, (desk) => desk.call("hold"));
  await held.until(({ running }) => running === 1);
  // Another session has its manifest due meanwhile.
  const idle = await port.openSession();
  assertEquals((await port.report(0)).isComplete, false);
  held.release("in the end");
  assertEquals(await call, "in the end");
  await idle.close();
});

Deno.test("Agent asks every keeper, and writes down what came to nothing", async () => {
  const told: unknown[] = [];
  const work = async (desk: CallDesk) => {
    told.push(await desk.call("echo", { input: told.length }));
    await desk.call("sing");
  };
  await using port = await AgentPort.open({ calls: { work }, wants: ["relay"] });
  const session = await port.openSession();
  assertEquals(session.origin.readiness.wants, ["files", "calls", "relay"]);
  const source = await sourceOf({ a: "one" });
  const calls = { actions: [ECHO] };
  const { files } = await deliverAsKeeper(session, source, { revision: 1, calls });
  assertEquals([files[0]?.outcome, told], ["created", [0]]);
  assertEquals(port.logger.messages("warn"), ["what was asked of a keeper has failed"]);
});

Deno.test("Agent writes down only the first calls of a session that fail", async () => {
  const fail = { name: "fail", run: () => Promise.reject(new CallError("out", "of order")) };
  await using port = await AgentPort.open({ calls: { actions: [fail] } });
  for (const total of [20, 40]) {
    await converseAsKeeper(await port.openSession(), async (desk) => {
      for (let i = 0; i < 25; i++) await assertRejects(() => desk.call("fail"), CallError);
    });
    assertEquals(port.logger.messages("warn").length, total);
  }
});
