import { Findings } from "../../../../agent/disk/survey/findings.ts";
import { assertEquals } from "../../../support/assert.ts";
import { fileEntry, folderEntry } from "../../../support/disk_delivery.ts";

const ROOTS = [{ folder: "/srv/files", prefix: "" }];

function withSet(): Findings {
  const findings = new Findings(ROOTS, null);
  findings.tree.plant(folderEntry("tls", { together: true }));
  const node = findings.tree.find("tls");
  if (node === null) throw new TypeError("nothing was planted");
  findings.addSet(node, { current: "/srv/files/current", isLink: true, isDeclared: true });
  return findings;
}

Deno.test("Findings tells of things that have one name for a keeper in one step", () => {
  const findings = new Findings(ROOTS, null);
  const place = findings.placeOf("d/a");
  for (const at of ["/srv/files/d/a\n", "/srv/files/d/a\t"]) {
    findings.remove("d/a", { place, at, extent: "tree", set: null });
  }
  assertEquals(findings.steps, [{ kind: "remove", path: "d/a", isInTheWay: false }]);
  assertEquals(findings.removalsOf("d/a").map(({ at }) => at.at(-1)), ["\n", "\t"]);
  assertEquals(findings.removalsOf("d"), []);
});

Deno.test("Findings knows what goes with a folder above it", () => {
  const findings = new Findings(ROOTS, null);
  const place = findings.placeOf("d");
  findings.remove("d", { place, at: "/srv/files/d", extent: "tree", set: null });
  const removed = ["/srv/files/d", "/srv/files/d/e/f", "/srv/files", "/srv/files/dd"];
  assertEquals(removed.map((at) => findings.isRemoved(at)), [true, true, false, false]);
});

Deno.test("Findings knows the set that a path leads into", () => {
  const findings = withSet();
  const found = ["tls", "tls/a/b", "tlsx", "other/tls"].map((path) =>
    findings.setOf(path) !== null
  );
  assertEquals(found, [true, true, false, false]);
  assertEquals(new Findings(ROOTS, null).setOf("tls"), null);
});

Deno.test("Findings has no step of a set done where one of them cannot be", async () => {
  const findings = withSet();
  const entry = await fileEntry("tls/key", "k");
  findings.bring(entry, { isThere: false });
  findings.bring(await fileEntry("other", "o"), { isThere: false });
  const at = "/srv/files/current/old";
  const set = findings.setOf("tls");
  const place = findings.placeOf("tls/old");
  findings.remove("tls/old", { place, at, extent: "file", set });
  findings.refuse("tls/crt", "not-a-file");
  findings.closeSets();
  assertEquals(
    findings.steps.map((step) => step.kind === "refuse" ? [step.path, step.code] : step.kind),
    [
      ["tls/key", "set-incomplete"],
      "bring",
      ["tls/old", "set-incomplete"],
      ["tls/crt", "not-a-file"],
    ],
  );
  assertEquals([set?.isBlocked, [...set?.dropped ?? []]], [true, [at]]);
});

Deno.test("Findings notes which steps the next state of a set takes", async () => {
  const findings = withSet();
  findings.bring(await fileEntry("tls/key", "k"), { isThere: false });
  findings.bring(await fileEntry("other", "o"), { isThere: false });
  findings.addRebuild(findings.tree.find("tls") ?? findings.tree.top);
  findings.closeSets();
  assertEquals([...findings.setOf("tls")?.expected ?? []], ["tls/key", "tls"]);
  assertEquals(findings.steps.at(-1)?.kind, "reown");
});
