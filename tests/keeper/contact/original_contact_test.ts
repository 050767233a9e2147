import { prepareDelivery } from "../../../keeper/contact/delivery.ts";
import { Deliveries } from "../../../keeper/original/mod.ts";
import { findNotKept } from "../../../keeper/contact/original_contact.ts";
import { syncAgent } from "../../../keeper/contact/sync_agent.ts";
import { KnownAgents, MemoryKnownAgentsStore } from "../../../keeper/trust/mod.ts";
import { type ManifestEntry, SILENT_LOGGER } from "../../../protocol/mod.ts";
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
    hooks: [],
    revision: null,
    withheld: [{ path: "b", required: "first-use" }],
    contentBytes: 5,
  });
});

const FILE = {
  kind: "file",
  path: "a",
  digest: "00".repeat(32),
  size: 0,
  mode: 0o600,
  strategy: "STRICT",
} as const;
const FOLDER = { kind: "folder", path: "d", mode: 0o700, strategy: "ALLOW_ADDS" } as const;

Deno.test("findNotKept has nothing to say of files that are kept exactly, and of folders that others fill", () => {
  assertEquals(findNotKept([FILE, FOLDER, { kind: "keep", path: "k" }]), []);
});

Deno.test("findNotKept says what that wire cannot do", () => {
  const entries: readonly ManifestEntry[] = [
    { ...FILE, strategy: "ENSURE_CREATED", leaseS: 60 },
    { ...FILE, uid: 1, hook: "reload", readers: ["web"] },
    { ...FOLDER, strategy: "STRICT", gid: 1, together: true },
    {
      ...{ kind: "issued", path: "i", certificate: "web", part: "key", mode: 0o600 },
      strategy: "STRICT",
    },
  ];
  assertEquals(findNotKept(entries), [
    "ENSURE_CREATED",
    "certificates",
    "folders that are exchanged together",
    "hooks",
    "leases",
    "owners",
    "readers",
    "removal from STRICT folders",
  ]);
});
