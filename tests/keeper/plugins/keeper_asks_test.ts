import {
  type AgentCallOrder,
  keeperAsks,
  type SigningOrder,
} from "../../../keeper/plugins/keeper_asks.ts";
import { CallError, createDeferred } from "../../../protocol/mod.ts";
import { encodePem } from "../../../protocol/certificates/mod.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";

const SIGNAL = new AbortController().signal;
const PEM = encodePem("CERTIFICATE REQUEST", new Uint8Array([1, 2, 3]));
const ISSUED = { serial: "ab", chain: "c", root: "r", notAfter: "n", renewAt: "r" };
const AGENT = { address: "h:1", app: "shop", component: "web", trust: "approved" };

function play(call: (order: AgentCallOrder) => Promise<unknown> = () => Promise.resolve(1)) {
  const calls: [string, AgentCallOrder][] = [];
  const orders: SigningOrder[] = [];
  const asks = keeperAsks("helper", {
    agents: () => Promise.resolve([AGENT]),
    call: (plugin, order) => {
      calls.push([plugin, order]);
      return call(order);
    },
    signRequest: (order) => {
      orders.push(order);
      return Promise.resolve(ISSUED);
    },
  });
  const ask = async (name: "agents" | "call" | "signRequest", ...input: readonly unknown[]) =>
    await asks.get(name)?.(input, { signal: SIGNAL });
  return { asks, ask, calls, orders };
}

Deno.test("keeperAsks lists the agents", async () => {
  const { ask, asks } = play();
  assertEquals(await ask("agents"), [AGENT]);
  assertEquals([...asks.keys()], ["agents", "call", "signRequest"]);
});

Deno.test("keeperAsks calls an agent in the name of the plugin", async () => {
  const { ask, calls } = play(() => Promise.resolve(undefined));
  assertEquals(await ask("call", "h:1/web", "report", { a: 1 }), null);
  assertEquals(calls, [["helper", { address: "h:1/web", action: "report", input: { a: 1 } }]]);
});

for (
  const input of [
    [],
    ["h:1"],
    ["h:1", "Report"],
    ["h:1", "re port"],
    ["h:1", ["report"]],
    [{ host: "h", port: 1 }, "report"],
    ["h", "report"],
    ["h:0", "report"],
    ["h:1/../x", "report"],
  ]
) {
  Deno.test(`keeperAsks calls nobody by ${JSON.stringify(input)}`, async () => {
    const { ask, calls } = play();
    await assertRejects(() => ask("call", ...input), CallError, "input-malformed");
    assertEquals(calls, []);
  });
}

Deno.test("keeperAsks lets a plugin have eight calls open, and one more when one is over", async () => {
  const gate = createDeferred<number>();
  const { ask } = play(() => gate.promise);
  const open = Array.from({ length: 8 }, () => ask("call", "h:1", "report"));
  await assertRejects(() => ask("call", "h:1", "report"), CallError, "busy");
  gate.resolve(7);
  assertEquals(await Promise.all(open), Array(8).fill(7));
  assertEquals(await ask("call", "h:1", "report"), 7);
});

Deno.test("keeperAsks has a request signed, for what the plugin says", async () => {
  const { ask, orders } = play();
  const terms = { app: "shop", component: "web", names: ["a.example.com"], lifetimeS: 60 };
  assertEquals(await ask("signRequest", PEM, terms), ISSUED);
  assertEquals(await ask("signRequest", PEM, { app: "shop" }), ISSUED);
  const request = new Uint8Array([1, 2, 3]);
  assertEquals(orders, [
    { app: "shop", component: "web", names: ["a.example.com"], lifetimeMs: 60_000, request },
    { app: "shop", component: null, names: [], lifetimeMs: null, request },
  ]);
});

for (
  const [what, text, terms] of [
    ["no text", 7, { app: "shop" }],
    ["no PEM", "hello", { app: "shop" }],
    ["two requests", PEM + PEM, { app: "shop" }],
    ["another block", PEM.replaceAll("CERTIFICATE REQUEST", "PRIVATE KEY"), { app: "shop" }],
    ["no terms", PEM, undefined],
    ["no app", PEM, {}],
    ["an app that is none", PEM, { app: "../shop" }],
    ["a component that is none", PEM, { app: "shop", component: "a b" }],
    ["names that are no list", PEM, { app: "shop", names: "a" }],
    ["names that are no texts", PEM, { app: "shop", names: [1] }],
    ["too many names", PEM, { app: "shop", names: Array(65).fill("a") }],
    ["a life that is too short", PEM, { app: "shop", lifetimeS: 59 }],
    ["a life that is too long", PEM, { app: "shop", lifetimeS: 90 * 86_400 + 1 }],
    ["a life that is no number", PEM, { app: "shop", lifetimeS: "60" }],
  ] as const
) {
  Deno.test(`keeperAsks has nothing signed for ${what}`, async () => {
    const { ask, orders } = play();
    await assertRejects(() => ask("signRequest", text, terms), CallError, "input-malformed");
    assertEquals(orders, []);
  });
}
