import { DiskTree } from "../../../../agent/disk/paths/disk_tree.ts";
import { placeOf } from "../../../../agent/disk/paths/disk_path.ts";
import type { SetPlan } from "../../../../agent/disk/sets/set_build.ts";
import { SetBuilds } from "../../../../agent/disk/sets/set_builds.ts";
import { assertEquals, assertMatch } from "../../../support/assert.ts";
import { folderEntry } from "../../../support/disk_delivery.ts";
import { MemoryLogger } from "../../../support/memory_logger.ts";
import {
  listTree,
  type TemporaryFolder,
  temporaryFolder,
} from "../../../support/temporary_folder.ts";

const RULES = { inodes: new Set<string>(), sets: new Set<string>() };

function planFor(folder: TemporaryFolder, changes: Partial<SetPlan> = {}): SetPlan {
  const roots = [{ folder: folder.path, prefix: "" }];
  const tree = new DiskTree(roots);
  tree.plant(folderEntry("tls", { together: true }));
  return {
    node: tree.find("tls") ?? tree.top,
    place: placeOf("tls", roots),
    current: null,
    isLink: true,
    isDeclared: true,
    expected: new Set(["tls"]),
    dropped: new Set(),
    isBlocked: false,
    ...changes,
  };
}

Deno.test("SetBuilds exchanges what is whole, and says of the rest that it is not", {
  ignore: Deno.build.os === "windows",
}, async () => {
  await using folder = await temporaryFolder();
  const builds = new SetBuilds({ rules: RULES, logger: new MemoryLogger() });
  const partly = planFor(folder, { expected: new Set(["tls", "tls/key"]) });
  builds.of(partly).note("tls");
  assertEquals(await builds.settle(), {
    exchanged: [],
    results: [{ path: "tls", outcome: "failed", code: "set-incomplete" }],
  });
  assertEquals(await listTree(folder.path), []);
  const whole = planFor(folder);
  builds.of(whole).note("tls");
  assertEquals(builds.of(whole), builds.of(whole));
  const { exchanged, results } = await builds.settle();
  assertEquals([exchanged.map(({ plan }) => plan), results], [[whole], []]);
  assertEquals((await listTree(folder.path)).length, 2);
  assertEquals(await builds.settle(), { exchanged: [], results: [] }, "it is at its end");
});

Deno.test("SetBuilds tells why a set could not be exchanged", async () => {
  await using folder = await temporaryFolder();
  const logger = new MemoryLogger();
  const builds = new SetBuilds({ rules: RULES, logger });
  await Deno.writeTextFile(`${folder.path}/a`, "a", { mode: 0o600 });
  const roots = [{ folder: folder.path, prefix: "" }];
  const plan = planFor(folder, { place: placeOf("a/tls", roots) });
  builds.of(plan).note("tls");
  const { results } = await builds.settle();
  assertEquals(results, [{ path: "tls", outcome: "failed", code: "not-a-file" }]);
  assertMatch(logger.messages("warn").join(), /could not be exchanged/);
  assertEquals(await listTree(folder.path), ["a 600 a"]);
});
