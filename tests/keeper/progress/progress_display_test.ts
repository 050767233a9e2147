import { setImmediate as nextTurn } from "node:timers/promises";
import { ProgressDisplay } from "../../../keeper/progress/progress_display.ts";
import { TerminalArea } from "../../../protocol/host/mod.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { fileOf } from "../plan/plan_fixtures.ts";

const MIB = 2 ** 20;

/** A terminal, a log, and a clock whose ticks are the test's. */
class Bench {
  readonly logger = new MemoryLogger();
  size = { columns: 120, rows: 24 };
  /** What was written to the terminal. */
  text = "";
  nowMs = 0;
  everyMs: number | null = null;
  readonly area = new TerminalArea({
    write: (text) => {
      this.text += text;
      return Promise.resolve();
    },
    size: () => this.size,
  });
  #call: (() => void) | null = null;

  display(hasTerminal = true): ProgressDisplay {
    return new ProgressDisplay({
      area: hasTerminal ? this.area : null,
      logger: this.logger,
      now: () => this.nowMs,
      every: (everyMs, call) => {
        this.everyMs = everyMs;
        this.#call = call;
        return () => this.#call = this.everyMs = null;
      },
    });
  }

  /** Lets the timer call once, so much later; returns the lines that are drawn then. */
  async tick(afterMs = this.everyMs ?? 0): Promise<string[]> {
    this.nowMs += afterMs;
    const before = this.text.length;
    this.#call?.();
    await nextTurn();
    // deno-lint-ignore no-control-regex
    const drawn = this.text.slice(before).replaceAll(/\x1b\[\d*[AJ]|\r/g, "");
    return drawn.split("\n").filter((line) => /%/.test(line));
  }
}

function agentAt(host: number, component: string | null = "web") {
  return { address: `203.0.113.${host}:8888`, app: "shop", component };
}

const BIG = [fileOf("big", { size: 100 * MIB })];

Deno.test("ProgressDisplay draws a line for each delivery, ten times a second, and takes them away", async () => {
  const bench = new Bench();
  const display = bench.display();
  const [one, two] = [1, 2].map((host) => display.begin(agentAt(host), BIG));
  assertEquals(bench.everyMs, null);
  one?.start("big", 100 * MIB);
  assertEquals(bench.everyMs, 100);
  one?.send(25 * MIB);
  assertEquals(await bench.tick(), []);
  two?.start("big", 100 * MIB);
  const [line = "", ...others] = await bench.tick(400);
  assert(line.includes("203.0.113.1:8888 web  [######------------------]   25%"), line);
  assertEquals(others.length, 1);
  one?.end();
  assertEquals((await bench.tick()).length, 1);
  two?.end();
  assertEquals([await bench.tick(), bench.everyMs], [[], null]);
  assert(bench.text.endsWith("\x1b[J"), JSON.stringify(bench.text.slice(-20)));
});

Deno.test("ProgressDisplay folds what has no room on the terminal", async () => {
  const bench = new Bench();
  bench.size = { columns: 120, rows: 5 };
  const display = bench.display();
  const deliveries = Array.from({ length: 10 }, (_, i) => display.begin(agentAt(i), BIG));
  for (const delivery of deliveries) {
    delivery.start("big", 100 * MIB);
    delivery.send(50 * MIB);
  }
  const lines = await bench.tick(1_000);
  assertEquals(lines.length, 4);
  assert(lines[3]?.startsWith("and 7 more agents     ["), lines[3]);
  assert(lines[3]?.includes("50%"), lines[3]);
  bench.size = { columns: 20, rows: 2 };
  const narrow = await bench.tick();
  assertEquals(narrow.length, 1);
  assert(narrow[0]?.startsWith("and 10 agents") && narrow[0].length < 20, narrow[0]);
});

Deno.test("ProgressDisplay shows nothing of what ends at once", async () => {
  const bench = new Bench();
  const delivery = bench.display().begin(agentAt(1), BIG);
  delivery.start("big", 100 * MIB);
  await bench.tick();
  delivery.end();
  await bench.tick();
  assertEquals(bench.text, "");
});

Deno.test("ProgressDisplay says nothing after it was closed", async () => {
  const bench = new Bench();
  const display = bench.display();
  const delivery = display.begin(agentAt(1), BIG);
  delivery.start("big", 100 * MIB);
  await bench.tick(1_000);
  await display.close();
  const { length } = bench.text;
  delivery.start("other", 5);
  delivery.send(1);
  delivery.end();
  assertEquals([await bench.tick(), bench.everyMs], [[], null]);
  assertEquals(bench.text.length, length);
});

Deno.test("ProgressDisplay writes lines of the log where there is no terminal, of large deliveries alone", async () => {
  const bench = new Bench();
  const display = bench.display(false);
  const large = display.begin(agentAt(1), BIG);
  const small = display.begin(agentAt(2, null), [fileOf("small", { size: 64 * MIB })]);
  large.start("big", 100 * MIB);
  small.start("small", 64 * MIB);
  small.send(10);
  large.send(50 * MIB);
  assertEquals(bench.everyMs, 10_000);
  await bench.tick();
  large.send(25 * MIB);
  await bench.tick();
  large.end();
  small.end();
  assertEquals(bench.logger.events, [
    {
      level: "info",
      message: "A large delivery has begun.",
      properties: { address: "203.0.113.1:8888", component: "web", size: "104.9 MB" },
    },
    {
      level: "info",
      message: "A large delivery goes on.",
      properties: {
        address: "203.0.113.1:8888",
        component: "web",
        progress: "52.4 MB of 104.9 MB, 5.2 MB/s, 0:10 left",
      },
    },
    {
      level: "info",
      message: "A large delivery goes on.",
      properties: {
        address: "203.0.113.1:8888",
        component: "web",
        progress: "78.6 MB of 104.9 MB, 3.9 MB/s, 0:07 left",
      },
    },
  ]);
  assertEquals([bench.text, bench.everyMs], ["", null]);
});

Deno.test("ProgressDisplay.watchApp leaves the terminal to other apps, and goes on in the log", async () => {
  const bench = new Bench();
  const display = bench.display();
  const [shop, blog] = [display.watchApp(), display.watchApp()];
  shop.leaveTerminal();
  for (const [i, app] of [shop, blog].entries()) {
    const delivery = app.begin(agentAt(i), BIG);
    delivery.start("big", 100 * MIB);
    delivery.send(MIB);
  }
  const lines = await bench.tick(1_000);
  assertEquals(lines.map((line) => line.slice(0, 16)), ["203.0.113.1:8888"]);
  const service = new Bench();
  const logged = service.display(false).watchApp();
  logged.leaveTerminal();
  logged.begin(agentAt(1), BIG).start("big", 100 * MIB);
  assertEquals(service.logger.messages("info"), ["A large delivery has begun."]);
});
