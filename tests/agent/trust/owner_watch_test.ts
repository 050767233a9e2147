import { OwnerWatch, type OwnerWatchOptions } from "../../../agent/trust/owner_watch.ts";
import { type AppOwner, FluxApiError } from "../../../flux/mod.ts";
import { ConfigError } from "../../../protocol/errors.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";

const OWNER = "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM";
const OTHER = "1KoXq8mLxpNt3BSnNLq2HzKC39Ne2pVJtF";

function zelid(address: string): Promise<AppOwner> {
  return Promise.resolve({ kind: "zelid", address });
}

function failure(code: FluxApiError["code"] = "api-unreachable"): Promise<AppOwner> {
  return Promise.reject(new FluxApiError(code, `no answer: ${code}`));
}

interface Watched {
  readonly watch: OwnerWatch;
  readonly pinned: string[];
  readonly logger: MemoryLogger;
  readonly clock: FakeClock;
  readonly stop: AbortController;
  /** How often the network was asked. */
  readonly asked: () => number;
}

/** Makes a watch whose network gives these answers, the last one for ever. */
function watchOf(
  answers: readonly (() => Promise<AppOwner>)[],
  options: Partial<OwnerWatchOptions> = {},
): Watched {
  const pinned: string[] = [];
  const logger = new MemoryLogger();
  const clock = new FakeClock();
  let asked = 0;
  const watch = new OwnerWatch({
    app: "shop",
    pinned: null,
    ask: () => (answers[asked++] ?? answers.at(-1) ?? failure)(),
    pin: (address) => Promise.resolve(void pinned.push(address)),
    logger,
    waitMs: 5,
    delay: clock.delay,
    random: () => 0,
    ...options,
  });
  return { watch, pinned, logger, clock, stop: new AbortController(), asked: () => asked };
}

Deno.test("OwnerWatch asks, keeps the answer, and trusts nobody before", async () => {
  const { watch, pinned, stop } = watchOf([() => zelid(OWNER)]);
  assertEquals(await watch.addresses(), null);
  await watch.run(stop);
  assertEquals([await watch.addresses(), pinned], [[OWNER], [OWNER]]);
});

Deno.test("OwnerWatch asks nobody where the owner was found before", async () => {
  const { watch, pinned, stop, asked } = watchOf([() => zelid(OTHER)], { pinned: OWNER });
  assertEquals(await watch.addresses(), [OWNER]);
  await watch.run(stop);
  assertEquals([await watch.addresses(), asked(), pinned], [[OWNER], 0, []]);
});

Deno.test("OwnerWatch believes no other answer than the first", async () => {
  const { watch, stop, asked } = watchOf([() => zelid(OWNER), () => zelid(OTHER)]);
  await watch.run(stop);
  await watch.run(stop);
  assertEquals([await watch.addresses(), asked()], [[OWNER], 1]);
});

Deno.test("OwnerWatch asks again after pauses that double up to five minutes", async () => {
  const { watch, clock, stop, pinned, asked, logger } = watchOf([
    ...Array.from({ length: 8 }, () => () => failure()),
    () => zelid(OWNER),
  ]);
  const running = watch.run(stop);
  // Half of the bound, as the random number is 0.
  for (const seconds of [2.5, 5, 10, 20, 40, 80, 150, 150]) {
    await clock.untilDelayIs(seconds * 1_000);
    assertEquals(await watch.addresses(), null);
    clock.advance(seconds * 1_000);
  }
  await running;
  assertEquals([asked(), pinned], [9, [OWNER]]);
  const told = logger.events.find(({ message }) => /asking again/.test(message));
  assertEquals(told?.properties, {
    app: "shop",
    code: "api-unreachable",
    reason: "no answer: api-unreachable",
  });
});

for (const code of ["owner-disputed", "app-unknown", "response-malformed"] as const) {
  Deno.test(`OwnerWatch neither trusts nor keeps anything on ${code}, and asks again`, async () => {
    const { watch, clock, stop, pinned, logger } = watchOf([
      () => failure(code),
      () => zelid(OWNER),
    ]);
    const running = watch.run(stop);
    await clock.untilDelayIs(2_500);
    assertEquals([await watch.addresses(), pinned], [null, []]);
    assertEquals(logger.events[0]?.level, "warn");
    assertEquals(logger.events[0]?.properties.code, code);
    clock.advance(2_500);
    await running;
    assertEquals(pinned, [OWNER]);
  });
}

const KEYLESS: readonly (readonly [AppOwner, RegExp])[] = [
  [{ kind: "ethereum", address: `0x${"ab".repeat(20)}` }, /the Ethereum address 0xab/],
  [{ kind: "unusable", text: "somebody" }, /"somebody"/],
];

for (const [owner, pattern] of KEYLESS) {
  Deno.test(`OwnerWatch gives up where the owner is ${owner.kind}, and says what to do`, async () => {
    const { watch, stop, pinned } = watchOf([() => Promise.resolve(owner)]);
    const error = await assertRejects(() => watch.run(stop), ConfigError, "config-invalid");
    assertMatch(error.message, pattern);
    assertMatch(error.hint ?? "", /fluxvault-keeper keys create.*--zelid/);
    assertEquals([await watch.addresses(), pinned], [null, []]);
  });
}

Deno.test("OwnerWatch has a handshake wait for the look-up that is under way", async () => {
  const answer = Promise.withResolvers<AppOwner>();
  const { watch, stop } = watchOf([() => answer.promise], { waitMs: 60_000 });
  const running = watch.run(stop);
  const waiting = watch.addresses();
  answer.resolve({ kind: "zelid", address: OWNER });
  assertEquals(await waiting, [OWNER]);
  await running;
});

Deno.test("OwnerWatch has no handshake wait for ever", async () => {
  const { watch, stop } = watchOf([
    () => new Promise((_, reject) => stop.signal.addEventListener("abort", () => reject("over"))),
  ]);
  const running = watch.run(stop);
  assertEquals(await watch.addresses(), null);
  stop.abort();
  await running;
});

Deno.test("OwnerWatch ends without an owner when it is stopped in a pause", async () => {
  const { watch, clock, stop, pinned } = watchOf([() => failure()]);
  const running = watch.run(stop);
  await clock.untilDelayIs(2_500);
  stop.abort();
  await running;
  assertEquals([await watch.addresses(), pinned], [null, []]);
});

Deno.test("OwnerWatch hides no mistake of its own", async () => {
  const { watch, stop } = watchOf([() => Promise.reject(new TypeError("a bug"))]);
  const error = await assertRejects(() => watch.run(stop), TypeError);
  assert(error.message === "a bug");
});
