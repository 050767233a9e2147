import { Door, type DoorOptions, type Visit } from "../../../agent/door/door.ts";
import { UnwrapQueue } from "../../../agent/door/unwrap_queue.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";

/** A door whose callers have names, and a list of those that were dropped. */
function makeDoor(options: DoorOptions = {}) {
  const clock = { nowMs: 0 };
  const door = new Door({ now: () => clock.nowMs, ...options });
  const dropped: string[] = [];
  const enter = (name: string, address: string, isShared = false): Visit => {
    return door.enter({ address, isShared, drop: () => dropped.push(name) });
  };
  const fail = (address: string, times = 5, isShared = false): void => {
    for (let i = 0; i < times; i++) enter("failing", address, isShared).fail();
  };
  return { door, dropped, enter, fail, clock };
}

Deno.test("Door gives a place until it is left, admitted or lost", () => {
  const { door, enter } = makeDoor();
  const visits = ["a", "b"].map((name) => enter(name, "192.0.2.1"));
  assertEquals(door.size, 2);
  visits[0]?.leave();
  visits[1]?.admit();
  visits[1]?.leave();
  assertEquals(door.size, 0);
});

Deno.test("Door drops the oldest silent caller of an address that has too many", () => {
  const { door, dropped, enter } = makeDoor({ maxPerAddress: 2 });
  enter("a", "192.0.2.1").speak();
  enter("b", "192.0.2.1");
  enter("other", "192.0.2.2");
  enter("c", "::ffff:192.0.2.1");
  assertEquals(dropped, ["b"]);
  assertEquals(door.size, 3);
});

Deno.test("Door drops the oldest of an address where all have spoken", () => {
  const { dropped, enter } = makeDoor({ maxPerAddress: 2 });
  enter("a", "192.0.2.1").speak();
  enter("b", "192.0.2.1").speak();
  enter("c", "192.0.2.1");
  assertEquals(dropped, ["a"]);
});

Deno.test("Door counts IPv6 by /64", () => {
  const { dropped, enter } = makeDoor({ maxPerAddress: 1 });
  enter("a", "2001:db8::1");
  enter("b", "2001:db8:0:1::1");
  enter("c", "2001:db8::2");
  assertEquals(dropped, ["a"]);
});

Deno.test("Door sets no limit of its own for an address that many share", () => {
  const { dropped, enter } = makeDoor({ maxPerAddress: 1 });
  for (const name of ["a", "b", "c"]) enter(name, "172.23.4.1", true);
  assertEquals(dropped, []);
});

Deno.test("Door, when full, drops the oldest silent caller of the most crowded address", () => {
  const { dropped, enter } = makeDoor({ maxSetups: 5, keptSetups: 0 });
  enter("quiet", "192.0.2.9");
  enter("a", "192.0.2.1").speak();
  enter("b", "192.0.2.1");
  enter("c", "192.0.2.1");
  enter("d", "192.0.2.2");
  enter("newcomer", "192.0.2.3");
  assertEquals(dropped, ["b"]);
});

Deno.test("Door, when full, drops nobody who has spoken while one as little crowded is silent", () => {
  const { dropped, enter } = makeDoor({ maxSetups: 3, keptSetups: 0 });
  enter("keeper", "192.0.2.1").speak();
  enter("a", "192.0.2.2");
  enter("b", "192.0.2.3");
  enter("c", "192.0.2.4");
  enter("d", "192.0.2.5");
  assertEquals(dropped, ["a", "b"]);
});

Deno.test("Door keeps places for addresses that authenticated before", () => {
  const { dropped, enter } = makeDoor({ maxSetups: 4, keptSetups: 1 });
  enter("once", "192.0.2.1").admit();
  for (let i = 0; i < 10; i++) enter(`stranger ${i}`, `198.51.100.${i}`);
  assertEquals(dropped.length, 7, "strangers have three places among them");
  enter("known", "192.0.2.1");
  assertEquals(dropped.length, 7, "the fourth is there for the known one");
  enter("stranger", "198.51.100.99");
  assertEquals(dropped.at(-1), "stranger 7", "a stranger costs a stranger his place");
});

Deno.test("Door drops a known caller only where all are known", () => {
  const { dropped, enter } = makeDoor({ maxSetups: 2, keptSetups: 1 });
  for (let i = 0; i < 3; i++) enter("once", `192.0.2.${i}`).admit();
  for (let i = 0; i < 3; i++) enter(`known ${i}`, `192.0.2.${i}`);
  assertEquals(dropped, ["known 0"]);
});

Deno.test("Door forgets the address that has not authenticated for longest", () => {
  const { dropped, enter } = makeDoor({ maxSetups: 2, keptSetups: 1, maxKnown: 1 });
  enter("once", "192.0.2.1").admit();
  enter("once", "192.0.2.2").admit();
  enter("stranger", "198.51.100.1");
  enter("forgotten", "192.0.2.1");
  assertEquals(dropped, ["stranger"]);
});

