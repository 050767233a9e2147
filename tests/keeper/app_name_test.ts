import { appKey, isSameApp } from "../../keeper/app_name.ts";
import { assert, assertEquals } from "../support/assert.ts";

Deno.test("isSameApp compares without regard to case, and tells no app from every app", () => {
  assert(isSameApp("VaultDemo", "vaultdemo") && isSameApp(null, null));
  assert(!isSameApp("demo", "demo2") && !isSameApp(null, "null") && !isSameApp("demo", null));
});

Deno.test("appKey is the same for names of the same app, and for no others", () => {
  assertEquals(appKey("VaultDemo"), appKey("vaultdemo"));
  assertEquals(new Set(["demo", "demo2", "null", null].map(appKey)).size, 4);
});
