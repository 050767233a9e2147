import { deliverAsKeeper } from "../../protocol/deliver_as_keeper.ts";
import { ConnectionError, PeerRejectedError, StorageError } from "../../protocol/errors.ts";
import { MemorySecretStore } from "../../protocol/memory_secret_store.ts";
import type { SecretSource } from "../../protocol/secret_source.ts";
import { AgentPort } from "../support/agent_port.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { sourceOf, StuckSource, StuckStore } from "../support/stuck_delivery.ts";

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
    override settle(): Promise<void> {
      order.push("end");
      return super.settle();
    }
  }
  await using port = await AgentPort.open({ store: new Ordered() });
  const source = await sourceOf({ a: "one" });
  await Promise.all([deliver(port, source), deliver(port, source), deliver(port, source)]);
  assertEquals(order, ["begin", "end", "begin", "end", "begin", "end"]);
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
  await using port = await AgentPort.open({ manifestTimeoutMs: 20 });
  const idle = await port.openSession();
  const { error } = await port.report(0);
  assert(error instanceof ConnectionError && error.code === "timed-out");
  await idle.close();
});

Deno.test("DeliveryDesk ends a delivery in which no file gets any further", async () => {
  await using port = await AgentPort.open({ stallTimeoutMs: 100 });
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
