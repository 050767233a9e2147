import { sweepStages } from "../../../agent/disk/stage_sweep.ts";
import { STAGE_PREFIX } from "../../../protocol/secret_path.ts";
import { assertEquals } from "../../support/assert.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

const LATER_MS = Date.now() + 3_600_000;

Deno.test("sweepStages leaves files that were written since the process began", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/${STAGE_PREFIX}1`, "");
  assertEquals((await sweepStages(folder.path, { beforeMs: 0 })).removed, 0);
  assertEquals((await sweepStages(folder.path, { beforeMs: LATER_MS })).removed, 1);
});

Deno.test("sweepStages removes nothing but files by their whole name", async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/folder-${STAGE_PREFIX}`);
  await Deno.symlink("/", `${folder.path}/${STAGE_PREFIX}link`);
  await Deno.writeTextFile(`${folder.path}/x${STAGE_PREFIX}`, "");
  const report = await sweepStages(folder.path, { beforeMs: LATER_MS });
  assertEquals(report, { removed: 0, isWhole: true });
});

Deno.test("sweepStages goes as deep as it may", async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/a/b`, { recursive: true });
  for (const path of ["", "a/", "a/b/"]) {
    await Deno.writeTextFile(`${folder.path}/${path}${STAGE_PREFIX}1`, "");
  }
  const report = await sweepStages(folder.path, { beforeMs: LATER_MS, maxDepth: 1 });
  assertEquals(report, { removed: 2, isWhole: false });
});

Deno.test("sweepStages looks at no more entries than it may", async () => {
  await using folder = await temporaryFolder();
  for (let i = 0; i < 4; i++) await Deno.writeTextFile(`${folder.path}/${STAGE_PREFIX}${i}`, "");
  const report = await sweepStages(folder.path, { beforeMs: LATER_MS, maxEntries: 3 });
  assertEquals(report, { removed: 3, isWhole: false });
});

Deno.test("sweepStages does not mind a folder that is not there", async () => {
  const report = await sweepStages("/no/such/folder", { beforeMs: LATER_MS });
  assertEquals(report, { removed: 0, isWhole: false });
});
