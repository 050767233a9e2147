import { assertEquals, assertMatch } from "../../support/assert.ts";
import { deliver, plan } from "../../support/disk_delivery.ts";
import { DiskYard } from "../../support/disk_yard.ts";
import { missingForMounts, withMount } from "../../support/mounts.ts";
import type { EndedLease } from "../../../agent/disk/mod.ts";
import { LEASE_RETRY_MS } from "../../../agent/limits.ts";

const UNIX = Deno.build.os !== "windows";
const missing = await missingForMounts();
const skipped = missing === null ? "" : ` (skipped: ${missing})`;
const LEASED = { text: "leased", leaseS: 60 } as const;

/** Two clocks that a test moves. */
class Clocks {
  wallMs = Date.UTC(2030, 0, 1);
  steadyMs = 0;
  readonly read = () => ({ wallMs: this.wallMs, steadyMs: this.steadyMs });

  pass(durationS: number): void {
    this.wallMs += durationS * 1_000;
    this.steadyMs += durationS * 1_000;
  }
}

Deno.test("expireLeases removes what no delivery renewed in time, and brings nothing back", async () => {
  await using yard = await DiskYard.make();
  const clocks = new Clocks();
  const store = await yard.open({ clock: clocks.read });
  const declared = {
    files: { "d/a": LEASED, "d/b": "for good", "d/c": { ...LEASED, leaseS: 90 } },
  };
  await deliver(store, declared);
  assertEquals(await store.expireLeases(), { expired: [], nextInMs: 60_000 });
  clocks.pass(59);
  assertEquals(await deliver(store, declared), [], "one that changes nothing renews as well");
  clocks.pass(59);
  assertEquals(await store.expireLeases(), { expired: [], nextInMs: 1_000 });
  clocks.pass(1);
  assertEquals(await store.expireLeases(), { expired: ["d/a"], nextInMs: 30_000 });
  assertEquals(await yard.tree("files"), ["d/ 700", "d/b 600 for good", "d/c 600 leased"]);
  assertEquals(await plan(store, declared), ["d/a created"], "the next delivery brings it again");
});

Deno.test("expireLeases counts on after a restart", async () => {
  await using yard = await DiskYard.make();
  const clocks = new Clocks();
  await deliver(await yard.open({ clock: clocks.read }), { files: { a: LEASED } });
  clocks.wallMs += 45_000;
  clocks.steadyMs = 7;
  const store = await yard.open({ clock: clocks.read });
  assertEquals(await store.expireLeases(), { expired: [], nextInMs: 15_000 });
  clocks.pass(15);
  assertEquals((await store.expireLeases()).expired, ["a"]);
  assertEquals((await (await yard.open()).expireLeases()).expired, [], "it is forgotten");
});

Deno.test("expireLeases removes nothing because the clock was set", async () => {
  await using yard = await DiskYard.make();
  const clocks = new Clocks();
  const store = await yard.open({ clock: clocks.read });
  await deliver(store, { files: { a: LEASED } });
  clocks.wallMs += 1_000_000_000;
  assertEquals((await store.expireLeases()).expired, []);
  // What was written down is in the words of the clock as it is now.
  const after = await yard.open({ clock: clocks.read });
  assertEquals(await after.expireLeases(), { expired: [], nextInMs: 60_000 });
});

Deno.test("expireLeases leaves what somebody else declared, or has put there", async () => {
  await using yard = await DiskYard.make();
  const clocks = new Clocks();
  const store = await yard.open({ clock: clocks.read });
  await deliver(store, { files: { shared: LEASED, mine: LEASED }, declaredBy: "1first" });
  await deliver(store, { files: { shared: "leased" }, declaredBy: "1second" });
  clocks.pass(60);
  await Deno.remove(yard.path("files/mine"));
  await Deno.mkdir(yard.path("files/mine"), { mode: 0o700 });
  assertEquals(await store.expireLeases(), { expired: [], nextInMs: null });
  assertEquals(await yard.tree("files"), ["mine/ 700", "shared 600 leased"]);
});

Deno.test(`expireLeases tries again what it cannot remove, and says so${skipped}`, {
  ignore: missing !== null,
}, async () => {
  await using yard = await DiskYard.make();
  const clocks = new Clocks();
  const store = await yard.open({ clock: clocks.read });
  await deliver(store, { files: { a: LEASED } });
  clocks.pass(60);
  await withMount(["--bind", yard.path("outside/sentinel"), yard.path("files/a")], async () => {
    assertEquals(await store.expireLeases(), { expired: [], nextInMs: LEASE_RETRY_MS });
    assertMatch(yard.logger.messages("warn").join(), /could not be removed/);
  });
  assertEquals((await store.expireLeases()).expired, ["a"]);
  assertEquals(await yard.tree("outside"), ["sentinel 600 untouched"]);
});

Deno.test("expireLeases removes a file of a set", { ignore: !UNIX }, async () => {
  await using yard = await DiskYard.make();
  const clocks = new Clocks();
  const store = await yard.open({ clock: clocks.read });
  const folders = { tls: { together: true } } as const;
  await deliver(store, { files: { "tls/a": LEASED, "tls/b": "b" }, folders });
  clocks.pass(60);
  assertEquals((await store.expireLeases()).expired, ["tls/a"]);
  assertEquals(await Deno.readTextFile(yard.path("files/tls/b")), "b");
});

Deno.test("expireLeases has something done before it removes, and after, and only where it removes", async () => {
  await using yard = await DiskYard.make();
  const clocks = new Clocks();
  const store = await yard.open({ clock: clocks.read });
  await deliver(store, { files: { a: LEASED, b: LEASED }, declaredBy: "1first" });
  await Deno.remove(yard.path("files/b"));
  const seen: unknown[] = [];
  const around = async (due: readonly EndedLease[], remove: () => Promise<readonly string[]>) => {
    seen.push(due.map(({ declarer, path }) => `${declarer} ${path}`), await yard.tree("files"));
    seen.push(await remove(), await yard.tree("files"));
  };
  assertEquals((await store.expireLeases(around)).expired, []);
  assertEquals(seen, []);
  clocks.pass(60);
  assertEquals(await store.expireLeases(around), { expired: ["a"], nextInMs: null });
  assertEquals(seen, [["1first a", "1first b"], ["a 600 leased"], ["a"], []]);
});

Deno.test("DiskSecretStore knows what has expired, after a restart too", async () => {
  await using yard = await DiskYard.make();
  const clocks = new Clocks();
  const store = await yard.open({ clock: clocks.read });
  await deliver(store, { files: { a: LEASED, b: LEASED, c: "for good" } });
  await Deno.remove(yard.path("files/c"));
  assertEquals([[], ["a"], ["c"]].map((paths) => store.haveExpired(paths)), [true, false, false]);
  clocks.pass(60);
  await store.expireLeases();
  const again = await yard.open({ clock: clocks.read });
  assertEquals([["a", "b"], ["a", "c"]].map((paths) => again.haveExpired(paths)), [true, false]);
});

Deno.test("expireLeases waits for nothing where nothing has a lease", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  await deliver(store, { files: { a: "1" } });
  assertEquals(await store.expireLeases(), { expired: [], nextInMs: null });
  assertEquals((await yard.tree("state")).filter((line) => line.startsWith("leases")), []);
});
