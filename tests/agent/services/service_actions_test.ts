import { AgentServices } from "../../../agent/services/agent_services.ts";
import { serviceActions } from "../../../agent/services/service_actions.ts";
import type { CallContext, CallError, WantedState } from "../../../protocol/mod.ts";
import { serviceOf } from "../../support/arbitrary_service.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { PlayedLauncher } from "../../support/played_services.ts";

const OWNER = "1Keeper";

/** Plays an agent with a service that runs, and a keeper that calls. */
async function play() {
  const clock = new FakeClock();
  const launcher = new PlayedLauncher();
  const { delay, now } = clock;
  const services = new AgentServices({ launcher, delay, now, random: () => 1 });
  const wanted: WantedState = {
    ...{ entries: [], hooks: [], isWipe: false, declaredBy: OWNER },
    services: [serviceOf("web")],
  };
  const applying = services.apply(wanted, { changed: [], lacking: [] });
  await launcher.untilStarted(1);
  await clock.untilDelayIs(1_000);
  clock.advance(1_000);
  await applying;
  const actions = serviceActions({ services: () => Promise.resolve(services), delay });
  const control = new AbortController();
  const sent: string[] = [];
  let wake = () => {};
  const contextOf = (address: string | null) =>
    ({
      origin: { keeper: address === null ? null : { address } },
      signal: control.signal,
      openOutput: () =>
        Promise.resolve({
          write: (bytes: Uint8Array) => {
            sent.push(new TextDecoder().decode(bytes));
            wake();
            return Promise.resolve();
          },
          end: () => Promise.resolve(),
        }),
    }) as unknown as CallContext;
  return {
    ...{ clock, launcher, services, control, sent },
    untilSent: () => new Promise<void>((resolve) => wake = resolve),
    call: async (name: string, input?: unknown, address: string | null = OWNER) => {
      const action = actions.find((each) => each.name === name);
      if (action === undefined) throw new Error("there is no such action");
      const parsed = action.parseInput === undefined ? input : action.parseInput(input);
      return await action.run(contextOf(address), parsed) as Record<string, unknown>;
    },
    [Symbol.asyncDispose]: () => services.stop(),
  };
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return await call.then(() => "none", (error: CallError) => error.code);
}

Deno.test("serviceActions list the services of the keeper that calls, and no others", async () => {
  await using stage = await play();
  const [web, ...others] = await stage.call("service-list") as unknown as Record<string, unknown>[];
  assertEquals([web?.["Name"], web?.["State"], web?.["Pid"], web?.["Starts"], others], [
    ...["web", "running", 100, 1, []],
  ]);
  assertEquals(await stage.call("service-list", undefined, "1Other") as unknown, []);
  assertEquals(await stage.call("service-list", undefined, null) as unknown, []);
});

Deno.test("serviceActions know nobody else's service by its name", async () => {
  await using stage = await play();
  const input = { Name: "web" };
  for (const verb of ["restart", "stop", "start", "logs"]) {
    assertEquals(await codeOf(stage.call(`service-${verb}`, input, "1Other")), "service-unknown");
    assertEquals(await codeOf(stage.call(`service-${verb}`, input, null)), "service-unknown");
    assertEquals(await codeOf(stage.call(`service-${verb}`, { Name: "no" })), "service-unknown");
  }
  assertEquals([stage.launcher.processes.length, stage.sent], [1, []]);
});

Deno.test("serviceActions refuse what names no service", () => {
  const [, logs] = serviceActions({ services: () => Promise.resolve(null) });
  for (
    const input of [undefined, null, {}, { Name: 1 }, { Name: "../x" }, { Name: "a", Follow: 1 }]
  ) {
    assertThrows(() => logs?.parseInput?.(input), TypeError);
  }
});

Deno.test("serviceActions stop, start and restart a service, and say how it stands then", async () => {
  await using stage = await play();
  const input = { Name: "web" };
  const stopped = await stage.call("service-stop", input);
  assertEquals([stopped["State"], stopped["Code"]], ["stopped", "service-held"]);
  const starting = stage.call("service-start", input);
  await stage.launcher.untilStarted(2);
  await stage.clock.untilDelayIs(1_000);
  stage.clock.advance(1_000);
  const started = await starting;
  assertEquals([started["State"], started["Starts"]], ["running", 2]);
  const restarting = stage.call("service-restart", input);
  await stage.launcher.untilStarted(3);
  await stage.clock.untilDelayIs(1_000);
  stage.clock.advance(1_000);
  const { State, LastEnd } = await restarting;
  assertEquals([State, (LastEnd as Record<string, unknown>)["Signal"]], ["running", "SIGTERM"]);
});

Deno.test("serviceActions send what a service wrote last, and follow it until the call is cancelled", async () => {
  await using stage = await play();
  const input = { Name: "web" };
  assertEquals(await stage.call("service-logs", input), { Bytes: 8, Lost: 0 });
  assertEquals(stage.sent, ["start 1\n"]);
  const sent = stage.untilSent();
  const following = stage.call("service-logs", { ...input, Follow: true });
  following.catch(() => {});
  await sent;
  const more = stage.untilSent();
  stage.services.find("web", OWNER)?.log.add(new TextEncoder().encode("more\n"));
  await more;
  assertEquals(stage.sent.slice(1), ["start 1\n", "more\n"]);
  stage.control.abort(new Error("enough"));
  assert(await following.then(() => false, () => true));
});

Deno.test("serviceActions end what they follow with the service", async () => {
  await using stage = await play();
  const sent = stage.untilSent();
  const following = stage.call("service-logs", { Name: "web", Follow: true });
  await sent;
  await stage.services.stop();
  assertEquals(await following, { Bytes: 8, Lost: 0 });
});
