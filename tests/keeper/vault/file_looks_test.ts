import { setImmediate as nextTurn } from "node:timers/promises";
import {
  MAX_LIST_AT_ONCE_BYTES,
  SLOW_LOOK_MS,
  SLOW_LOOKS,
  SLOW_LOOKS_SHARE,
  VAULT_SLICE_MS,
} from "../../../keeper/limits.ts";
import { FileLooks, type Look } from "../../../keeper/vault/file_looks.ts";
import { StorageError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { UNIX, VaultFolder } from "./vault_folder.ts";

/** Keeps the processor busy. */
function busyFor(durationMs: number): void {
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs);
}

function kindOf(look: Look): string {
  if (look instanceof StorageError) return look.code;
  if (look instanceof Error) return "error";
  return look.isSymlink ? "link" : look.isDirectory ? "folder" : "file";
}

for (const pace of ["quick", "slow"]) {
  Deno.test({
    name: `FileLooks.lookAll says what each path is, in order, where the system is ${pace}`,
    ignore: !UNIX,
    fn: async () => {
      await using folder = await VaultFolder.make({ "a": "1", "d/b": "2" });
      await folder.link("l", "a");
      const looks = new FileLooks();
      for (let i = 0; pace === "slow" && i < SLOW_LOOKS; i++) {
        looks.workNow(() => busyFor(SLOW_LOOK_MS));
      }
      assertEquals(looks.isQuick, pace === "quick");
      const names = ["d/b", "none", "l", "d", "a/x", "a", ...Array(100).fill("d/b")];
      const found = await looks.lookAll(names.map((name) => folder.at(name)));
      assertEquals(found.map(kindOf), [
        ...["file", "file-missing", "link", "folder", "not-a-file", "file"],
        ...Array(100).fill("file"),
      ]);
    },
  });
}

Deno.test("FileLooks.workNow counts slow work, also where it fails", () => {
  const looks = new FileLooks();
  for (let i = 0; i < SLOW_LOOKS; i++) {
    assert(looks.isQuick);
    try {
      looks.workNow(() => {
        busyFor(SLOW_LOOK_MS);
        throw new Error("no");
      });
    } catch (error) {
      assert(error instanceof Error);
    }
  }
  assert(!looks.isQuick);
});

Deno.test("FileLooks.isQuick is true where few of many looks are slow, and false where many are", () => {
  const looks = new FileLooks();
  const many = 4 * SLOW_LOOKS / SLOW_LOOKS_SHARE;
  for (let i = 0; i < many; i++) looks.workNow(() => {});
  for (let i = 0; i < 2 * SLOW_LOOKS; i++) looks.workNow(() => busyFor(SLOW_LOOK_MS));
  assert(looks.isQuick);
  for (let i = 0; i < 3 * SLOW_LOOKS; i++) looks.workNow(() => busyFor(SLOW_LOOK_MS));
  assert(!looks.isQuick);
});

Deno.test("FileLooks.rest lets others work", async () => {
  const looks = new FileLooks();
  busyFor(VAULT_SLICE_MS);
  assert(looks.isTired);
  let hadTurn = false;
  const other = nextTurn().then(() => hadTurn = true);
  await looks.rest();
  assert(hadTurn && !looks.isTired);
  await other;
});

for (const pace of ["quick", "slow"]) {
  Deno.test(`FileLooks.list names what is in a folder where the system is ${pace}`, async () => {
    await using folder = await VaultFolder.make({ "d/a": "1", "d/b/c": "2" });
    const looks = new FileLooks();
    for (let i = 0; pace === "slow" && i < SLOW_LOOKS; i++) {
      looks.workNow(() => busyFor(SLOW_LOOK_MS));
    }
    assertEquals(looks.isQuick, pace === "quick");
    for (const size of [4_096, MAX_LIST_AT_ONCE_BYTES + 1]) {
      assertEquals((await looks.list(folder.at("d"), size)).sort(), ["a", "b"]);
      await assertRejects(() => looks.list(folder.at("none"), size), Deno.errors.NotFound);
    }
  });
}
