import { isAppName } from "../../protocol/app_name.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("isAppName takes letters, digits and inner hyphens, 1 to 63", () => {
  for (const name of ["a", "A9", "my-app", "a--b", "0", "x".repeat(63)]) {
    assertEquals(isAppName(name), true, name);
  }
});

Deno.test("isAppName refuses all else, the hyphen that stands for none first", () => {
  const bad = ["", "-", "-a", "a-", "a.b", "a_b", "a b", "a\n", "\u00e9", "\u0430", "x".repeat(64)];
  for (const name of bad) assertEquals(isAppName(name), false, JSON.stringify(name));
});
