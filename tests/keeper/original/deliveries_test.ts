import {
  Deliveries,
  type DeliveriesState,
  type DeliveriesStore,
  NO_DELIVERIES_STORE,
} from "../../../keeper/original/mod.ts";
import { StorageError } from "../../../protocol/mod.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";

const ONE = "11".repeat(32);
const TWO = "22".repeat(32);

/** A store that counts, and fails while it is told to. */
class CountingStore implements DeliveriesStore {
  loads = 0;
  /** What was handed over, one member for each time. */
  readonly merged: Record<string, Record<string, string>>[] = [];
  isBroken = false;
  readonly #state: DeliveriesState;

  constructor(state: Readonly<Record<string, Readonly<Record<string, string>>>> = {}) {
    const nodes = Object.entries(state);
    this.#state = new Map(nodes.map(([node, files]) => [node, new Map(Object.entries(files))]));
  }

  load(): Promise<DeliveriesState> {
    this.loads++;
    return this.isBroken ? this.#fail() : Promise.resolve(this.#state);
  }

  merge(news: DeliveriesState): Promise<void> {
    if (this.isBroken) return this.#fail();
    const nodes = [...news].map(([node, files]) => [node, Object.fromEntries(files)]);
    this.merged.push(Object.fromEntries(nodes));
    return Promise.resolve();
  }

  #fail(): Promise<never> {
    return Promise.reject(new StorageError("io-failed", "the device failed"));
  }
}

Deno.test("Deliveries knows nothing of a node, and saves nothing, at its start", async () => {
  const store = new CountingStore();
  const deliveries = new Deliveries(store);
  assertEquals(deliveries.last("n:1", "a"), null);
  await deliveries.save();
  assertEquals([store.loads, store.merged], [0, []]);
});

Deno.test("Deliveries reads what was kept, and no more than once", async () => {
  const store = new CountingStore({ "n:1": { a: ONE } });
  const deliveries = new Deliveries(store);
  await Promise.all([deliveries.load(), deliveries.load()]);
  await deliveries.load();
  assertEquals(store.loads, 1);
  assertEquals([deliveries.last("n:1", "a"), deliveries.last("n:1", "b")], [ONE, null]);
  assertEquals(deliveries.last("n:2", "a"), null);
});

Deno.test("Deliveries reads again where it could not", async () => {
  const store = new CountingStore({ "n:1": { a: ONE } });
  const deliveries = new Deliveries(store);
  store.isBroken = true;
  await assertRejects(() => deliveries.load(), StorageError, "io-failed");
  store.isBroken = false;
  await deliveries.load();
  assertEquals([store.loads, deliveries.last("n:1", "a")], [2, ONE]);
});

Deno.test("Deliveries tells what was noted last, of each node by itself", () => {
  const deliveries = new Deliveries();
  deliveries.note("n:1", { path: "a", digest: ONE });
  deliveries.note("n:1", { path: "a", digest: TWO });
  deliveries.note("n:2", { path: "a", digest: ONE });
  assertEquals([deliveries.last("n:1", "a"), deliveries.last("n:2", "a")], [TWO, ONE]);
});

Deno.test("Deliveries saves the nodes of which there is news, with all that they hold", async () => {
  const store = new CountingStore({ "n:1": { a: ONE, b: ONE }, "n:2": { a: ONE } });
  const deliveries = new Deliveries(store);
  await deliveries.load();
  deliveries.note("n:1", { path: "a", digest: TWO });
  deliveries.note("n:2", { path: "a", digest: ONE });
  await deliveries.save();
  assertEquals(store.merged, [{ "n:1": { a: TWO, b: ONE } }]);
});

Deno.test("Deliveries saves news once", async () => {
  const store = new CountingStore();
  const deliveries = new Deliveries(store);
  deliveries.note("n:1", { path: "a", digest: ONE });
  await deliveries.save();
  deliveries.note("n:1", { path: "a", digest: ONE });
  await deliveries.save();
  assertEquals(store.merged.length, 1);
});

Deno.test("Deliveries keeps news that could not be saved for the next time", async () => {
  const store = new CountingStore();
  const deliveries = new Deliveries(store);
  deliveries.note("n:1", { path: "a", digest: ONE });
  store.isBroken = true;
  await assertRejects(() => deliveries.save(), StorageError, "io-failed");
  deliveries.note("n:2", { path: "b", digest: TWO });
  store.isBroken = false;
  await deliveries.save();
  assertEquals(store.merged, [{ "n:1": { a: ONE }, "n:2": { b: TWO } }]);
});

Deno.test("Deliveries keeps what was noted while it saved for the next time", async () => {
  const store = new CountingStore();
  const deliveries = new Deliveries(store);
  deliveries.note("n:1", { path: "a", digest: ONE });
  const saving = deliveries.save();
  deliveries.note("n:1", { path: "a", digest: TWO });
  await saving;
  await deliveries.save();
  assertEquals(store.merged.at(-1), { "n:1": { a: TWO } });
});

Deno.test("NO_DELIVERIES_STORE keeps nothing", async () => {
  await NO_DELIVERIES_STORE.merge(new Map([["n:1", new Map([["a", ONE]])]]));
  assertEquals(await NO_DELIVERIES_STORE.load(), new Map());
});
