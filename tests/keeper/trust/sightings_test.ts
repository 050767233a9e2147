import { Sightings } from "../../../keeper/trust/sightings.ts";
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

Deno.test("Sightings refuses a relay alone", () => {
  const sightings = new Sightings(1_000);
  assertEquals(sightings.check(A, at(0)), null);
  assertEquals(sightings.check(B, at(1)), "relay-suspected");
  assertEquals(sightings.check(A, at(2)), null);
});

Deno.test("Sightings takes the recorded address for the good one, whoever came first", () => {
  const sightings = new Sightings(1_000);
  assertEquals(sightings.check(B, at(0)), null);
  assertEquals(sightings.check(A, at(1)), null);
  assertEquals(sightings.check(B, at(2)), "relay-suspected");
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
  sightings.check(A, at(0));
  assertEquals(
    sightings.check(contactOf("other", { address: "b:1", instance: "11" }), at(1)),
    null,
  );
});

Deno.test("Sightings prunes what is over and keeps what is not", () => {
  const sightings = new Sightings(1_000);
  sightings.check(A, at(0));
  sightings.prune(999);
  assertEquals(sightings.check(B, at(999)), "relay-suspected");
  sightings.prune(1_000);
  assertEquals(sightings.check(B, at(1_000)), null);
});
