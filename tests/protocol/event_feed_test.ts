import { EventFeed, type Events } from "../../protocol/event_feed.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

interface Beat {
  readonly kind: "beat";
  readonly at: number;
}

function beat(feed: EventFeed<Beat>, ...times: readonly number[]): void {
  for (const at of times) feed.tell(() => ({ kind: "beat", at }));
}

/** What a listener gets; what it missed as a negative number. */
async function heard(events: Events<Beat>): Promise<number[]> {
  const seen: number[] = [];
  for await (const event of events) seen.push(event.kind === "missed" ? -event.count : event.at);
  return seen;
}

Deno.test("EventFeed tells every listener all that happens from when it listens", async () => {
  const feed = new EventFeed<Beat>();
  const first = feed.listen();
  beat(feed, 1);
  const second = feed.listen();
  beat(feed, 2, 3);
  feed.end();
  assertEquals([await heard(first), await heard(second)], [[1, 2, 3], [2, 3]]);
});

Deno.test("EventFeed drops the oldest for a slow listener, counts it, and spares the others", async () => {
  const feed = new EventFeed<Beat>();
  const slow = feed.listen({ capacity: 2 });
  const patient = feed.listen();
  beat(feed, 1, 2, 3, 4);
  assertEquals((await slow.next()).value, { kind: "missed", count: 2 });
  beat(feed, 5);
  feed.end();
  assertEquals([await heard(slow), await heard(patient)], [[-1, 4, 5], [1, 2, 3, 4, 5]]);
});

Deno.test("EventFeed lets what strangers cause push out nothing else", async () => {
  const feed = new EventFeed<Beat>();
  const events = feed.listen({ capacity: 4 });
  beat(feed, 1);
  for (let i = 0; i < 1_000; i++) feed.tell(() => ({ kind: "beat", at: 99 }), { isMinor: true });
  beat(feed, 2);
  feed.end();
  assertEquals(await heard(events), [-999, 1, 99, 2]);
});

Deno.test("EventFeed makes no event where nobody listens", () => {
  const feed = new EventFeed<Beat>();
  let made = 0;
  feed.tell(() => ({ kind: "beat", at: made++ }));
  assertEquals([feed.isHeard, made], [false, 0]);
});

Deno.test("EventFeed.listen hands over what comes to who waits, in order", async () => {
  const feed = new EventFeed<Beat>();
  const events = feed.listen();
  const waiting = [events.next(), events.next(), events.next()];
  beat(feed, 1, 2);
  feed.end();
  assertEquals(await Promise.all(waiting), [
    { done: false, value: { kind: "beat", at: 1 } },
    { done: false, value: { kind: "beat", at: 2 } },
    { done: true, value: undefined },
  ]);
});

Deno.test("EventFeed.listen ends with its signal, with the loop, and with the scope", async () => {
  const feed = new EventFeed<Beat>();
  const control = new AbortController();
  const aborted = feed.listen({ signal: control.signal });
  const left = feed.listen();
  beat(feed, 1, 2);
  control.abort();
  assertEquals(await heard(aborted), []);
  for await (const _ of left) break;
  {
    await using _events = feed.listen();
  }
  assertEquals(feed.isHeard, false);
  assertEquals(await heard(feed.listen({ signal: control.signal })), []);
});

Deno.test("EventFeed.end lets others listen later, EventFeed.close does not", async () => {
  const feed = new EventFeed<Beat>();
  feed.end();
  const events = feed.listen();
  beat(feed, 1);
  feed.close();
  assertEquals([await heard(events), await heard(feed.listen())], [[1], []]);
});

Deno.test("EventFeed.listen refuses a capacity that holds nothing", () => {
  const feed = new EventFeed<Beat>();
  for (const capacity of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(() => feed.listen({ capacity }), RangeError);
  }
});
