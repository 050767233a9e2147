import { HeldEntries } from "../../../keeper/contact/held_entries.ts";
import type { FileOutcome, ManifestEntry } from "../../../protocol/mod.ts";
import { assertEquals } from "../../support/assert.ts";
import { fileOf, folderOf } from "../plan/plan_fixtures.ts";

const ENTRIES = [folderOf("f"), fileOf("f/a"), fileOf("f/b")];

function note(
  held: HeldEntries,
  entries: readonly ManifestEntry[],
  outcomes: Readonly<Record<string, FileOutcome>>,
  fingerprint = "SHA256:x",
): string[] {
  const files = Object.entries(outcomes).map(([path, outcome]) => ({ path, outcome }));
  return held.note({ address: "203.0.113.1:8888", fingerprint, entries, files });
}

Deno.test("HeldEntries finds what had to be put right although nothing else was declared", () => {
  const held = new HeldEntries();
  assertEquals(note(held, ENTRIES, { "f/a": "created", "f/b": "created" }), []);
  assertEquals(note(held, ENTRIES, { "f/a": "unchanged", "f/b": "updated", "f/x": "removed" }), [
    ...["f/b", "f/x"],
  ]);
});

Deno.test("HeldEntries tells it from what was declared anew at the same time", () => {
  const held = new HeldEntries();
  note(held, ENTRIES, { "f/a": "created" });
  const changed = [folderOf("f"), fileOf("f/a", { digest: "9".repeat(64) }), fileOf("f/c")];
  const outcomes = {
    "f": "reowned",
    "f/a": "updated",
    "f/b": "removed",
    "f/c": "created",
    "f/x": "removed",
  } as const;
  assertEquals(note(held, changed, outcomes), ["f", "f/x"]);
});

Deno.test("HeldEntries takes a stranger for none of drift where its folder was not strict before", () => {
  const held = new HeldEntries();
  note(held, [folderOf("f", { strategy: "ALLOW_ADDS" })], { "f": "created" });
  assertEquals(note(held, [folderOf("f")], { "f/x": "removed" }), []);
});

Deno.test("HeldEntries knows nothing of an agent that was not left as declared, or is another", () => {
  const held = new HeldEntries();
  assertEquals(note(held, ENTRIES, { "f/a": "failed" }), []);
  assertEquals(note(held, ENTRIES, { "f/a": "updated" }), []);
  assertEquals(note(held, ENTRIES, { "f/a": "updated" }, "SHA256:other"), []);
});

Deno.test("HeldEntries takes what is issued anew for none of drift", () => {
  const key: ManifestEntry = {
    ...{ kind: "issued", path: "key", certificate: "web", part: "key", mode: 0o600 },
    strategy: "STRICT",
  };
  const held = new HeldEntries();
  const entries = [fileOf("a"), key];
  note(held, entries, { a: "created", key: "created" });
  assertEquals(note(held, entries, { a: "updated", key: "updated" }), ["a"]);
  assertEquals(note(held, [...entries], { a: "updated", key: "updated" }), ["a"]);
});
