import { CurrentDelivery } from "../../../keeper/contact/current_delivery.ts";
import { StaticFleet } from "../../../keeper/fleet/fleet.ts";
import type { Declaration } from "../../../keeper/vault/declaration.ts";
import type { Declarations } from "../../../keeper/vault/declarations.ts";
import { decodeManifest, encodeHex } from "../../../protocol/mod.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { declared, memoryView } from "../../support/fake_fleet.ts";

const AGENT = { component: "web", level: "approved" } as const;

Deno.test("CurrentDelivery tells who was given something else than the last look found", async () => {
  let content = "1";
  const current = new CurrentDelivery({
    vault: { inspect: () => memoryView({ a: content }) },
    declarations: () => Promise.resolve(declared("a")),
    fleet: new StaticFleet([]),
  });
  assert(!await current.isBehind({ given: { ...AGENT, digest: "00" } }), "nobody has looked yet");
  const { manifest } = await (await current.prepare()).at(AGENT.component, AGENT.level);
  const given = { ...AGENT, digest: encodeHex(manifest.digest) };
  assert(!await current.isBehind({ given }));
  assert(!await current.isBehind({ given: null }), "who was given nothing is served anyway");
  content = "2";
  assert(!await current.isBehind({ given }), "nobody has looked again");
  await current.prepare();
  assert(await current.isBehind({ given }));
});

Deno.test("CurrentDelivery has all removed, whatever the vault holds", async () => {
  const current = new CurrentDelivery({
    vault: { inspect: () => Promise.reject(new Error("the vault plays no part")) },
    declarations: declared("a"),
    fleet: new StaticFleet([]),
    task: { isWipe: true },
  });
  const { manifest } = await (await current.prepare()).at(AGENT.component, AGENT.level);
  assertEquals(decodeManifest(manifest.bytes).entries, []);
});

Deno.test("CurrentDelivery declares certificates on terms of the app", async () => {
  const all: Declaration[] = [{
    ...{ source: "", target: "key", strategy: "STRICT", symlinks: "refuse" },
    issued: { certificate: "own", part: "key" },
  }];
  const declarations: Declarations = {
    ...{ all, hooks: [], of: () => all },
    certificates: [
      { name: "own", names: null, usage: ["server"], key: "P-256", lifetimeS: 3_600 },
    ],
  };
  const termsFor = async (app: string) => {
    const current = new CurrentDelivery({
      vault: { inspect: () => memoryView({}) },
      declarations,
      fleet: new StaticFleet([], { app }),
    });
    const { manifest } = await (await current.prepare()).at(AGENT.component, AGENT.level);
    return decodeManifest(manifest.bytes).certificates?.map(({ terms }) => terms);
  };
  assertEquals((await termsFor("shop"))?.length, 1);
  assert((await termsFor("shop"))?.[0] !== (await termsFor("blog"))?.[0]);
});