Deno.test("Door stays within its places under thousands of callers", () => {
  const { door, dropped, enter } = makeDoor();
  for (let i = 0; i < 5_000; i++) enter(`${i}`, `198.51.${i >> 8}.${i & 255}`);
  assertEquals(door.size, 56);
  assertEquals(dropped.length, 5_000 - 56);
});

Deno.test("Door has one silent caller at a time of an address that keeps failing", () => {
  const { dropped, enter, fail } = makeDoor();
  fail("192.0.2.1", 4);
  for (const name of ["a", "b", "c"]) enter(name, "192.0.2.1");
  assertEquals(dropped, [], "four failures are for nothing");
  fail("192.0.2.1", 1);
  enter("d", "192.0.2.1");
  assertEquals(dropped, ["a", "b", "c"]);
  enter("e", "192.0.2.1");
  assertEquals(dropped, ["a", "b", "c", "d"]);
  enter("other", "192.0.2.2");
  assertEquals(dropped.length, 4);
});

Deno.test("Door counts failures of IPv6 by /64", () => {
  const { dropped, enter, fail } = makeDoor();
  for (let i = 0; i < 5; i++) fail(`2001:db8::${i}`, 1);
  enter("a", "2001:db8::8");
  enter("b", "2001:db8::9");
  assertEquals(dropped, ["a"]);
});

Deno.test("Door lets whoever has spoken go on, although its address keeps failing", () => {
  const { dropped, enter, fail } = makeDoor();
  fail("192.0.2.1");
  enter("keeper", "192.0.2.1").speak();
  for (let i = 0; i < 100; i++) enter(`${i}`, "192.0.2.1");
  assertEquals(dropped.includes("keeper"), false);
  assertEquals(dropped.length, 99);
});

Deno.test("Door never has more than four callers of an address that keeps failing", () => {
  const { door, dropped, enter, fail } = makeDoor();
  fail("192.0.2.1");
  for (let i = 0; i < 100; i++) enter(`${i}`, "192.0.2.1").speak();
  assertEquals([door.size, dropped.length], [4, 96]);
});

Deno.test("Door forgives a failure a minute", () => {
  const { dropped, enter, fail, clock } = makeDoor();
  fail("192.0.2.1");
  clock.nowMs = 60_000;
  for (const name of ["a", "b", "c", "d"]) enter(name, "192.0.2.1");
  assertEquals(dropped, []);
});

Deno.test("Door forgets the failures of an address that authenticates", () => {
  const { dropped, enter, fail } = makeDoor({ maxKnown: 1 });
  fail("192.0.2.1", 100);
  enter("keeper", "192.0.2.1").admit();
  enter("another", "192.0.2.2").admit();
  const visits = ["a", "b", "c", "d"].map((name) => enter(name, "192.0.2.1"));
  assertEquals([dropped, visits[0]?.standing], [[], "stranger"]);
});

Deno.test("Door holds nothing against an address that authenticated before", () => {
  const { dropped, enter, fail } = makeDoor();
  enter("keeper", "192.0.2.1").admit();
  fail("192.0.2.1", 100);
  const visits = ["a", "b", "c", "d"].map((name) => enter(name, "192.0.2.1"));
  assertEquals([dropped, visits[0]?.standing], [[], "known"]);
});

Deno.test("Door holds nothing against an address that many share", () => {
  const { dropped, enter, fail } = makeDoor();
  fail("172.23.4.1", 100, true);
  const visits = ["a", "b", "c"].map((name) => enter(name, "172.23.4.1", true));
  assertEquals([dropped, visits[0]?.standing], [[], "stranger"]);
});

Deno.test("Door, when full, has addresses that keep failing make room first", () => {
  const { dropped, enter, fail } = makeDoor({ maxSetups: 5, keptSetups: 0 });
  fail("192.0.2.9");
  for (const name of ["a", "b", "c"]) enter(name, "192.0.2.1");
  enter("penalised", "192.0.2.9").speak();
  enter("d", "192.0.2.2");
  enter("newcomer", "192.0.2.3");
  assertEquals(dropped, ["penalised"]);
});

Deno.test("Door lets an address in that keeps failing, though the door is full of others", () => {
  const { door, dropped, enter, fail } = makeDoor({ maxSetups: 3, keptSetups: 0 });
  fail("192.0.2.9");
  for (let i = 0; i < 3; i++) enter(`${i}`, `192.0.2.${i}`);
  assertEquals(enter("keeper", "192.0.2.9").standing, "penalised");
  assertEquals([door.size, dropped], [3, ["0"]]);
});

