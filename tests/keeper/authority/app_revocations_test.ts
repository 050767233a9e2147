import {
  forgetEnded,
  isFresh,
  revocationOf,
  revokedOf,
} from "../../../keeper/authority/app_revocations.ts";
import { MAX_LIVE_OF_HOLDER } from "../../../keeper/authority/limits.ts";
import type { SignedList } from "../../../keeper/authority/state/index_members.ts";
import { assertEquals } from "../../support/assert.ts";
import { agentOrder, APP, DAY_MS, openMemoryAuthority } from "./authority_site.ts";

const LIST: SignedList = {
  keyNumber: 1,
  number: 1,
  thisUpdateMs: 10 * DAY_MS,
  nextUpdateMs: 40 * DAY_MS,
  isStale: false,
  der: new Uint8Array(1),
};

Deno.test("isFresh is false for a list that is stale, old, from the future, or of another key", () => {
  const at = { nowMs: 10 * DAY_MS, keyNumber: 1 };
  assertEquals(isFresh(LIST, at), true);
  assertEquals(isFresh({ ...LIST, isStale: true }, at), false);
  assertEquals(isFresh(LIST, { ...at, keyNumber: 2 }), false);
  assertEquals(isFresh(LIST, { ...at, nowMs: 11 * DAY_MS }), false);
  assertEquals(isFresh(LIST, { ...at, nowMs: 10 * DAY_MS - 1 }), false);
  assertEquals(isFresh(null, at), false);
});

async function twoIssued() {
  const { authority, store, clock } = await openMemoryAuthority();
  await authority.issue(await agentOrder());
  await authority.issue(await agentOrder());
  const [root, app] = [await store.loadRoot(), await store.loadApp(APP)];
  const [one, two] = app?.issued ?? [];
  if (root === null || app === null || !one || !two) throw new TypeError("nothing was issued");
  return { root, app, one, two, nowMs: clock.now() };
}

Deno.test("revocationOf finds that of a certificate before that of its intermediate", async () => {
  const { root, app, one, two } = await twoIssued();
  const own = { revokedMs: 5, reason: "superseded" as const };
  const revoked = { revokedMs: 7, reason: "key-compromise" as const };
  const intermediates = root.intermediates.map((record) => ({ ...record, revoked }));
  const fallen = { ...root, intermediates };
  assertEquals(revocationOf(root, app, one), null);
  assertEquals(revocationOf(fallen, app, { ...one, revoked: own }), own);
  assertEquals(revocationOf(fallen, app, two), { revokedMs: 7, reason: "ca-compromise" });
});

Deno.test("revokedOf names what was revoked until a list was made after its end", async () => {
  const { root, app, one, two } = await twoIssued();
  const revoked = { revokedMs: 5, reason: "superseded" as const };
  const issued = [{ ...one, revoked }, two];
  const named = (thisUpdateMs: number) =>
    revokedOf(root, { ...app, issued, revocations: { ...LIST, thisUpdateMs } }).length;
  assertEquals([named(one.notAfterMs - 1), named(one.notAfterMs), named(one.notAfterMs + 1)], [
    1,
    1,
    0,
  ]);
});

Deno.test("forgetEnded keeps an index as it is where nothing ended", async () => {
  const { app, nowMs } = await twoIssued();
  assertEquals(forgetEnded(app, nowMs) === app, true);
  assertEquals(forgetEnded(app, nowMs + 9 * DAY_MS).issued, []);
});

Deno.test("forgetEnded lets no agent fill the index with what ended, and keeps what a list names", async () => {
  const { app, one } = await twoIssued();
  const nowMs = one.notAfterMs + 1;
  const times = Array.from({ length: MAX_LIVE_OF_HOLDER + 9 }, (_, count) => count);
  const ended = times.map((count) => ({ ...one, holder: "SHA256:x", lifetimeMs: count + 1 }));
  const revoked = { revokedMs: 5, reason: "superseded" as const };
  const others = [
    { ...one, holder: "SHA256:x", revoked },
    { ...one, holder: "SHA256:x", notAfterMs: nowMs + 1 },
    { ...one, holder: "SHA256:x", declared: "web" },
    { ...one, holder: "SHA256:y" },
    one,
  ];
  const { issued } = forgetEnded({ ...app, issued: [...others, ...ended] }, nowMs);
  assertEquals(issued, [...others, ...ended.slice(9)]);
});
