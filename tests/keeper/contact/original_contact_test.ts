import { prepareDelivery } from "../../../keeper/contact/delivery.ts";
import { Deliveries } from "../../../keeper/original/mod.ts";
import { syncAgent } from "../../../keeper/contact/sync_agent.ts";
import { KnownAgents, MemoryKnownAgentsStore } from "../../../keeper/trust/mod.ts";
import { SILENT_LOGGER } from "../../../protocol/mod.ts";
import { assertEquals } from "../../support/assert.ts";
import { declared, FakeNetwork, FakeNode, memoryView } from "../../support/fake_fleet.ts";

Deno.test("talkOriginal withholds every file that asks for a level, also where the node asks for it", async () => {
  const node = new FakeNode(["a", "b"]);
  const network = new FakeNetwork();
  network.set("node:1", node.serve);
  const view = await memoryView({ a: "alpha", b: "beta" });
  const declarations = declared("a", ["b", "first-use"]);
  const { trust, outcome } = await syncAgent({ host: "node", port: 1 }, {
    app: null,
    dial: network.dial,
    known: new KnownAgents(new MemoryKnownAgentsStore(), {
      app: null,
      trust: "first-use",
      firstUseLimit: 1,
      sightingLifetimeMs: 1_000,
      now: Date.now,
    }),
    delivery: await prepareDelivery({ inspect: () => Promise.resolve(view) }, declarations),
    wire: "original",
    signer: null,
    deliveries: new Deliveries(),
    expectsAll: true,
    logger: SILENT_LOGGER,
    now: Date.now,
  });
  await network.idle();
  assertEquals([trust, node.store.paths()], ["address", ["a"]]);
  assertEquals(outcome, {
    kind: "delivered",
    files: [{ path: "a", outcome: "created" }],
    withheld: [{ path: "b", required: "first-use" }],
    contentBytes: 5,
  });
});
