import { DiskTree, type TreeNode } from "../../../../agent/disk/paths/disk_tree.ts";
import { StorageError } from "../../../../protocol/errors.ts";
import type { FileEntry } from "../../../../protocol/manifest_entry.ts";
import { assertEquals, assertThrows } from "../../../support/assert.ts";
import { folderEntry } from "../../../support/disk_delivery.ts";

const ROOTS = [
  { folder: "/srv/files", prefix: "" },
  { folder: "/srv", prefix: "/named/" },
];

function file(path: string): FileEntry {
  const digest = "00".repeat(32);
  return { kind: "file", path, digest, size: 1, mode: 0o600, strategy: "STRICT" };
}

/** The targets of all places, with what is said of them. */
function lines(node: TreeNode): string[] {
  const { target, path, entry, isKept, isForeign, isDeclared, isRoot, children } = node;
  const marks = Object.entries({ isKept, isForeign, isDeclared, isRoot })
    .flatMap(([name, is]) => is ? [name] : []);
  const line = [target, path, entry?.kind ?? "-", ...marks].join(" ");
  return [line, ...[...children.values()].flatMap(lines)];
}

Deno.test("DiskTree gathers what is declared by where it is", () => {
  const tree = new DiskTree(ROOTS);
  tree.plant(folderEntry("a"));
  tree.plant(file("a/b/c"));
  tree.plant(file("/named/files/a/d"));
  assertEquals(lines(tree.top).slice(1), [
    "/srv /srv - isDeclared isRoot",
    "/srv/files /srv/files - isDeclared isRoot",
    "/srv/files/a a folder isDeclared",
    "/srv/files/a/b a/b - isDeclared",
    "/srv/files/a/b/c a/b/c file isDeclared",
    "/srv/files/a/d /named/files/a/d file isDeclared",
  ]);
});

Deno.test("DiskTree refuses two paths to one place, and what is below a file", () => {
  const tree = new DiskTree(ROOTS);
  tree.plant(file("a/b"));
  const refused = (path: string) => {
    assertThrows(() => tree.plant(file(path)), StorageError, "path-refused");
  };
  refused("/named/files/a/b");
  refused("a/b/c");
  refused("a");
  refused("/named/files");
  refused("/elsewhere/a");
  refused("../a");
  assertEquals(tree.find("a/b/c"), null);
});

Deno.test("DiskTree lets nothing be declared in a folder of the agent's own", () => {
  const tree = new DiskTree(ROOTS);
  tree.plantOwn("/srv/state");
  for (const path of ["/named/state", "/named/state/deep/a"]) {
    assertThrows(() => tree.plant(file(path)), StorageError, "path-refused");
  }
  assertEquals(tree.find("/named/state/deep")?.isKept, true);
});

Deno.test("DiskTree lets no folder be exchanged that has a root or the agent's own in it", () => {
  const tree = new DiskTree([{ folder: "/srv/deep/files", prefix: "" }, ...ROOTS.slice(1)]);
  tree.plantOwn("/srv/agent/state");
  for (const path of ["/named/deep", "/named/deep/files", "/named/agent"]) {
    const set = folderEntry(path, { together: true });
    assertThrows(() => tree.plant(set), StorageError, "path-refused");
  }
  tree.plant({ kind: "keep", path: "/named/tls/kept" });
  for (const path of ["/named/tls", "tls"]) tree.plant(folderEntry(path, { together: true }));
});

Deno.test("DiskTree knows what is kept, and what somebody else declared", () => {
  const tree = new DiskTree(ROOTS);
  tree.plant({ kind: "keep", path: "kept" });
  tree.plantForeign("d/theirs");
  tree.plantForeign("/elsewhere/a");
  tree.plant(file("d/ours"));
  tree.plantForeign("d/ours/below");
  assertEquals(tree.find("kept/deep/below")?.path, "kept");
  assertEquals(tree.find("d/theirs")?.isForeign, true);
  assertEquals(tree.find("d/theirs")?.isDeclared, false);
  assertEquals([...tree.find("d")?.children.keys() ?? []], ["theirs", "ours"]);
});

Deno.test("DiskTree takes the folder above all others for a root", () => {
  const tree = new DiskTree([{ folder: "/", prefix: "/" }]);
  tree.plant(file("/etc/a"));
  assertEquals(tree.find("/etc/a")?.target, "/etc/a");
  assertEquals(tree.top.isRoot, true);
});
