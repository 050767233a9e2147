import { checkId, checkPrintable, keyIdOf } from "../../../../keeper/keys/stores/key_store.ts";
import { assert, assertEquals, assertThrows } from "../../../support/assert.ts";

Deno.test("keyIdOf names secrets so that no two are the same", () => {
  assertEquals(keyIdOf({ kind: "keeper-key", name: "1GKugr" }), "keeper-key-1GKugr");
  assertEquals(keyIdOf({ kind: "enrolment", name: "my-app" }), "enrolment-my-app");
});

for (const id of ["", "../x", "a b", "a\nb", "caf\u00e9", "a".repeat(101)]) {
  Deno.test(`checkId refuses ${JSON.stringify(id.slice(0, 10))}`, () => {
    assertThrows(() => checkId(id), RangeError);
  });
}

Deno.test("checkPrintable refuses what could be a second command, without repeating it", () => {
  assertEquals(checkPrintable("a 'b' \"c\""), "a 'b' \"c\"");
  const error = assertThrows(() => checkPrintable("hunter2\nadd"), RangeError);
  assert(!error.message.includes("hunter2"));
});
