import { checkActionName, checkCallValue } from "../../../protocol/calls/call_value.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

function nest(depth: number): unknown {
  return depth === 0 ? 1 : [nest(depth - 1)];
}

Deno.test("checkCallValue returns a value as the peer will read it", () => {
  const value = { a: [1, undefined, NaN], b: undefined, at: new Date(0) };
  assertEquals(checkCallValue(value, "it"), { a: [1, null, null], at: "1970-01-01T00:00:00.000Z" });
  assertEquals([checkCallValue(undefined, "it"), checkCallValue(null, "it")], [undefined, null]);
});

Deno.test("checkCallValue refuses what JSON cannot hold", () => {
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  for (const value of [() => 1, Symbol("s"), 1n, circle, "\ud800", { "\udc00": 1 }]) {
    assertThrows(() => checkCallValue(value, "it"), TypeError);
  }
});

Deno.test("checkCallValue lets nest as deep as a message may hold it, and no deeper", () => {
  assertEquals(checkCallValue(nest(15), "it"), nest(15));
  assertThrows(() => checkCallValue(nest(16), "it"), TypeError);
});

Deno.test("checkCallValue lets be as long as fits a message, and no longer", () => {
  assertEquals(checkCallValue("x".repeat(65_022), "it"), "x".repeat(65_022));
  assertThrows(() => checkCallValue("x".repeat(65_023), "it"), RangeError);
});

Deno.test("checkActionName refuses what is no name", () => {
  checkActionName("relay-list-2");
  for (const name of ["", "A", "2", "-a", "a_b", "a".repeat(65)]) {
    assertThrows(() => checkActionName(name), TypeError);
  }
});
