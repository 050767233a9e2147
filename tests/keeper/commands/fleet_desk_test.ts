import { FleetDesk, type FleetDeskOptions } from "../../../keeper/commands/fleet_desk.ts";
import type { ApplyContext } from "../../../keeper/commands/apply_command.ts";
import { parseAgentPatterns } from "../../../keeper/fleet/agent_pattern.ts";
import { APPLY_OPTIONS } from "../../../keeper/fleet_options.ts";
import { StatusFile } from "../../../keeper/status/status_file.ts";
import { defineCommand } from "../../../protocol/host/mod.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { runInProcess } from "../../support/program.ts";
import { FleetSite, type SiteAgent } from "./fleet_site.ts";

const FILES = { "db.password": "correct horse" };

/** Lets a test work with the context of a command. */
async function withContext(
  site: FleetSite,
  args: readonly string[],
  work: (context: ApplyContext) => Promise<void>,
): Promise<string> {
  const program = {
    ...{ name: "x", leadingWord: "keeper", version: "0", summary: "Works." },
    commands: [
      defineCommand({
        path: [],
        summary: "Works.",
        options: APPLY_OPTIONS,
        load: () =>
          Promise.resolve({
            run: async (context) => {
              await work(context);
              return 0;
            },
          }),
      }),
    ],
  };
  const all = [...args, "--state-dir", site.path("state"), "--debug"];
  const { code, stderr } = await runInProcess(program, all);
  assertEquals(code, 0, stderr);
  return stderr;
}

function optionsOf(only: readonly string[] = [], isWipe = false): FleetDeskOptions {
  return { command: "test", patterns: parseAgentPatterns(only), isWipe };
}

async function statusOf(site: FleetSite, { address }: SiteAgent) {
  const { agents } = await new StatusFile(site.path("state")).load();
  return agents.find((agent) => agent.address === address);
}

Deno.test("FleetDesk.plan notes in the status what it found, and nothing that it did not do", async () => {
  await using site = await FleetSite.open(FILES);
  const one = await site.add();
  const args = site.deliveryOf([one], "db.password");
  await site.run(["--run-once", ...args]);
  const before = await statusOf(site, one);
  await site.store({ "db.password": "battery staple" });
  await withContext(site, args, async (context) => {
    const desk = await FleetDesk.open(context, optionsOf());
    assertEquals(desk.apps, [null]);
    const passes = await desk.plan();
    assertEquals(passes.map(({ agents }) => agents[0]?.outcome.kind), ["planned"]);
  });
  const after = await statusOf(site, one);
  assertEquals([after?.planned, after?.contact.outcome], [1, "planned"]);
  assertEquals([after?.held, after?.servedMs], [before?.held, before?.servedMs]);
});

Deno.test("FleetDesk.deliver tells the status what drifted, by the plan, while the vault changed", async () => {
  await using site = await FleetSite.open({ ...FILES, other: "1" });
  const one = await site.add();
  const args = site.deliveryOf([one], "db.password,other");
  await site.run(["--run-once", ...args]);
  const staged = await one.agent.store.stage("db.password");
  await staged.commit();
  await site.store({ other: "2" });
  await withContext(site, args, async (context) => {
    const desk = await FleetDesk.open(context, optionsOf());
    const passes = await desk.plan();
    const reports = await desk.deliver(passes, await desk.view(passes));
    assertEquals(reports[0]?.agents.map(({ outcome }) => outcome.kind), ["delivered"]);
  });
  const status = await statusOf(site, one);
  assertEquals(status?.drift.map(({ path, found }) => `${path} ${found}`), ["db.password changed"]);
});

Deno.test("FleetDesk.deliver dials nobody who did not answer, and reports on them as they were", async () => {
  await using site = await FleetSite.open(FILES);
  const [one, two] = [await site.add(), await site.add()];
  const args = [...site.deliveryOf([one, two], "db.password"), "--trust", "approve"];
  await site.run(["agents", "approve", one.fingerprint]);
  await withContext(site, args, async (context) => {
    const desk = await FleetDesk.open(context, optionsOf());
    const passes = await desk.plan();
    const contacts = two.agent.contacts;
    const [report] = await desk.deliver(passes, []);
    const kinds = new Map(report?.agents.map(({ address, outcome }) => [address, outcome.kind]));
    assertEquals([kinds.get(one.address), kinds.get(two.address)], ["delivered", "pending"]);
    assertEquals([two.agent.contacts, report?.isWhole], [contacts, true]);
  });
});

Deno.test("FleetDesk.deliver does nothing where nobody answered", async () => {
  await using site = await FleetSite.open(FILES);
  const one = { ...await site.add(), address: "127.0.0.1:1" };
  await withContext(site, site.deliveryOf([one], "db.password"), async (context) => {
    const desk = await FleetDesk.open(context, optionsOf());
    const passes = await desk.plan();
    assertEquals(await desk.deliver(passes, []), passes);
  });
  assertEquals((await site.events()).map(({ event }) => event), ["command"]);
});

Deno.test("FleetDesk needs no vault to wipe", async () => {
  await using site = await FleetSite.open(FILES);
  const one = await site.add();
  await site.run(["--run-once", ...site.deliveryOf([one], "db.password")]);
  await Deno.remove(site.path("vault"), { recursive: true });
  const args = ["--agent-ips", one.address, "--vault-dir", site.path("vault")];
  await withContext(site, args, async (context) => {
    const desk = await FleetDesk.open(context, optionsOf([], true));
    const passes = await desk.plan();
    await desk.deliver(passes, await desk.view(passes));
  });
  assertEquals(one.agent.store.paths(), []);
  const status = await statusOf(site, one);
  assert(status?.held?.isWiped === true && status.drift.length === 0);
});
