import type { FileEntry, FolderEntry, ManifestEntry } from "../../protocol/manifest_entry.ts";
import type { Step } from "../../protocol/survey.ts";
import {
  completeResults,
  hookChanges,
  outcomeOf,
  pathOf,
  planResults,
} from "../../protocol/survey_results.ts";
import { assertEquals } from "../support/assert.ts";

function file(path: string, hook?: string): FileEntry {
  const digest = "ab".repeat(32);
  const common = { kind: "file", path, digest, size: 1, mode: 0o600, strategy: "STRICT" } as const;
  return hook === undefined ? common : { ...common, hook };
}

function folder(path: string, hook?: string): FolderEntry {
  const common = { kind: "folder", path, mode: 0o700, strategy: "STRICT" } as const;
  return hook === undefined ? common : { ...common, hook };
}

function manifest(...entries: ManifestEntry[]) {
  return { entries, hooks: [], isWipe: false };
}

const STEPS: readonly (readonly [Step, string, string])[] = [
  [{ kind: "bring", entry: file("a"), isThere: false }, "a", "created"],
  [{ kind: "bring", entry: file("a"), isThere: true }, "a", "updated"],
  [{ kind: "make", entry: folder("d") }, "d", "created"],
  [{ kind: "reown", entry: file("a") }, "a", "reowned"],
  [{ kind: "reown", entry: folder("d") }, "d", "reowned"],
  [{ kind: "remove", path: "x", isInTheWay: true }, "x", "removed"],
  [{ kind: "refuse", path: "p", code: "path-refused" }, "p", "failed"],
];

for (const [step, path, outcome] of STEPS) {
  Deno.test(`outcomeOf and pathOf say that to ${step.kind} ${path} leaves it ${outcome}`, () => {
    assertEquals([pathOf(step), outcomeOf(step)], [path, outcome]);
  });
}

Deno.test("planResults says for every entry, and for what goes, how it would end", () => {
  const entries = [file("a"), file("b"), { kind: "keep", path: "k" } as const, folder("d")];
  const results = planResults(manifest(...entries), [
    { kind: "bring", entry: file("b"), isThere: true },
    { kind: "refuse", path: "d", code: "not-a-folder" },
    { kind: "remove", path: "x", isInTheWay: false },
  ]);
  assertEquals(results, [
    { path: "a", outcome: "unchanged" },
    { path: "b", outcome: "updated" },
    { path: "d", outcome: "failed", code: "not-a-folder" },
    { path: "x", outcome: "removed" },
  ]);
});

Deno.test("planResults tells of one thing at a path: what takes the place of what is in the way", () => {
  const results = planResults(manifest(file("a")), [
    { kind: "remove", path: "a", isInTheWay: true },
    { kind: "bring", entry: file("a"), isThere: false },
  ]);
  assertEquals(results, [{ path: "a", outcome: "created" }]);
});

Deno.test("completeResults adds what is as declared, and nothing for what is kept", () => {
  const entries = [file("a"), { kind: "keep", path: "k" } as const, folder("d")];
  const told = new Map([["z", { path: "z", outcome: "denied" as const }]]);
  assertEquals(completeResults(entries, told), [
    { path: "a", outcome: "unchanged" },
    { path: "d", outcome: "unchanged" },
    { path: "z", outcome: "denied" },
  ]);
});

Deno.test("hookChanges goes by the entry's own hook alone", () => {
  const wanted = manifest(folder("d", "reload"), file("d/a"), file("d/b", "restart"));
  assertEquals([...hookChanges(wanted, ["d", "d/a", "d/b"])], [
    ["reload", ["d"]],
    ["restart", ["d/b"]],
  ]);
});

Deno.test("hookChanges goes by the nearest folder with a hook where something has no entry", () => {
  const wanted = manifest(folder("d", "outer"), folder("d/e", "inner"), folder("d/e/f"));
  const changes = hookChanges(wanted, ["d/x", "d/e/f/x/y", "other/x", "x"]);
  assertEquals([...changes], [["outer", ["d/x"]], ["inner", ["d/e/f/x/y"]]]);
});

Deno.test("hookChanges finds a folder by an absolute path, and none above the root", () => {
  const wanted = manifest(folder("/etc/app", "reload"));
  assertEquals([...hookChanges(wanted, ["/etc/app/x", "/etc/x", "/x"])], [
    ["reload", ["/etc/app/x"]],
  ]);
});
