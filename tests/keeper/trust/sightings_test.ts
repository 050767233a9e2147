import { Sightings } from "../../../keeper/trust/sightings.ts";
import type { AgentContact } from "../../../keeper/trust/trust_policy.ts";
import { assertEquals } from "../../support/assert.ts";
import { contactOf } from "./known_agents_fixtures.ts";

const A = contactOf("key", { address: "a:1", instance: "11" });
const B = contactOf("key", { address: "b:1", instance: "11" });
const CLONE = contactOf("key", { address: "b:1", instance: "22" });

function at(nowMs: number, recordedAddress: string | null = "a:1") {
  return { recordedAddress, nowMs };
}

Deno.test("Sightings lets the same agent come again, also after a restart", () => {
  const sightings = new Sightings(1_000);
  assertEquals(sightings.check(A, at(0)), null);
  assertEquals(sightings.check(A, at(1)), null);
  assertEquals(sightings.check({ ...A, instance: "22" }, at(2)), null);
});

/** Lets a contact be checked and come to its end. */
function complete(sightings: Sightings, contact: AgentContact, nowMs: number): void {
  assertEquals(sightings.check(contact, at(nowMs)), null);
  sightings.end(contact.address, contact.fingerprint);
}

Deno.test("Sightings refuses a relay alone", () => {
  const sightings = new Sightings(1_000);
  complete(sightings, A, 0);
  assertEquals(sightings.check(B, at(1)), "relay-suspected");
  assertEquals(sightings.check(A, at(2)), null);
});

Deno.test("Sightings takes the recorded address for the good one, whoever came first", () => {
  const sightings = new Sightings(1_000);
  complete(sightings, B, 0);
  complete(sightings, A, 1);
  assertEquals(sightings.check(B, at(2)), "relay-suspected");
});

Deno.test("Sightings lets no address keep another away before it completed a contact", () => {
  const sightings = new Sightings(1_000);
  assertEquals(sightings.check(A, at(0)), null);
  assertEquals(sightings.check(B, at(1)), null);
});

Deno.test("Sightings lets an address keep others away only until it breaks off, on record or not", () => {
  for (const [good, relay] of [[A, B], [B, A]] as const) {
    const sightings = new Sightings(1_000);
    complete(sightings, relay, 0);
    sightings.end(relay.address, null);
    assertEquals(sightings.check(good, at(1)), null);
  }
});

Deno.test("Sightings goes by the last contact that ended while another goes on", () => {
  const sightings = new Sightings(1_000);
  complete(sightings, A, 0);
  assertEquals(sightings.check(A, at(1)), null);
  assertEquals(sightings.check(B, at(2)), "relay-suspected");
});

Deno.test("Sightings takes no contact of another key for one of this", () => {
  const sightings = new Sightings(1_000);
  assertEquals(sightings.check(A, at(0)), null);
  sightings.end(A.address, contactOf("other").fingerprint);
  assertEquals(sightings.check(B, at(1)), null);
});

Deno.test("Sightings.undecided names where the process is served now", () => {
  const sightings = new Sightings(1_000);
  assertEquals(sightings.undecided(B, 0), []);
  sightings.check(A, at(0));
  assertEquals(sightings.undecided(B, 1), ["a:1"]);
  assertEquals(sightings.undecided(A, 1), []);
  assertEquals(sightings.undecided(CLONE, 1), []);
  sightings.end("a:1", null);
  assertEquals(sightings.undecided(B, 1), []);
});

Deno.test("Sightings.hasCompleted goes by the last contact, for as long as a sighting lasts", () => {
  const sightings = new Sightings(1_000);
  complete(sightings, A, 0);
  assertEquals([sightings.hasCompleted(A, 999), sightings.hasCompleted(A, 1_000)], [true, false]);
  assertEquals(sightings.hasCompleted(B, 999), false);
  sightings.end("a:1", null);
  assertEquals(sightings.hasCompleted(A, 999), false);
});

Deno.test("Sightings.forgetTwins lets an agent restart that a relay passed on before", () => {
  for (const isForgotten of [false, true]) {
    const sightings = new Sightings(1_000);
    sightings.check(B, at(0));
    sightings.end("b:1", null);
    complete(sightings, A, 1);
    if (isForgotten) sightings.forgetTwins(A);
    const restarted = { ...A, instance: "22" };
    assertEquals(sightings.check(restarted, at(2)), isForgotten ? null : "clone-suspected");
  }
});

Deno.test("Sightings holds both of two processes with one key", () => {
  const sightings = new Sightings(1_000);
  assertEquals(sightings.check(A, at(0)), null);
  assertEquals(sightings.check(CLONE, at(1)), "clone-suspected");
  assertEquals(sightings.check(A, at(2)), "clone-suspected");
});

Deno.test("Sightings lets go once one of both was silent for long enough", () => {
  const sightings = new Sightings(1_000);
  sightings.check(A, at(0));
  assertEquals(sightings.check(CLONE, at(999)), "clone-suspected");
  assertEquals(sightings.check(CLONE, at(1_000)), null);
});

Deno.test("Sightings follows an agent whose address changed", () => {
  const sightings = new Sightings(1_000);
  sightings.check(A, at(0));
  assertEquals(sightings.check(B, at(1_000)), null);
});

Deno.test("Sightings does not mix keys", () => {
  const sightings = new Sightings(1_000);
  complete(sightings, A, 0);
  const other = contactOf("other", { address: "b:1", instance: "11" });
  assertEquals(sightings.check(other, at(1)), null);
});

Deno.test("Sightings prunes what is over and keeps what is not", () => {
  const sightings = new Sightings(1_000);
  complete(sightings, A, 0);
  sightings.prune(999);
  assertEquals(sightings.check(B, at(999)), "relay-suspected");
  sightings.prune(1_000);
  assertEquals(sightings.check(B, at(1_000)), null);
});
