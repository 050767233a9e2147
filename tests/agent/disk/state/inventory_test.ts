import { Inventory, MADE_FOLDER, settledFile } from "../../../../agent/disk/state/inventory.ts";
import type { FileEntry } from "../../../../protocol/manifest_entry.ts";
import { assertEquals } from "../../../support/assert.ts";

function entry(digit: string, changes: Partial<FileEntry> = {}): FileEntry {
  const digest = digit.repeat(64);
  return { kind: "file", path: "a", digest, size: 1, mode: 0o600, strategy: "STRICT", ...changes };
}

const BROUGHT = { find: () => "brought" as const };
const FOUND = { find: () => "intact" as const };
const REFUSED = { find: () => "refused" as const };

Deno.test("Inventory does not know a file for its own before it is in place", () => {
  const inventory = new Inventory();
  inventory.declare("1key", [entry("1")], BROUGHT);
  inventory.declare("1key", [entry("2")], BROUGHT);
  const pending = ["1".repeat(64), "2".repeat(64)];
  assertEquals(inventory.of("1key").get("a"), { ...settledFile(false, null), pending });
  for (const digit of ["3", "4", "5", "2"]) {
    inventory.declare("1key", [entry(digit)], BROUGHT);
  }
  assertEquals(inventory.of("1key").get("a")?.pending.map(([digit]) => digit), [
    "3",
    "4",
    "5",
    "2",
  ]);
  inventory.settle("1key", "a");
  assertEquals(inventory.of("1key").get("a"), settledFile(false, null));
  inventory.declare("1key", [entry("6")], BROUGHT);
  assertEquals(inventory.of("1key").get("a")?.pending, [], "whatever is there is its own now");
});

Deno.test("Inventory takes what was there as declared for its own, unless it is made once", () => {
  const inventory = new Inventory();
  inventory.declare(null, [
    entry("1"),
    entry("1", { path: "once", strategy: "ENSURE_CREATED" }),
  ], FOUND);
  assertEquals([...inventory.of(null).keys()], ["a"]);
  const once = entry("1", { path: "once", strategy: "ENSURE_CREATED" });
  inventory.declare(null, [once], BROUGHT);
  assertEquals(inventory.of(null).get("once")?.isOnce, true);
  inventory.declare(null, [entry("1", { strategy: "ENSURE_CREATED", leaseS: 60 })], FOUND);
  assertEquals(inventory.of(null).get("a"), settledFile(true, 60));
});

Deno.test("Inventory does not remember what cannot be put in place, and forgets nothing for it", () => {
  const inventory = new Inventory();
  inventory.declare(null, [entry("1")], REFUSED);
  assertEquals(inventory.of(null).size, 0);
  inventory.declare(null, [entry("1")], BROUGHT);
  inventory.declare(null, [entry("2", { leaseS: 60 })], REFUSED);
  const { pending, leaseS } = inventory.of(null).get("a") ?? settledFile(false, null);
  assertEquals([pending, leaseS], [["1".repeat(64)], 60]);
});

Deno.test("Inventory notes whether anything changed since it was written down", () => {
  const inventory = new Inventory();
  const changes = (work: () => void): boolean => {
    inventory.markWritten();
    work();
    return inventory.isDirty;
  };
  assertEquals(changes(() => inventory.declare(null, [entry("1")], FOUND)), true);
  assertEquals(changes(() => inventory.declare(null, [entry("2")], BROUGHT)), false);
  assertEquals(changes(() => inventory.set(null, "d", { holding: MADE_FOLDER })), true);
  assertEquals(changes(() => inventory.set(null, "d", { holding: MADE_FOLDER })), false);
  assertEquals(changes(() => inventory.addBesides("b")), true);
  assertEquals(changes(() => inventory.addBesides("b", "folder")), false);
  assertEquals(changes(() => inventory.settle(null, "a")), false);
  assertEquals(changes(() => inventory.forget(null, "nothing")), false);
  assertEquals(changes(() => inventory.forget(null, "a")), true);
  assertEquals(changes(() => inventory.markDirty()), true);
});

Deno.test("Inventory keeps apart what different ones declared", () => {
  const inventory = new Inventory();
  inventory.declare("1first", [entry("1")], FOUND);
  inventory.declare("1second", [entry("1"), entry("1", { path: "b" })], FOUND);
  inventory.addBesides("c");
  assertEquals([...inventory.othersThan("1first")], ["a", "b", "c"]);
  assertEquals([...inventory.othersThan("1second")], ["a", "c"]);
  inventory.forget("1first", "a");
  assertEquals(inventory.declarers, ["1second"]);
  inventory.forgetAll("a");
  inventory.forgetAll("c");
  assertEquals([...inventory.othersThan(null)], ["b"]);
});
