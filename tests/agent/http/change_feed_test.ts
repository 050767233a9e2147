import { ChangeFeed, type FileChange } from "../../../agent/http/change_feed.ts";
import { MAX_EVENT_LISTENERS, MAX_KEPT_CHANGES } from "../../../agent/limits.ts";
import { decodeUtf8 } from "../../../protocol/bytes.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const CHANGE: FileChange = { path: "a", digest: "ab", size: 1 };

Deno.test("ChangeFeed tells what has changed after a number, and what was the last", async () => {
  const feed = new ChangeFeed(1);
  assertEquals(await feed.poll(null, 0), { last: 1_000, isCut: false, changes: [] });
  feed.note([CHANGE, { path: "b", digest: null, size: null }]);
  const polled = await feed.poll(1_001, 0);
  assertEquals(polled, {
    last: 1_002,
    isCut: false,
    changes: [{ id: 1_002, path: "b", digest: null, size: null }],
  });
});

Deno.test("ChangeFeed answers with the next change, or when the time is over", async () => {
  const feed = new ChangeFeed(1);
  const waiting = feed.poll(1_000, 60);
  feed.note([CHANGE]);
  assertEquals((await waiting)?.changes.length, 1);
  assertEquals((await feed.poll(1_001, 0.001))?.changes, []);
});

Deno.test("ChangeFeed says where it does not know all that has changed", async () => {
  const feed = new ChangeFeed(1);
  for (const other of [0, 999, 1_001]) assertEquals((await feed.poll(other, 60))?.isCut, true);
  for (let i = 0; i <= MAX_KEPT_CHANGES; i++) feed.note([CHANGE]);
  assertEquals((await feed.poll(1_000, 0))?.isCut, true);
  const kept = await feed.poll(1_001, 0);
  assertEquals([kept?.isCut, kept?.changes.length], [false, MAX_KEPT_CHANGES]);
});

Deno.test("ChangeFeed streams events, and begins anew for whoever was away too long", async () => {
  const feed = new ChangeFeed(1);
  const stream = feed.stream(5);
  assert(stream !== null);
  const next = async () => decodeUtf8((await stream.next()).value ?? new Uint8Array());
  assertEquals(await next(), ": listening\nid: 5\n\n");
  assertEquals(await next(), "event: reset\nid: 1000\ndata: {}\n\n");
  const waiting = next();
  feed.note([CHANGE]);
  assertEquals(
    await waiting,
    'event: change\nid: 1001\ndata: {"path":"a","digest":"ab","size":1}\n\n',
  );
  const last = stream.next();
  feed.end();
  assertEquals((await last).done, true);
});

Deno.test("ChangeFeed lets no more listen than it may, and another once one has gone", async () => {
  const feed = new ChangeFeed(1);
  for (let i = 0; i < MAX_EVENT_LISTENERS; i++) assert(feed.stream(null) !== null, "not begun");
  const streams = Array.from({ length: MAX_EVENT_LISTENERS }, () => feed.stream(null));
  for (const stream of streams) await stream?.next();
  assertEquals([feed.stream(null), await feed.poll(null, 60)], [null, null]);
  const [first] = streams;
  await first?.return();
  const another = feed.stream(null);
  assert(another !== null);
  feed.end();
  for (const stream of [...streams, another]) for await (const _ of stream ?? []) continue;
});
