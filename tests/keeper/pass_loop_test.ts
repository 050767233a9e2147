import { PassLoop } from "../../keeper/pass_loop.ts";
import { Schedule } from "../../keeper/fleet/schedule.ts";
import { FluxVaultError } from "../../protocol/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { MemoryLogger } from "../support/memory_logger.ts";

/** A loop over an empty fleet, and what it did by when. */
class Stage {
  readonly done: string[] = [];
  readonly logger = new MemoryLogger();
  readonly clock = new FakeClock();
  readonly stop = new AbortController();
  readonly list = { isKnown: true };
  readonly #startMs = this.clock.now();
  readonly #loop = new PassLoop({
    list: this.list,
    schedule: new Schedule({ pollingIntervalMs: 100, random: () => 0 }),
    pollingIntervalMs: 100,
    discoveryIntervalMs: 30,
    logger: this.logger,
    now: this.clock.now,
    delay: this.clock.delay,
  });

  note(what: string): Promise<void> {
    this.done.push(`${this.clock.now() - this.#startMs} ${what}`);
    return Promise.resolve();
  }

  run(work: { readonly discover?: () => Promise<void> } = {}): Promise<unknown> {
    return this.#loop.run(this.stop.signal, {
      discover: () => this.note("discover"),
      serve: (_agents, isWhole) => this.note(isWhole ? "all" : "due"),
      ...work,
    }).catch((reason) => reason);
  }

  /** Lets the time pass, as much as the loop waits for each time. */
  async pass(...durationsMs: readonly number[]): Promise<void> {
    for (const durationMs of durationsMs) {
      await this.clock.untilDelayIs(durationMs);
      // What was begun has ended, and the loop looked again at what is due.
      await new Promise((resolve) => setTimeout(resolve, 0));
      this.clock.advance(durationMs);
    }
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.stop.abort("over");
  }
}

Deno.test("PassLoop.run serves all once a polling interval, and looks for new ones more often", async () => {
  const stage = new Stage();
  const running = stage.run();
  await stage.pass(30, 30, 30, 10);
  assertEquals(await running, "over");
  assertEquals(stage.done, [
    ...["0 discover", "0 all", "30 discover", "60 discover", "90 discover"],
    "100 all",
  ]);
});

Deno.test("PassLoop.run serves nobody before there is a list", async () => {
  const stage = new Stage();
  stage.list.isKnown = false;
  const running = stage.run({
    discover: () => {
      stage.list.isKnown = stage.done.length > 0;
      return stage.note("discover");
    },
  });
  await stage.pass(30);
  await running;
  assertEquals(stage.done, ["0 discover", "30 discover", "30 all"]);
});

Deno.test("PassLoop.run goes on after a fault, and notes it", async () => {
  const stage = new Stage();
  const discover = () => Promise.reject(new FluxVaultError("api-unreachable", "no answer"));
  const running = stage.run({ discover });
  await stage.pass(30);
  await running;
  assertEquals(stage.done, ["0 all"]);
  assertEquals(new Set(stage.logger.messages("error")), new Set(["A pass ended in a fault."]));
});

Deno.test("PassLoop.run waits for what it began, and does nothing where it was stopped before", async () => {
  const stage = new Stage();
  let hasEnded = false;
  const running = stage.run({
    discover: async () => {
      await new Promise((resolve) => stage.stop.signal.addEventListener("abort", resolve));
      await Promise.resolve();
      hasEnded = true;
    },
  });
  stage.stop.abort();
  await running;
  assertEquals(hasEnded, true);
  const stopped = new Stage();
  stopped.stop.abort("before");
  assertEquals([await stopped.run(), stopped.done], ["before", []]);
});