for (const what of ["is silent", "has spoken"]) {
  Deno.test(`Door counts it once as a failure to make room for others, where one ${what}`, () => {
    const { door, enter } = makeDoor({ maxSetups: 1, keptSetups: 0 });
    const come = (address: string) => {
      const visit = enter("", address);
      if (what === "has spoken") visit.speak();
      return visit;
    };
    const crowd = Array.from({ length: 10 }, (_, i) => come(`192.0.2.${i % 2}`));
    // Of the one address five have lost their places, of the other four.
    for (const visit of crowd.slice(0, -1)) visit.fail();
    assertEquals(crowd.slice(-2).map(({ standing }) => standing), ["penalised", "stranger"]);
    assertEquals(door.size, 1);
  });
}

Deno.test("Door has the address make room first that has failed most", () => {
  const { dropped, enter, fail } = makeDoor({ maxSetups: 3, keptSetups: 0 });
  fail("192.0.2.1", 7);
  fail("192.0.2.2", 8);
  enter("a", "192.0.2.1").speak();
  enter("b", "192.0.2.2").speak();
  enter("c", "192.0.2.3");
  enter("d", "192.0.2.4");
  assertEquals(dropped, ["b"]);
});

Deno.test("Door counts it a sixtieth of a failure that a caller wants no session", () => {
  const { enter, clock } = makeDoor();
  const decline = (times: number) => {
    for (let i = 0; i < times; i++) enter("keeper", "192.0.2.1").decline();
    const visit = enter("keeper", "192.0.2.1");
    visit.leave();
    return visit.standing;
  };
  assertEquals([decline(240), decline(1)], ["stranger", "penalised"]);
  clock.nowMs = 600_000;
  for (let i = 0; i < 1_000; i++) {
    clock.nowMs += 1_000;
    assertEquals(decline(1), "stranger");
  }
});

/** A door under a crowd that comes faster than it is heard; an unwrap takes 50 ms. */
class Flood {
  readonly clock = new FakeClock();
  readonly door = new Door({ now: this.clock.now });
  /** The callers that have not gone yet. */
  readonly #here = new Set<AbortController>();
  readonly #queue = new UnwrapQueue();
  #count = 0;

  /** Says an opening line; returns whether it was unwrapped and held what a keeper's does. */
  async attempt(address: string, isKeeper: boolean): Promise<boolean> {
    const control = new AbortController();
    const visit = this.door.enter({ address, isShared: false, drop: () => control.abort() });
    const { standing } = visit;
    this.#here.add(control);
    try {
      visit.speak();
      const unwrap = () => this.clock.delay(50, new AbortController().signal);
      await this.#queue.run(unwrap, { standing, signal: control.signal });
      if (control.signal.aborted) return false;
      if (isKeeper) visit.admit();
      else visit.fail();
      return isKeeper;
    } catch {
      return false;
    } finally {
      visit.leave();
      this.#here.delete(control);
    }
  }

  /** Has ten strangers come every 50 ms, from sixty addresses in turn. */
  async pass(durationMs: number): Promise<void> {
    for (let ms = 0; ms < durationMs; ms += 50) {
      for (let i = 0; i < 10; i++) void this.attempt(this.addressOf(this.#count++), false);
      await new Promise((resolve) => setTimeout(resolve, 0));
      this.clock.advance(50);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }

  addressOf(index: number): string {
    return `198.51.100.${index % 60}`;
  }

  /** Sends everybody away. */
  async end(): Promise<void> {
    for (const control of this.#here) control.abort();
    this.clock.advance(50);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

Deno.test("Door lets a keeper in for the first time, although sixty addresses keep it full", async () => {
  const flood = new Flood();
  await flood.pass(500);
  let isAdmitted = false;
  // A keeper's first pauses, at their shortest.
  for (const pauseMs of [2_500, 5_000, 10_000]) {
    const attempt = flood.attempt("192.0.2.7", true).then((is) => isAdmitted ||= is);
    await flood.pass(pauseMs);
    await attempt;
    if (isAdmitted) break;
  }
  const stranger = flood.door.enter({
    address: flood.addressOf(0),
    isShared: false,
    drop: () => {},
  });
  const { standing } = stranger;
  await flood.end();
  assert(isAdmitted, "the keeper was kept out");
  assertEquals(standing, "penalised");
});

Deno.test("Door counts it as a failure to crowd out callers of one's own address", () => {
  const { enter } = makeDoor();
  const visits = Array.from({ length: 9 }, (_, i) => enter(`${i}`, "192.0.2.1"));
  assertEquals(visits[8]?.standing, "penalised");
});

Deno.test("Door counts a failure once, and none where the caller left or was admitted", () => {
  const { enter } = makeDoor({ maxKnown: 0 });
  for (let i = 0; i < 4; i++) {
    const visit = enter(`${i}`, "192.0.2.1");
    visit.fail();
    visit.fail();
    visit.leave();
  }
  const left = enter("left", "192.0.2.1");
  left.leave();
  left.fail();
  assertEquals(left.standing, "stranger");
});
