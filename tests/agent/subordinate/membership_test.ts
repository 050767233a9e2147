import { Membership, type MembershipOptions } from "../../../agent/subordinate/membership.ts";
import type { Bytes } from "../../../protocol/bytes.ts";
import { ConnectionError } from "../../../protocol/errors.ts";
import { assertEquals } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";

const REFUSED = new ConnectionError("connection-failed", "the primary cannot be reached");
const FIRST = new Uint8Array(16).fill(1);
const SECOND = new Uint8Array(16).fill(2);

/** A membership whose primary answers as it is told, and then as it did last. */
class PlayedMembership implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly logger = new MemoryLogger();
  readonly membership: Membership;
  attempts = 0;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #answers: (Bytes | Error)[];

  constructor(answers: readonly (Bytes | Error)[], options: Partial<MembershipOptions> = {}) {
    this.#answers = [...answers];
    this.membership = new Membership({
      ...this.clock,
      logger: this.logger,
      random: () => 0.5,
      register: () => {
        this.attempts++;
        const [answer] = this.#answers;
        if (this.#answers.length > 1) this.#answers.shift();
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer ?? FIRST);
      },
      ...options,
    });
    this.#running = this.membership.run({ signal: this.#stop.signal });
  }

  /** Waits for this pause, and lets it pass. */
  async pass(durationMs: number): Promise<void> {
    await this.clock.untilDelayIs(durationMs);
    this.clock.advance(durationMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

Deno.test("Membership registers, and renews in time", async () => {
  await using played = new PlayedMembership([FIRST]);
  for (let i = 0; i < 6; i++) await played.pass(10_000);
  assertEquals(played.membership.isRegistered, true);
  assertEquals(played.logger.messages("info"), ["registered with the primary"]);
});

Deno.test("Membership asks again after pauses that grow, up to a bound, and says why once", async () => {
  await using played = new PlayedMembership([REFUSED]);
  for (const pauseMs of [375, 750, 1_500, 3_000, 6_000, 11_250, 11_250, 11_250]) {
    await played.pass(pauseMs);
  }
  assertEquals(played.membership.isRegistered, false);
  const [event, ...more] = played.logger.events;
  assertEquals([event?.level, event?.properties["reason"], more.length], [
    "warn",
    "the primary cannot be reached",
    0,
  ]);
  for (let i = 0; i < 3; i++) await played.pass(11_250);
  await played.clock.untilDelayIs(11_250);
  assertEquals(played.logger.events.length, 2);
});

Deno.test("Membership waits for nothing where it is told to stop as it has registered", async () => {
  const stop = new AbortController();
  const pauses: number[] = [];
  const membership = new Membership({
    logger: new MemoryLogger(),
    register: () => {
      stop.abort();
      return Promise.resolve(FIRST);
    },
    delay: (durationMs) => {
      pauses.push(durationMs);
      return Promise.reject(stop.signal.reason);
    },
  });
  await membership.run({ signal: stop.signal });
  assertEquals(pauses, []);
});

Deno.test("Membership notices that the primary has restarted", async () => {
  await using played = new PlayedMembership([FIRST, REFUSED, SECOND]);
  await played.pass(10_000);
  await played.pass(375);
  await played.clock.untilDelayIs(10_000);
  assertEquals(played.logger.events.map(({ message }) => message), [
    "registered with the primary",
    "cannot register with the primary; trying again",
    "the primary has restarted; registered with it again",
  ]);
});

Deno.test("Membership says that it is back where the primary is the same", async () => {
  await using played = new PlayedMembership([FIRST, REFUSED, FIRST]);
  await played.pass(10_000);
  await played.pass(375);
  await played.clock.untilDelayIs(10_000);
  assertEquals(played.logger.messages("info").at(-1), "registered with the primary again");
});

Deno.test("Membership is registered no longer than the primary remembers it", async () => {
  await using played = new PlayedMembership([FIRST, REFUSED]);
  assertEquals(played.membership.isRegistered, false);
  await played.pass(10_000);
  await played.clock.untilDelayIs(375);
  assertEquals(played.membership.isRegistered, true);
  played.clock.advance(35_000);
  assertEquals(played.membership.isRegistered, false);
});

Deno.test("Membership gives up an attempt that takes too long, and asks again", async () => {
  const signals: AbortSignal[] = [];
  await using played = new PlayedMembership([], {
    timeoutMs: 1,
    register: (signal) => {
      signals.push(signal);
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
    },
  });
  await played.pass(375);
  await played.pass(750);
  assertEquals(signals[0]?.aborted, true);
  assertEquals(played.logger.events[0]?.properties["reason"], "the primary takes too long");
});

Deno.test("Membership ends at once when it is told to, also amid an attempt", async () => {
  const stop = new AbortController();
  const { promise: started, resolve: start } = Promise.withResolvers<void>();
  const membership = new Membership({
    logger: new MemoryLogger(),
    register: (signal) => {
      start();
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
    },
  });
  const running = membership.run({ signal: stop.signal });
  await started;
  stop.abort();
  await running;
  await membership.run({ signal: stop.signal });
});

Deno.test("Membership.renew registers at once, and the pauses go on as before", async () => {
  await using played = new PlayedMembership([FIRST]);
  await played.clock.untilDelayIs(10_000);
  assertEquals(played.attempts, 1);
  played.membership.renew();
  await played.clock.untilDelayIs(10_000);
  assertEquals(played.attempts, 2);
  await played.pass(10_000);
  await played.clock.untilDelayIs(10_000);
  assertEquals(played.attempts, 3);
});

Deno.test("Membership.renew registers once more where an attempt was under way", async () => {
  const renewed = { isDone: false };
  await using played = new PlayedMembership([FIRST], {
    register: async () => {
      await Promise.resolve();
      played.attempts++;
      if (!renewed.isDone) played.membership.renew();
      renewed.isDone = true;
      return FIRST;
    },
  });
  await played.clock.untilDelayIs(10_000);
  assertEquals(played.attempts, 2);
});
