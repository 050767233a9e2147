import {
  checkFolders,
  openStore,
  openWorkingFolder,
  wipeOnExit,
} from "../../../agent/commands/serve_disk.ts";
import { isInside } from "../../../agent/state_folder.ts";
import { isInMemory } from "../../../agent/disk/mod.ts";
import { ConfigError } from "../../../protocol/errors.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "../../support/assert.ts";
import { deliver } from "../../support/disk_delivery.ts";
import { missingForMounts, withMount } from "../../support/mounts.ts";
import { serveContext } from "../../support/serve_context.ts";
import { listTree, temporaryFolder } from "../../support/temporary_folder.ts";

const missing = await missingForMounts();
const skipped = missing === null ? "" : ` (skipped: ${missing})`;

function stateIn(path: string) {
  return { path, problem: null, [Symbol.dispose]() {} };
}

Deno.test("openWorkingFolder makes the folder, and says which setting is at fault", async () => {
  await using folder = await temporaryFolder();
  const context = await serveContext(["--working-dir", `${folder.path}/new/files`]);
  assertEquals(await openWorkingFolder(context), `${folder.path}/new/files`);
  assertEquals(await listTree(`${folder.path}/new`), ["files/ 700"]);
  await Deno.writeTextFile(`${folder.path}/file`, "");
  const bad = await serveContext(["--working-dir", `${folder.path}/file`]);
  const error = await assertRejects(() => openWorkingFolder(bad), ConfigError);
  assertEquals(error.setting, "--working-dir");
});

Deno.test(`openWorkingFolder takes a folder in memory where that is required${skipped}`, {
  ignore: missing !== null,
}, async () => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  await withMount(["-t", "tmpfs", "tmpfs", path], async () => {
    const context = await serveContext(["--working-dir", `${path}/files`, "--require-tmpfs"]);
    assertEquals(await openWorkingFolder(context), `${path}/files`);
  });
});

const TEMPORARY = await temporaryFolder();
const isOnDisk = !await isInMemory(TEMPORARY.path);
await TEMPORARY[Symbol.asyncDispose]();
const notOnDisk = isOnDisk ? "" : " (skipped: temporary folders are in memory here)";

Deno.test(`openWorkingFolder refuses a disk where memory is required${notOnDisk}`, {
  ignore: !isOnDisk,
}, async () => {
  await using folder = await temporaryFolder();
  const context = await serveContext(["--working-dir", folder.path, "--require-tmpfs"]);
  const error = await assertRejects(() => openWorkingFolder(context), ConfigError);
  assertEquals(error.setting, "--require-tmpfs");
  assertMatch(error.hint ?? "", /tmpfs/);
});

Deno.test("checkFolders keeps the agent's own folder apart from the files", async () => {
  const context = await serveContext([]);
  const check = (workingFolder: string, state: string) => () =>
    checkFolders(context, { workingFolder, state: stateIn(state) });
  check("/srv/files", "/srv/state")();
  check("/srv/files", "/srv/files-beside")();
  assertThrows(check("/srv/files", "/srv/files/state"), ConfigError);
  assertThrows(check("/srv/state/files", "/srv/state"), ConfigError);
  assertThrows(check("/srv/files", "/srv/files"), ConfigError);
  assertEquals([isInside("/a/b", "/a"), isInside("/ab", "/a"), isInside("/a", "/a/b")], [
    true,
    false,
    false,
  ]);
});

Deno.test("wipeOnExit removes all that was put in place, where it is asked to", async () => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  await Deno.mkdir(`${path}/files`, { mode: 0o700 });
  await Deno.mkdir(`${path}/state`);
  await Deno.writeTextFile(`${path}/files/theirs`, "x", { mode: 0o600 });
  const folders = { workingFolder: `${path}/files`, state: stateIn(`${path}/state`) };
  const once = { text: "o", strategy: "ENSURE_CREATED" } as const;
  for (const [args, left] of [[[], 3], [["--wipe-on-exit"], 1]] as const) {
    const context = await serveContext(args);
    const store = await openStore(context, folders);
    await deliver(store, { files: { "d/a": "1", "d/once": once } });
    await wipeOnExit(context, store);
    const files = (await listTree(`${path}/files`)).filter((line) => !line.startsWith("d/ "));
    assertEquals(files.length, left);
  }
  const states = await listTree(`${path}/state`);
  assert(!states.some((line) => line.startsWith("manifest ")), "its digests are gone as well");
});

Deno.test("wipeOnExit says what it could not remove", async () => {
  const context = await serveContext(["--wipe-on-exit"]);
  await wipeOnExit(context, { wipe: () => Promise.resolve({ removed: 1, failed: 2 }) });
  await wipeOnExit(context, { wipe: () => Promise.reject(new Error("no disk")) });
  assertEquals(context.logger.events.map(({ level, properties }) => [level, properties]), [
    ["error", { removed: 1, failed: 2 }],
    ["error", { reason: "no disk" }],
  ]);
});
