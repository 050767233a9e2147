import { AgentServices } from "../../../agent/services/agent_services.ts";
import { ServicesOnDemand } from "../../../agent/services/services_on_demand.ts";
import type { WantedState } from "../../../protocol/mod.ts";
import { serviceOf } from "../../support/arbitrary_service.ts";
import { assertEquals } from "../../support/assert.ts";
import { PlayedLauncher } from "../../support/played_services.ts";

const WAIT_MS = 7;
const NOTHING = { changed: [], lacking: [] };
const PLAIN: WantedState = { entries: [], hooks: [], isWipe: false, declaredBy: "1Keeper" };
const SERVED: WantedState = { ...PLAIN, services: [serviceOf("web", { restart: "never" })] };

function play() {
  let loads = 0;
  const launcher = new PlayedLauncher();
  const services = new ServicesOnDemand(() => {
    loads++;
    // All time is over at once, but for that which a delivery waits.
    const delay = (durationMs: number, signal: AbortSignal) => {
      if (durationMs !== WAIT_MS) return Promise.resolve();
      return new Promise<void>((_, reject) => signal.addEventListener("abort", reject));
    };
    return Promise.resolve(new AgentServices({ launcher, delay, waitMs: WAIT_MS }));
  });
  return { services, launcher, loads: () => loads };
}

Deno.test("ServicesOnDemand loads nothing before a service is declared", async () => {
  const { services, loads } = play();
  assertEquals(await services.apply(PLAIN, NOTHING), []);
  assertEquals(await services.plan(PLAIN, NOTHING), []);
  await services.resume(PLAIN, []);
  await services.noteGone(["a"]);
  await services.stop();
  assertEquals([loads(), services.loaded], [0, null]);
});

Deno.test("ServicesOnDemand loads once, and hands on what comes then", async () => {
  const { services, launcher, loads } = play();
  const [result] = await services.plan(SERVED, NOTHING);
  assertEquals(result?.outcome, "started");
  await services.apply(SERVED, NOTHING);
  await launcher.untilStarted(1);
  const [stopped] = await services.apply(PLAIN, NOTHING);
  assertEquals([stopped?.outcome, loads()], ["stopped", 1]);
  await services.stop();
});

Deno.test("ServicesOnDemand loads nothing once it was stopped", async () => {
  const { services, loads } = play();
  await services.stop();
  assertEquals(await services.apply(SERVED, NOTHING), []);
  assertEquals(loads(), 0);
});
