import { sweepStages } from "../../../agent/disk/stage_sweep.ts";
import { STAGE_PREFIX } from "../../../protocol/secret_path.ts";
import { assertEquals } from "../../support/assert.ts";
import { listTree, temporaryFolder } from "../../support/temporary_folder.ts";
import { PART_LIFETIME_MS } from "../../../agent/limits.ts";

const UNIX = Deno.build.os !== "windows";

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

const UNUSED = `.fluxvault-generation-${"0".repeat(24)}`;
const USED = `.fluxvault-generation-${"1".repeat(24)}`;

Deno.test(
  "sweepStages removes states of sets that no link leads to, and links that lead nowhere yet",
  {
    ignore: !UNIX,
  },
  async () => {
    await using folder = await temporaryFolder();
    for (const name of [UNUSED, USED]) {
      await Deno.mkdir(`${folder.path}/${name}`, { mode: 0o700 });
      await Deno.writeTextFile(`${folder.path}/${name}/a`, "a", { mode: 0o600 });
    }
    await Deno.symlink(USED, `${folder.path}/tls`);
    await Deno.symlink(UNUSED, `${folder.path}/.fluxvault-link-1`);
    assertEquals((await sweepStages(folder.path, { beforeMs: 0 })).removed, 0);
    // The link that was never put in place uses nothing, whichever of both is found first.
    await sweepStages(folder.path, { beforeMs: LATER_MS });
    assertEquals(await listTree(folder.path), [
      `${USED}/ 700`,
      `${USED}/a 600 a`,
      `tls -> ${USED}`,
    ]);
  },
);

Deno.test("sweepStages removes no state of a set where it does not see all links", {
  ignore: !UNIX,
}, async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/${UNUSED}`);
  for (let i = 0; i < 4; i++) await Deno.writeTextFile(`${folder.path}/${i}`, "");
  for (const [maxEntries, removed] of [[1, 0], [4, 0], [5, 1]] as const) {
    const report = await sweepStages(folder.path, { beforeMs: LATER_MS, maxEntries });
    assertEquals(report, { removed, isWhole: maxEntries === 5 });
  }
});

Deno.test("sweepStages ends an exchange that a killed process had begun", {
  ignore: !UNIX,
}, async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/.fluxvault-former-back`, { mode: 0o700 });
  await Deno.mkdir(`${folder.path}/.fluxvault-former-gone`, { mode: 0o700 });
  await Deno.mkdir(`${folder.path}/${USED}`, { mode: 0o700 });
  await Deno.symlink(USED, `${folder.path}/gone`);
  assertEquals((await sweepStages(folder.path, { beforeMs: LATER_MS })).removed, 1);
  assertEquals(await listTree(folder.path), [`${USED}/ 700`, "back/ 700", `gone -> ${USED}`]);
});

Deno.test("sweepStages keeps parts of files for a day, and tells of them", async () => {
  await using folder = await temporaryFolder();
  const past = new Date(Date.now() - PART_LIFETIME_MS);
  for (const name of ["new", "old"]) {
    await Deno.writeTextFile(`${folder.path}/.fluxvault-part-${name}`, "");
  }
  await Deno.utime(`${folder.path}/.fluxvault-part-old`, past, past);
  const parts: string[] = [];
  const onPart = (path: string) => void parts.push(path);
  assertEquals((await sweepStages(folder.path, { beforeMs: LATER_MS, onPart })).removed, 1);
  assertEquals(parts, [`${folder.path}/.fluxvault-part-new`]);
});

Deno.test("sweepStages removes folders that were never put in place, with all that is in them", {
  ignore: !UNIX,
}, async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/${STAGE_PREFIX}1/deep`, { recursive: true });
  await Deno.symlink("/", `${folder.path}/${STAGE_PREFIX}1/deep/link`);
  assertEquals((await sweepStages(folder.path, { beforeMs: LATER_MS })).removed, 1);
  assertEquals(await listTree(folder.path), []);
});
