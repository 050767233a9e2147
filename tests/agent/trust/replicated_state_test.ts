import {
  isStateReplicated,
  type ReplicationOptions,
  warnIfReplicated,
} from "../../../agent/trust/replicated_state.ts";
import {
  type AppComponent,
  type AppSpecification,
  type AppSpecificationAnswer,
  FluxApiError,
} from "../../../flux/mod.ts";
import { assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";

function component(name: string, path: string, isReplicated: boolean): AppComponent {
  return { name, ports: [], containerPorts: [], mounts: [{ path, isReplicated }] };
}

function specification(...components: AppComponent[]): AppSpecification {
  return { name: "shop", version: 8, components, enterprise: false };
}

const PLACES: readonly (readonly [string, AppSpecification, string | null, string, boolean])[] = [
  [
    "in a replicated volume",
    specification(component("web", "/data", true)),
    "web",
    "/data/s",
    true,
  ],
  ["in a local volume", specification(component("web", "/data", false)), "web", "/data/s", false],
  ["in no volume", specification(component("web", "/data", true)), "web", "/state", false],
  [
    "in the volume of another component",
    specification(component("db", "/data", true), component("web", "/web", false)),
    "web",
    "/data/s",
    false,
  ],
  [
    "of a component that is not there",
    specification(component("db", "/data", true)),
    "web",
    "/data",
    false,
  ],
  ["of the only component", specification(component("shop", "/data", true)), null, "/data", true],
  [
    "of one component of several that is not named",
    specification(component("db", "/data", true), component("web", "/data", true)),
    null,
    "/data",
    false,
  ],
  ["of an app that hides its components", specification(), "web", "/data", false],
];

for (const [where, app, name, folder, expected] of PLACES) {
  Deno.test(`isStateReplicated says ${expected} of a folder ${where}`, () => {
    assertEquals(isStateReplicated(app, { component: name, folder }), expected);
  });
}

const PLACE = { component: "web", folder: "/data/s" };
const REPLICATED: AppSpecificationAnswer = {
  kind: "found",
  specification: specification(component("web", "/data", true)),
};
const LOCAL: AppSpecificationAnswer = {
  kind: "found",
  specification: specification(component("web", "/data", false)),
};

/** Asks a network that gives these answers, the last one for ever. */
function askNetwork(...answers: readonly (AppSpecificationAnswer | Error)[]) {
  const logger = new MemoryLogger();
  const clock = new FakeClock();
  const stop = new AbortController();
  let asked = 0;
  const options: ReplicationOptions = {
    ask: () => {
      const answer = answers[asked++] ?? answers.at(-1);
      return answer instanceof Error || answer === undefined
        ? Promise.reject(answer)
        : Promise.resolve(answer);
    },
    signal: stop.signal,
    logger,
    delay: clock.delay,
    random: () => 0,
  };
  return { done: warnIfReplicated(PLACE, options), logger, clock, stop, asked: () => asked };
}

Deno.test("warnIfReplicated warns where the state is replicated, and names the folder", async () => {
  const { done, logger } = askNetwork(REPLICATED);
  await done;
  assertEquals(logger.events.map(({ level, properties }) => [level, properties]), [
    ["warn", { folder: "/data/s" }],
  ]);
  assertMatch(logger.messages("warn").join(), /in a volume that the Flux network replicates/);
});

Deno.test("warnIfReplicated says nothing where it is not, or where nobody may know", async () => {
  for (const answer of [LOCAL, { kind: "arcane-only" } as const]) {
    const { done, logger, asked } = askNetwork(answer);
    await done;
    assertEquals([logger.events, asked()], [[], 1]);
  }
});

Deno.test("warnIfReplicated asks again after pauses that double up to five minutes", async () => {
  const failure = new FluxApiError("api-unreachable", "no answer");
  const { done, logger, clock } = askNetwork(...Array(8).fill(failure), REPLICATED);
  for (const seconds of [2.5, 5, 10, 20, 40, 80, 150, 150]) {
    await clock.untilDelayIs(seconds * 1_000);
    clock.advance(seconds * 1_000);
  }
  await done;
  const levels = logger.events.map(({ level }) => level);
  assertEquals(levels, [...Array(8).fill("debug"), "warn"]);
});

Deno.test("warnIfReplicated ends when it is stopped in a pause", async () => {
  const { done, clock, stop, asked } = askNetwork(new FluxApiError("api-unreachable", "no answer"));
  await clock.untilDelayIs(2_500);
  stop.abort();
  await done;
  assertEquals(asked(), 1);
});

Deno.test("warnIfReplicated hides no mistake of its own", async () => {
  const { done } = askNetwork(new TypeError("a bug"));
  await assertRejects(() => done, TypeError);
});
