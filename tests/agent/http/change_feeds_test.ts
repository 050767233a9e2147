import type { ChangeFeed } from "../../../agent/http/change_feed.ts";
import { ChangeFeeds, type RestrictedChange } from "../../../agent/http/change_feeds.ts";
import { MAX_CHANGE_FEEDS, MAX_EVENT_LISTENERS } from "../../../agent/limits.ts";
import type { FileEntry } from "../../../protocol/manifest_entry.ts";
import { assert, assertEquals } from "../../support/assert.ts";

function entry(readers?: readonly string[]): FileEntry {
  const file = { kind: "file", path: "a", digest: "ab", size: 3, mode: 0o600 } as const;
  return { ...file, strategy: "STRICT", ...(readers === undefined ? {} : { readers }) };
}

/** A change of a file from one list of readers to another; `null` where there is none. */
function change(
  before: FileEntry | null,
  now: FileEntry | null,
  more: Partial<RestrictedChange> = {},
): RestrictedChange {
  return {
    path: "a",
    digest: now === null ? null : "ab",
    size: now === null ? null : 3,
    before: before === null ? [] : [before],
    now: now === null ? [] : [now],
    isOther: true,
    ...more,
  };
}

async function told(feed: ChangeFeed): Promise<readonly (string | null)[]> {
  return (await feed.poll(1_000, 0))?.changes.map(({ digest }) => digest) ?? [];
}

function opened() {
  const feeds = new ChangeFeeds({ now: () => 1 });
  const [web, db, unknown] = [feeds.of("web"), feeds.of("db"), feeds.of(null)];
  const all = () => Promise.all([web, db, unknown].map(told));
  return { feeds, web, db, unknown, all };
}

Deno.test("ChangeFeeds tells everybody of a file that is for all, and its readers of another", async () => {
  const { feeds, all } = opened();
  feeds.note([change(null, entry())]);
  assertEquals(await all(), [["ab"], ["ab"], ["ab"]]);
  feeds.note([change(null, entry(["web"]))]);
  assertEquals(await all(), [["ab", "ab"], ["ab"], ["ab"]]);
  feeds.note([change(entry(["web"]), null)]);
  assertEquals(await all(), [["ab", "ab", null], ["ab"], ["ab"]]);
});

Deno.test("ChangeFeeds tells of a change of readers alone only whom it lets in or shuts out", async () => {
  const { feeds, all } = opened();
  feeds.note([change(entry(["cache", "web"]), entry(["cache", "db"]), { isOther: false })]);
  assertEquals(await all(), [[null], ["ab"], []]);
  assertEquals(await told(feeds.of("cache")), []);
});

Deno.test("ChangeFeeds does not tell by its numbers of what it does not tell", async () => {
  const { feeds, db, web } = opened();
  feeds.note([change(null, entry(["web"])), change(null, entry(["web"])), change(null, entry())]);
  assertEquals((await db.poll(null, 0))?.last, 1_001);
  assertEquals((await web.poll(null, 0))?.last, 1_003);
  const waiting = db.poll(1_001, 0.001);
  feeds.note([change(entry(["web"]), entry(["web"]))]);
  assertEquals(await waiting, { last: 1_001, isCut: false, changes: [] });
});

Deno.test("ChangeFeeds knows a component by its name in whatever case", () => {
  const { feeds, web } = opened();
  assert(feeds.of("WEB") === web && feeds.of("db") !== web && feeds.of(null) !== web);
});

Deno.test("ChangeFeeds tells nobody of the file that is hidden", async () => {
  const feeds = new ChangeFeeds({ hiddenPaths: ["a"], now: () => 1 });
  const feed = feeds.of(null);
  feeds.note([change(null, entry()), change(null, entry(), { path: "b" })]);
  assertEquals((await feed.poll(1_000, 0))?.changes.map(({ path }) => path), ["b"]);
});

Deno.test("ChangeFeeds has as many listeners in all as one feed may have", async () => {
  const { feeds, web, db } = opened();
  const streams = Array.from({ length: MAX_EVENT_LISTENERS }, () => web.stream(null));
  for (const stream of streams) await stream?.next();
  assertEquals([db.stream(null), await db.poll(null, 60)], [null, null]);
  await streams[0]?.return();
  assert(db.stream(null) !== null);
  feeds.end();
  for (const stream of streams) for await (const _ of stream ?? []) continue;
});

Deno.test("ChangeFeeds ends the feed that was asked for longest ago where there are too many", async () => {
  const { feeds, db, web } = opened();
  const stream = web.stream(null);
  await stream?.next();
  assert(feeds.of("db") === db);
  for (let i = 0; i < MAX_CHANGE_FEEDS - 1; i++) feeds.of(`c${i}`);
  assertEquals((await stream?.next())?.done, true);
  assert(feeds.of("db") === db && feeds.of("web") !== web);
});

Deno.test("ChangeFeeds that was ended lets nobody listen any more", () => {
  const { feeds } = opened();
  feeds.end();
  assertEquals([feeds.of("web").stream(null), feeds.of("new").stream(null)], [null, null]);
});
