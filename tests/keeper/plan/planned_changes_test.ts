import { isHeldBack, isMade, listPlannedChanges } from "../../../keeper/plan/planned_changes.ts";
import { assertEquals } from "../../support/assert.ts";
import { fileOf, folderOf, planOf } from "./plan_fixtures.ts";

const ENTRIES = [
  fileOf("a"),
  fileOf("b"),
  folderOf("c"),
  fileOf("d"),
  { kind: "keep", path: "k" } as const,
  fileOf("same"),
];
const PLAN = planOf(ENTRIES, [
  { path: "a", outcome: "created" },
  { path: "b", outcome: "updated" },
  { path: "c", outcome: "reowned" },
  { path: "d", outcome: "failed", code: "read-only" },
  { path: "same", outcome: "unchanged" },
  { path: "z", outcome: "removed" },
], { withheld: [{ path: "w", required: "approved" }] });

Deno.test("listPlannedChanges lists what would be done, what is lost or will not be done first", () => {
  assertEquals(
    listPlannedChanges(PLAN).map(({ action, path, code }) => [action, path, code]),
    [
      ["refuse", "d", "read-only"],
      ["remove", "z", null],
      ["keep", "k", null],
      ["withhold", "w", "approved"],
      ["create", "a", null],
      ["update", "b", null],
      ["reown", "c", null],
    ],
  );
});

Deno.test("listPlannedChanges knows what is declared where something is done", () => {
  const changes = new Map(listPlannedChanges(PLAN).map(({ path, entry }) => [path, entry]));
  assertEquals([changes.get("a"), changes.get("c")], [fileOf("a"), folderOf("c")]);
  assertEquals(changes.get("z"), null);
});

Deno.test("listPlannedChanges tells once of what the vault cannot say", () => {
  const plan = planOf([{ kind: "keep", path: "k" }], [
    { path: "k", outcome: "failed", code: "io-failed" },
    { path: "gone", outcome: "missing", code: "file-missing" },
  ]);
  assertEquals(
    listPlannedChanges(plan).map(({ action, path, code }) => [action, path, code]),
    [["keep", "gone", "file-missing"], ["keep", "k", "io-failed"]],
  );
});

Deno.test("isMade and isHeldBack part what would be done from what would not", () => {
  for (const change of listPlannedChanges(PLAN)) {
    const wouldBe = ["create", "update", "reown", "remove"].includes(change.action);
    assertEquals([isMade(change), isHeldBack(change)], [wouldBe, !wouldBe], change.action);
  }
});
