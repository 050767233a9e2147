import { setImmediate as nextTurn } from "node:timers/promises";
import { AppRun } from "../../../../keeper/commands/run/app_run.ts";
import { ApprovalTurns } from "../../../../keeper/commands/run/approval_turns.ts";
import { parseAgentAddresses } from "../../../../keeper/fleet/agent_address.ts";
import { StaticFleet } from "../../../../keeper/fleet/fleet.ts";
import { isPassWanted } from "../../../../keeper/report/report.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";
import { ListeningAgent, LoadoutPlace } from "../../../support/loadout_place.ts";
import { openIn, wishIn } from "./app_fixtures.ts";

function fleetOf({ address }: ListeningAgent): StaticFleet {
  return new StaticFleet(parseAgentAddresses([address]), { app: "shop" });
}

Deno.test("AppRun.once serves the agents once and tells of it, under its name where it is one of several", async () => {
  await using agent = await ListeningAgent.open({ app: "shop" });
  await using place = await LoadoutPlace.make({ "vault/motd": "hello" });
  for (const name of [null, "shop"]) {
    const context = await place.context(["--run-once"]);
    const wish = wishIn(place, ["motd"], { fleet: fleetOf(agent), name });
    await using app = await openIn(place, context, wish);
    const report = await new AppRun(context, app, new ApprovalTurns()).once();
    assert(isPassWanted(report));
    const { text } = context.stdout;
    assert(name === null ? /^AGENT/.test(text) : /^shop\nAGENT/.test(text), text);
    assert((name === null ? /^pass 1: 1 agent/m : /^shop: pass 1: 1 agent/m).test(text), text);
  }
  assertEquals([agent.read("motd"), agent.agent.contacts], ["hello", 2]);
});

Deno.test("AppRun.forever brings changes of the vault at once, unless it is told not to", async () => {
  await using place = await LoadoutPlace.make({ "vault/motd": "hello" });
  for (const args of [[], ["--no-watch"]]) {
    await using agent = await ListeningAgent.open({ app: "shop" });
    const controller = new AbortController();
    const context = await place.context(args, { signal: controller.signal });
    const wish = wishIn(place, ["motd"], { fleet: fleetOf(agent), firstUseLimit: 2 });
    await using app = await openIn(place, context, wish);
    const run = new AppRun(context, app, new ApprovalTurns());
    const running = run.forever();
    await agent.until(() => agent.read("motd") !== null);
    await place.write({ "vault/motd": args.join() });
    if (args.length > 0) await run.notice();
    await agent.until(() => agent.read("motd") === args.join());
    while (!context.stdout.text.includes("1 updated")) await nextTurn();
    controller.abort(new DOMException("stop", "AbortError"));
    await assertRejects(() => running, DOMException);
  }
});
