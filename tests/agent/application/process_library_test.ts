import { openProcessLibrary } from "../../../agent/application/process_library.ts";
import { assert, assertEquals } from "../../support/assert.ts";

Deno.test("openProcessLibrary opens the C library of Linux, and nothing elsewhere", () => {
  using library = openProcessLibrary();
  assertEquals(library !== null, Deno.build.os === "linux");
});

Deno.test("ProcessLibrary says that this process adopts no orphans", {
  ignore: Deno.build.os !== "linux",
}, () => {
  using library = openProcessLibrary();
  assertEquals(library?.isSubreaper(), false);
});

Deno.test("ProcessLibrary takes no end where there is none", {
  ignore: Deno.build.os !== "linux",
}, () => {
  using library = openProcessLibrary();
  // The number of this process is none of a child.
  assert(library?.reap(Deno.pid) === false);
});
