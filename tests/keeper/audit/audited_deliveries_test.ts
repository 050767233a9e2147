import {
  AuditedDeliveries,
  AuditError,
  AuditRecorder,
  MemoryAuditLog,
} from "../../../keeper/audit/mod.ts";
import type { DeliveriesState } from "../../../keeper/original/mod.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { eventsOf } from "./audit_fixtures.ts";

const NODE = "203.0.113.1:8888";
const ONE = "11".repeat(32);
const TWO = "22".repeat(32);

function open(state: DeliveriesState = new Map()) {
  const log = new MemoryAuditLog();
  const kept: DeliveriesState[] = [];
  const recorder = new AuditRecorder(log, {
    fingerprint: (digest) => Promise.resolve(`f${digest[0]}`),
  });
  const inner = {
    load: () => Promise.resolve(state),
    merge: (news: DeliveriesState) => Promise.resolve(void kept.push(news)),
  };
  return { log, kept, deliveries: new AuditedDeliveries(inner, recorder, { app: "demo" }) };
}

Deno.test("AuditedDeliveries records what nodes of the original hold that was not known", async () => {
  const { log, kept, deliveries } = open(new Map([[NODE, new Map([["a", ONE]])]]));
  await deliveries.load();
  const news = new Map([[NODE, new Map([["a", ONE], ["b", TWO]])]]);
  await deliveries.merge(news);
  await deliveries.merge(news);
  assertEquals(kept, [news, news]);
  assertEquals(eventsOf(log.lines), [{
    event: "held",
    app: "demo",
    component: null,
    address: NODE,
    fingerprint: null,
    trust: "address",
    wire: "original",
    path: "b",
    contents: "f34",
  }]);
});

Deno.test("AuditedDeliveries keeps nothing that it cannot record, and records it the next time", async () => {
  const { log, kept, deliveries } = open();
  log.failure = new AuditError("no room");
  const news = new Map([[NODE, new Map([["a", ONE]])]]);
  await assertRejects(() => deliveries.merge(news), AuditError, "audit-failed");
  assertEquals(kept, []);
  log.failure = null;
  await deliveries.merge(news);
  assertEquals([kept.length, log.lines.length], [1, 1]);
});
