import { Inventory, settledFile } from "../../../../agent/disk/state/inventory.ts";
import { type Clock, LeaseBook } from "../../../../agent/disk/state/lease_book.ts";
import { assertEquals } from "../../../support/assert.ts";

const DAY_MS = 86_400_000;

/** Two clocks of which one may be set. */
class Clocks implements Clock {
  wallMs = 1_000 * DAY_MS;
  steadyMs = 5;

  pass(durationMs: number): Clocks {
    this.wallMs += durationMs;
    this.steadyMs += durationMs;
    return this;
  }
}

function inventoryOf(...leases: readonly (readonly [string | null, string, number | null])[]) {
  const inventory = new Inventory();
  for (const [declarer, path, leaseS] of leases) {
    inventory.set(declarer, path, { holding: settledFile(false, leaseS) });
  }
  return inventory;
}

Deno.test("LeaseBook lets expire what nobody renews, and says when the next does", () => {
  const clock = new Clocks();
  const book = new LeaseBook([], clock);
  const inventory = inventoryOf(["1key", "a", 60], ["1key", "b", 90], ["1key", "c", null]);
  book.renew("1key", clock);
  assertEquals(book.due(inventory, clock), { expired: [], nextInMs: 60_000 });
  clock.pass(59_999);
  assertEquals(book.due(inventory, clock), { expired: [], nextInMs: 1 });
  clock.pass(1);
  const expired = [{ declarer: "1key", path: "a" }];
  assertEquals(book.due(inventory, clock), { expired, nextInMs: 30_000 });
  book.renew("1key", clock);
  assertEquals(book.due(inventory, clock), { expired: [], nextInMs: 60_000 });
});

Deno.test("LeaseBook renews only what the same one declared", () => {
  const clock = new Clocks();
  const book = new LeaseBook([], clock);
  const inventory = inventoryOf(["1a", "a", 60], [null, "b", 60]);
  book.renew("1a", clock);
  book.renew(null, clock);
  book.renew("1a", clock.pass(60_000));
  assertEquals(book.due(inventory, clock).expired, [{ declarer: null, path: "b" }]);
});

Deno.test("LeaseBook starts the time of what was never renewed", () => {
  const clock = new Clocks();
  const book = new LeaseBook([], clock);
  const inventory = inventoryOf([null, "a", 60]);
  assertEquals(book.due(inventory, clock).nextInMs, 60_000);
  assertEquals(book.due(inventory, clock.pass(60_000)).expired.length, 1);
  assertEquals(book.due(new Inventory(), clock), { expired: [], nextInMs: null });
});

Deno.test("LeaseBook does not mind that the clock of the machine is set", () => {
  const clock = new Clocks();
  const book = new LeaseBook([], clock);
  const inventory = inventoryOf([null, "a", 60]);
  book.renew(null, clock);
  for (const jumpMs of [100 * DAY_MS, -200 * DAY_MS, 0]) {
    clock.wallMs += jumpMs;
    assertEquals(book.due(inventory, clock), { expired: [], nextInMs: 60_000 });
  }
});

Deno.test("LeaseBook counts what passed while the agent did not run", () => {
  const clock = new Clocks();
  const inventory = inventoryOf([null, "a", 60]);
  const book = new LeaseBook([], clock);
  book.renew(null, clock);
  const renewals = book.toWrite(inventory, clock) ?? [];
  clock.wallMs += 40_000;
  clock.steadyMs = 0;
  const after = new LeaseBook(renewals, clock);
  assertEquals(after.due(inventory, clock), { expired: [], nextInMs: 20_000 });
  assertEquals(after.due(inventory, clock.pass(20_000)).expired.length, 1);
  clock.wallMs = 0;
  const setBack = new LeaseBook(renewals, clock);
  assertEquals(setBack.due(inventory, clock), { expired: [], nextInMs: 60_000 });
});

Deno.test("LeaseBook writes a renewal once, and again when the clock was set", () => {
  const clock = new Clocks();
  const inventory = inventoryOf([null, "a", 3_600], ["1key", "b", null]);
  const book = new LeaseBook([], clock);
  const write = () => {
    const renewals = book.toWrite(inventory, clock);
    if (renewals !== null) book.markWritten(renewals);
    return renewals;
  };
  assertEquals(write(), null, "nobody was here yet");
  book.renew(null, clock);
  book.renew("1key", clock);
  assertEquals(write(), [[null, clock.wallMs]], "who has no lease is left out");
  assertEquals(write(), null);
  clock.pass(30_000);
  assertEquals(write(), null);
  book.renew(null, clock);
  assertEquals(write(), null, "half a minute of an hour is not worth it");
  clock.pass(40_000);
  book.renew(null, clock);
  assertEquals(write(), [[null, clock.wallMs]]);
  clock.wallMs += DAY_MS;
  assertEquals(write(), [[null, clock.wallMs]], "the renewal is as old as it was");
  inventory.forget(null, "a");
  assertEquals(write(), []);
});

Deno.test("LeaseBook writes every renewal of a short lease", () => {
  const clock = new Clocks();
  const inventory = inventoryOf([null, "a", 10]);
  const book = new LeaseBook([], clock);
  for (let i = 0; i < 3; i++) {
    book.renew(null, clock.pass(1_000));
    const renewals = book.toWrite(inventory, clock);
    assertEquals(renewals, [[null, clock.wallMs]]);
    book.markWritten(renewals ?? []);
  }
});
