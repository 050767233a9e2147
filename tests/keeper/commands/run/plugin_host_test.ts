import { openPluginHost } from "../../../../keeper/commands/run/plugin_host.ts";
import { MemoryAuditLog } from "../../../../keeper/audit/log/audit_log.ts";
import { AuditRecorder } from "../../../../keeper/audit/audit_recorder.ts";
import type { ReachableFleet } from "../../../../keeper/plugins/mod.ts";
import type { AgentReport } from "../../../../keeper/report/report.ts";
import { ConfigError } from "../../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";
import { FakeAgent } from "../../../support/fake_fleet.ts";
import { writePlugin } from "../../../support/plugin_packages.ts";
import { runContext } from "../../../support/run_context.ts";
import { temporaryFolder } from "../../../support/temporary_folder.ts";
import { Stage } from "../../keeper_stage.ts";

const NO_CERTIFICATES = { open: () => Promise.reject(new Error("nobody asks")) };
const REPORT: AgentReport = {
  ...{ address: "a:1", wire: 2, component: null, fingerprint: null, trust: null },
  ...{ news: null, node: null, software: null, startedMs: 0, durationMs: 5, failures: 1 },
  outcome: { kind: "unreachable", code: "connection-refused" },
};
/** Notes whom it can reach whenever it is told of something. */
const CODE = `plugin({
  events: {
    async delivery(_event, { agents, storage }) {
      const names = (await agents()).map(({ address }) => address);
      await storage.set("seen", [...await storage.get("seen") ?? [], names.join()]);
    },
  },
});`;

Deno.test("openPluginHost loads nothing where no plugin is named", async () => {
  const parts = { stateFolder: "/nowhere", certificates: NO_CERTIFICATES };
  assertEquals(await openPluginHost(await runContext([]), parts), null);
});

Deno.test("openPluginHost refuses permissions without a plugin", async () => {
  const parts = { stateFolder: "/nowhere", certificates: NO_CERTIFICATES };
  const context = await runContext(["--plugin-permissions", "env=HOME"]);
  await assertRejects(() => openPluginHost(context, parts), ConfigError);
});

Deno.test("openPluginHost lets plugins reach the apps that are served, for as long as they are", async () => {
  await using folder = await temporaryFolder();
  await using stage = new Stage();
  await stage.approve(await stage.add("a:1", await FakeAgent.make()));
  await stage.keeper({ trust: "approve" }).pass();
  const path = await writePlugin(`${folder.path}/p`, CODE, { events: ["delivery"] });
  const context = await runContext(["--plugin", path]);
  const parts = { stateFolder: folder.path, certificates: NO_CERTIFICATES };
  await using host = await openPluginHost(context, parts);
  assert(host !== null);
  const recorder = new AuditRecorder(new MemoryAuditLog(), {
    fingerprint: () => Promise.resolve(""),
  });
  const fleet: ReachableFleet = {
    ...{ app: null, keeper: stage.keeper(), knownAgents: stage.store, recorder },
  };
  const told = async () => {
    host.tell(REPORT, null);
    await host.settle();
  };
  await told();
  const noted = host.noteApp(fleet);
  await told();
  noted[Symbol.dispose]();
  await told();
  const stored = await Deno.readTextFile(`${folder.path}/plugins/helper/storage.json`);
  assertEquals(JSON.parse(stored), { seen: ["", "a:1", ""] });
  const [started] = context.logger.events;
  assertEquals([started?.message, started?.properties.plugin], [
    "A plugin runs in this keeper.",
    "helper",
  ]);
});
