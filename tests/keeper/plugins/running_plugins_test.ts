import { describeDelivery } from "../../../keeper/plugins/delivery_event.ts";
import type { KeeperReach } from "../../../keeper/plugins/keeper_asks.ts";
import { type GrantedPlugin, RunningPlugins } from "../../../keeper/plugins/running_plugins.ts";
import type { AgentReport } from "../../../keeper/report/report.ts";
import { CallError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { makePlugin, type PluginWish } from "../../support/plugin_packages.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

const AGENT = { address: "h:1", app: "shop", component: null, trust: "approved" };
const REPORT: AgentReport = {
  ...{ address: "h:1", wire: 2, component: "web", fingerprint: "SHA256:x", trust: "approved" },
  ...{ news: null, node: null, software: null, startedMs: 0, durationMs: 5, failures: 0 },
  outcome: {
    ...{ kind: "delivered", hooks: [], revision: 3, withheld: [], contentBytes: 1 },
    files: [{ path: "a", outcome: "created" }, { path: "b", outcome: "unchanged" }],
  },
};

function granted(code: string, wish: PluginWish): GrantedPlugin {
  const plugin = makePlugin(code, wish);
  return { plugin, granted: plugin.manifest.permissions };
}

async function withPlugins(
  plugins: readonly GrantedPlugin[],
  work: (running: RunningPlugins, folder: string) => Promise<void>,
  reach: Partial<KeeperReach> = {},
): Promise<void> {
  await using folder = await temporaryFolder();
  const unused = () => Promise.reject(new CallError("unused", "a test wants it not"));
  await using running = await RunningPlugins.start(plugins, {
    stateFolder: folder.path,
    logger: new MemoryLogger(),
    reach: { agents: unused, call: unused, signRequest: unused, ...reach },
  });
  await work(running, folder.path);
}

Deno.test("RunningPlugins has each plugin do what it can", async () => {
  const one = granted("plugin({ actions: { a: () => 1 } });", { name: "one", actions: ["a"] });
  const two = granted("plugin({ actions: { a: () => 2 } });", { name: "two", actions: ["a"] });
  await withPlugins([one, two], async (running) => {
    const order = { action: "a", input: null };
    assertEquals([await running.call("one", order), await running.call("two", order)], [1, 2]);
    await assertRejects(() => running.call("three", order), CallError, "unknown-action");
    await assertRejects(
      () => running.call("one", { ...order, action: "b" }),
      CallError,
      "unknown-action",
    );
    assertEquals([...running.status().keys()], ["one", "two"]);
  });
});

Deno.test("RunningPlugins lets a plugin reach agents, and tells it their words", async () => {
  const code = `plugin({
    actions: {
      async ask(input, { agents, call }) {
        const [{ address }] = await agents();
        try {
          return await call(address, "report", input);
        } catch (error) {
          return error.code;
        }
      },
    },
  });`;
  const calls: unknown[] = [];
  await withPlugins([granted(code, { actions: ["ask"] })], async (running) => {
    assertEquals(await running.call("helper", { action: "ask", input: 7 }), { Uptime: 1 });
    assertEquals(await running.call("helper", { action: "ask", input: 8 }), "connection-lost");
    assertEquals(calls, [["helper", { address: "h:1", action: "report", input: 7 }]]);
  }, {
    agents: () => Promise.resolve([AGENT]),
    call: (plugin, order) => {
      if (order.input === 8) return Promise.reject(new CallError("connection-lost", "it is away"));
      calls.push([plugin, order]);
      return Promise.resolve({ Uptime: 1 });
    },
  });
});

Deno.test("RunningPlugins gives up a call of an agent when the plugin's call is over", async () => {
  const code = `plugin({
    actions: { ask: (_input, { call }) => { call("h:1", "report"); return 1; } },
  });`;
  const over = Promise.withResolvers<void>();
  await withPlugins([granted(code, { actions: ["ask"] })], async (running) => {
    assertEquals(await running.call("helper", { action: "ask", input: null }), 1);
    await over.promise;
  }, {
    call: (_plugin, _order, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          over.resolve();
          reject(signal.reason);
        });
      }),
  });
});

Deno.test("RunningPlugins tells a plugin of deliveries, where it wants to know", async () => {
  const code = `let last = null;
  plugin({
    actions: { last: () => last },
    events: { delivery: (event) => { last = event; } },
  });`;
  const wish = { actions: ["last"], events: ["delivery"] } as const;
  await withPlugins([granted(code, wish)], async (running) => {
    running.tell(describeDelivery(REPORT, "shop"));
    const last = await running.call("helper", { action: "last", input: null });
    assertEquals(last, {
      ...{ address: "h:1", app: "shop", component: "web", trust: "approved" },
      ...{ outcome: "delivered", code: null, isWanted: true, revision: 3 },
      ...{ files: [{ path: "a", outcome: "created" }], changedFiles: 1, failures: 0 },
      ...{ startedAt: "1970-01-01T00:00:00.000Z", durationMs: 5 },
    });
  });
});

Deno.test("RunningPlugins keeps what a plugin stores for the next run, apart from others", async () => {
  await using folder = await temporaryFolder();
  const code = `plugin({
    actions: {
      async count(_input, { storage }) {
        const count = (await storage.get("count") ?? 0) + 1;
        await storage.set("count", count);
        return count;
      },
    },
  });`;
  const reach = {} as KeeperReach;
  const home = { stateFolder: folder.path, logger: new MemoryLogger(), reach };
  const counts: unknown[] = [];
  for (const name of ["one", "one", "two"]) {
    const plugin = granted(code, { name, actions: ["count"] });
    await using running = await RunningPlugins.start([plugin], home);
    counts.push(await running.call(name, { action: "count", input: null }));
  }
  assertEquals(counts, [1, 2, 1]);
});

Deno.test("RunningPlugins starts none where one does not start", async () => {
  const sound = granted("plugin({});", { name: "sound" });
  const broken = granted("throw 1;", { name: "broken" });
  await assertRejects(() => withPlugins([sound, broken], async () => {}), CallError);
});

Deno.test("describeDelivery says why nothing was delivered", () => {
  const outcome = { kind: "unreachable", code: "connection-refused" } as const;
  const event = describeDelivery({ ...REPORT, outcome, failures: 2 }, null);
  assertEquals([event.outcome, event.code, event.isWanted, event.failures, event.files], [
    ...["unreachable", "connection-refused", false, 2, []],
  ]);
});

Deno.test("describeDelivery names two hundred files at most", () => {
  const files = Array.from({ length: 300 }, (_, i) => ({ path: `f${i}`, outcome: "created" }));
  assert(REPORT.outcome.kind === "delivered");
  const outcome = { ...REPORT.outcome, files } as AgentReport["outcome"];
  const event = describeDelivery({ ...REPORT, outcome }, null);
  assertEquals([event.files.length, event.changedFiles], [200, 300]);
});
