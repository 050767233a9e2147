import { Places, type Standing, standingOf } from "../../../keeper/fleet/places.ts";
import { Schedule, type ScheduledAgent } from "../../../keeper/fleet/schedule.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";

/** Agents of one list, and places of which one is for suspects. */
class Hall {
  readonly schedule = new Schedule({ pollingIntervalMs: 1_000, random: () => 0 });
  readonly recorded = new Set<string>();
  readonly places: Places;
  /** Whose turn came, in order. */
  readonly served: string[] = [];
  readonly #over = new Map<string, () => void>();

  constructor(hosts: readonly string[], concurrency = 4) {
    this.list(hosts);
    const isRecorded = (name: string) => this.recorded.has(name);
    this.places = new Places(concurrency, { isOpen: true, isRecorded });
  }

  list(hosts: readonly string[]): void {
    this.schedule.setFleet(hosts.map((host) => ({ host, port: 1 })), 0);
  }

  agent(host: string): ScheduledAgent {
    const agent = this.schedule.idle().find(({ address }) => address.host === host);
    assert(agent !== undefined);
    return agent;
  }

  /** Asks for a place, which is held until the agent leaves. */
  enter(host: string, standing: Standing): Promise<string | null> {
    const agent = this.agent(host);
    if (standing !== "stranger") this.recorded.add(agent.name);
    if (standing === "failed") agent.failures = 1;
    return this.places.serve(agent, () => {
      this.served.push(host);
      return new Promise((resolve) => this.#over.set(host, () => resolve(host)));
    });
  }

  leave(host: string): void {
    this.#over.get(host)?.();
  }

  /** Returns who holds a place or held one, once nothing moves any more. */
  async settled(): Promise<string[]> {
    for (let i = 0; i < 50; i++) await Promise.resolve();
    return this.served;
  }
}

const OPEN = { isOpen: true, isRecorded: (name: string) => name === "known:1" };

Deno.test("standingOf takes an address of an open list for a stranger until it is known", () => {
  const hall = new Hall(["new", "known", "served"]);
  hall.agent("served").wasServed = true;
  const standings = ["new", "known", "served"].map((host) => standingOf(hall.agent(host), OPEN));
  assertEquals(standings, ["stranger", "good", "good"]);
  for (const host of ["new", "known", "served"]) hall.agent(host).failures = 1;
  const after = ["new", "known", "served"].map((host) => standingOf(hall.agent(host), OPEN));
  assertEquals(after, ["stranger", "failed", "failed"]);
});

Deno.test("standingOf takes nobody for a stranger whom the operator listed", () => {
  const hall = new Hall(["new"]);
  const rules = { isOpen: false, isRecorded: () => false };
  assertEquals(standingOf(hall.agent("new"), rules), "good");
  hall.agent("new").failures = 1;
  assertEquals(standingOf(hall.agent("new"), rules), "failed");
});

Deno.test("standingOf takes whom a primary lists for a stranger until it is known, whoever listed that", () => {
  const hall = new Hall(["p"]);
  const list = ["new", "known", "served"].map((component) => ({ component, hasTls: false }));
  const agents = hall.schedule.setBehind({ host: "p", port: 1 }, list, 0);
  for (const { name, address } of agents) {
    if (address.component === "known") hall.recorded.add(name);
  }
  for (const agent of agents) agent.wasServed = agent.address.component === "served";
  const rules = { isOpen: false, isRecorded: (name: string) => hall.recorded.has(name) };
  assertEquals(agents.map((agent) => standingOf(agent, rules)), ["stranger", "good", "good"]);
  assertEquals(standingOf(hall.agent("p"), rules), "good");
});

Deno.test("Places gives strangers and those that failed a quarter together", async () => {
  const hall = new Hall(["a", "b", "c", "x", "y", "z", "last"]);
  const all = [
    ...["a", "b"].map((host) => hall.enter(host, "stranger")),
    hall.enter("c", "failed"),
    ...["x", "y", "z", "last"].map((host) => hall.enter(host, "good")),
  ];
  // Those that are good were first; now all four places are free, and suspects take one.
  for (const host of await hall.settled()) hall.leave(host);
  assertEquals(await hall.settled(), ["x", "y", "z", "last", "c"]);
  for (let i = 0; i < all.length; i++) {
    for (const host of await hall.settled()) hall.leave(host);
  }
  assertEquals((await Promise.all(all)).join(), "a,b,c,x,y,z,last");
});

Deno.test("Places serves one that failed before strangers that waited for longer", async () => {
  const hall = new Hall(["a", "b", "c"]);
  const all = [hall.enter("a", "stranger"), hall.enter("b", "stranger")];
  await hall.settled();
  all.push(hall.enter("c", "failed"));
  for (let i = 0; i < 3; i++) for (const host of await hall.settled()) hall.leave(host);
  await Promise.all(all);
  assertEquals(hall.served, ["a", "c", "b"]);
});

Deno.test("Places.review lets go who is listed no more, before a place is free", async () => {
  const hall = new Hall(["a", "b"]);
  const [first, second] = [hall.enter("a", "stranger"), hall.enter("b", "stranger")];
  await hall.settled();
  hall.list(["a"]);
  hall.places.review();
  assertEquals(await second, null);
  hall.leave("a");
  assertEquals([await first, await hall.settled()], ["a", ["a"]]);
});

Deno.test("Places.review puts first who is on record by now", async () => {
  const hall = new Hall(["a", "b", "c"]);
  const all = ["a", "b", "c"].map((host) => hall.enter(host, "stranger"));
  await hall.settled();
  hall.recorded.add("c:1");
  hall.places.review();
  for (let i = 0; i < 3; i++) for (const host of await hall.settled()) hall.leave(host);
  await Promise.all(all);
  assertEquals(hall.served, ["a", "c", "b"]);
});

Deno.test("Places serves nobody whose turn comes after he left the list", async () => {
  const hall = new Hall(["a", "b"], 1);
  const [first, second] = [hall.enter("a", "good"), hall.enter("b", "good")];
  await hall.settled();
  hall.list(["a"]);
  hall.leave("a");
  assertEquals([await first, await second, hall.served], ["a", null, ["a"]]);
});

Deno.test("Places gives a place back when the work fails", async () => {
  const hall = new Hall(["a", "b"], 1);
  const failing = hall.places.serve(hall.agent("a"), () => Promise.reject(new SyntaxError("bug")));
  const next = hall.enter("b", "stranger");
  assert(await failing.catch((error) => error) instanceof SyntaxError);
  await hall.settled();
  hall.leave("b");
  assertEquals(await next, "b");
});

Deno.test("Places needs one place at least", () => {
  for (const count of [0, 1.5]) {
    assertThrows(() => new Places(count, OPEN), RangeError);
  }
});
