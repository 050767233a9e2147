import fc from "fast-check";
import { editDistance, suggestName } from "../../../../protocol/host/command_line/suggestion.ts";
import { assert, assertEquals } from "../../../support/assert.ts";

const NAMES = ["bind-port", "bind-address", "vault-dir", "json"];

Deno.test("suggestName finds the name behind two swapped letters", () => {
  assertEquals(suggestName("bind-prot", NAMES), "bind-port");
});

Deno.test("suggestName prefers the closest of several names", () => {
  assertEquals(suggestName("bind-ports", ["bind-porter", "bind-port"]), "bind-port");
});

Deno.test("suggestName returns null where nothing is close", () => {
  assertEquals(suggestName("polling-interval", NAMES), null);
  assertEquals(suggestName("x", NAMES), null);
  assertEquals(suggestName("", NAMES), null);
});

Deno.test("editDistance counts added, missing, changed and swapped letters as one each", () => {
  assertEquals(editDistance("port", "ports"), 1);
  assertEquals(editDistance("port", "prt"), 1);
  assertEquals(editDistance("port", "pork"), 1);
  assertEquals(editDistance("port", "prot"), 1);
  assertEquals(editDistance("", "abc"), 3);
});

Deno.test("editDistance is symmetric, and zero only between equal words", () => {
  fc.assert(fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
    assertEquals(editDistance(a, b), editDistance(b, a));
    assert((editDistance(a, b) === 0) === (a === b));
  }));
});
