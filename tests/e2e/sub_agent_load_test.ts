/**
 * What it costs a primary to carry much, or to carry it to a sub-agent that does not take it.
 *
 * @module
 */
import { assert, assertEquals } from "../support/assert.ts";
import { HAS_PROC, readMemory } from "../support/process_memory.ts";
import {
  AppSite,
  deliverThrough,
  outcome,
  untilRegistered,
  withPrimary,
} from "../support/sub_agents.ts";

const LARGE = "0123456789abcdef".repeat(4 * 1_024 * 1_024);
const MAX_GROWTH_BYTES = 48 * 1_024 * 1_024;

Deno.test(
  "agent: a primary holds little of what it relays, also where a sub-agent stops taking it",
  {
    ignore: !HAS_PROC,
  },
  async () => {
    await using app = await AppSite.open();
    const primary = await app.startPrimary();
    const db = await app.startSubAgent("db");
    const web = await app.startSubAgent("web");
    await untilRegistered(primary, "db");
    await untilRegistered(primary, "web");
    const { residentBytes: before } = await readMemory(primary.program.pid);
    await withPrimary(primary, async (desk) => {
      const first = outcome(deliverThrough(desk, "db", { files: { large: LARGE } }));
      // It is amid the contents once some are on its disk.
      while (![...Deno.readDirSync(db.files)].some(({ name }) => name !== "large")) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      db.program.kill("SIGSTOP");
      try {
        for (let revision = 1; revision <= 3; revision++) {
          const files = { a: `${revision}`.repeat(1_000_000) };
          await deliverThrough(desk, "web", { files, revision });
        }
      } finally {
        db.program.kill("SIGCONT");
      }
      assert(typeof await first !== "string", `${await first}`);
    });
    assertEquals((await Deno.stat(`${db.files}/large`)).size, LARGE.length);
    assertEquals((await Deno.stat(`${web.files}/a`)).size, 1_000_000);
    const { peakBytes } = await readMemory(primary.program.pid);
    const growth = peakBytes - before;
    assert(growth < MAX_GROWTH_BYTES, `the primary grew by ${growth} bytes`);
  },
);

Deno.test("agent: a primary that is stopped ends what it relays in its time of grace", async () => {
  await using app = await AppSite.open();
  const primary = await app.startPrimary();
  const db = await app.startSubAgent("db");
  await untilRegistered(primary, "db");
  db.program.kill("SIGSTOP");
  try {
    const talking = outcome(withPrimary(primary, async (desk) => {
      const duplex = await desk.openDuplex("relay", { input: { Component: "db" } });
      const ending = primary.program.stop("SIGTERM");
      await duplex.readable.getReader().read().catch(() => {});
      await ending;
    }));
    assertEquals((await primary.program.end).code, 0);
    await talking;
  } finally {
    db.program.kill("SIGCONT");
  }
});
