import { keyOf, newDueHook, withChangedFiles } from "../../../agent/hooks/due_hook.ts";
import { MAX_CHANGED_FILES_BYTES } from "../../../agent/limits.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";

const DUE = newDueHook({ hook: "reload", declaredBy: null, state: "00".repeat(32) });

Deno.test("newDueHook gives each change a name of its own", () => {
  assertMatch(DUE.changeId, /^[0-9a-f]{32}$/);
  assert(newDueHook(DUE).changeId !== DUE.changeId);
});

Deno.test("withChangedFiles keeps what is known and adds what is new", () => {
  const first = withChangedFiles(DUE, ["b", "a"]);
  assertEquals(withChangedFiles(first, ["a", "c"]), {
    ...DUE,
    changedFiles: ["b", "a", "c"],
    isCut: false,
  });
});

Deno.test("withChangedFiles stops where there is no room, and says so", () => {
  const fits = Array.from({ length: MAX_CHANGED_FILES_BYTES / 8 }, (_, i) => {
    return `${i}`.padStart(7, "0");
  });
  const full = withChangedFiles(DUE, fits);
  assertEquals([full.changedFiles.length, full.isCut], [fits.length, false]);
  const cut = withChangedFiles(full, ["one more"]);
  assertEquals([cut.changedFiles.length, cut.isCut], [fits.length, true]);
  assert(new TextEncoder().encode(full.changedFiles.join("\n")).length <= MAX_CHANGED_FILES_BYTES);
});

Deno.test("withChangedFiles counts bytes and not characters", () => {
  const path = "\u00e9".repeat(100);
  const cut = withChangedFiles(DUE, Array.from({ length: 60 }, (_, i) => path + i));
  assert(cut.isCut);
  assert(new TextEncoder().encode(cut.changedFiles.join("\n")).length <= MAX_CHANGED_FILES_BYTES);
});

Deno.test("keyOf tells hooks of one name apart by who declared them", () => {
  const keys = [null, "1a", "1b"].map((declaredBy) => keyOf({ hook: "reload", declaredBy }));
  assertEquals(new Set(keys).size, 3);
});
