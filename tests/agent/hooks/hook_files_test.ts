import { openDiskRoots } from "../../../agent/disk/mod.ts";
import { HookFiles } from "../../../agent/hooks/hook_files.ts";
import { StorageError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { hookedFile, hookedFolder, wantedState } from "../../support/hook_manifest.ts";
import { modeOf } from "../../support/site.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

const NOTHING = wantedState();

async function open() {
  const folder = await temporaryFolder();
  for (const name of ["files", "state", "run"]) await Deno.mkdir(`${folder.path}/${name}`);
  const files = new HookFiles(
    await openDiskRoots({
      workingFolder: `${folder.path}/files`,
      stateFolder: `${folder.path}/state`,
      absoluteFolders: [`${folder.path}/run`, folder.path],
    }),
  );
  return { files, path: folder.path, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

Deno.test("HookFiles.touch makes an empty file that others may see, and the folders to it", async () => {
  await using yard = await open();
  await yard.files.touch("seen/by/all", NOTHING);
  await yard.files.touch(`${yard.path}/run/changed`, NOTHING);
  assertEquals(await Deno.readTextFile(`${yard.path}/files/seen/by/all`), "");
  assertEquals(await modeOf(`${yard.path}/files/seen/by/all`), 0o644);
  assertEquals((await Deno.stat(`${yard.path}/run/changed`)).size, 0);
});

Deno.test("HookFiles.touch sets the time of a file and leaves its contents", async () => {
  await using yard = await open();
  const path = `${yard.path}/files/changed`;
  await Deno.writeTextFile(path, "kept");
  await Deno.utime(path, 1_000, 1_000);
  const before = Date.now();
  await yard.files.touch("changed", NOTHING);
  assert(((await Deno.stat(path)).mtime?.getTime() ?? 0) >= before - 1_000);
  assertEquals(await Deno.readTextFile(path), "kept");
});

Deno.test("HookFiles.touch refuses what leads elsewhere", async () => {
  await using yard = await open();
  await Deno.symlink(`${yard.path}/run`, `${yard.path}/files/link`);
  await Deno.symlink(`${yard.path}/run/target`, `${yard.path}/files/end`);
  await Deno.mkdir(`${yard.path}/files/folder`);
  const refused = [
    ["../outside", "path-refused"],
    ["/etc/changed", "path-refused"],
    [`${yard.path}/state/identity.json`, "path-refused"],
    ["link/changed", "symlink-refused"],
    ["end", "symlink-refused"],
    ["folder", "not-a-file"],
  ] as const;
  for (const [path, code] of refused) {
    await assertRejects(() => yard.files.touch(path, NOTHING), StorageError, code);
  }
  assertEquals([...Deno.readDirSync(`${yard.path}/run`)], []);
});

Deno.test("HookFiles.touch refuses what the manifest declares, by whichever name", async () => {
  await using yard = await open();
  const manifest = wantedState({
    entries: [hookedFile("tls/key"), hookedFolder("tls"), hookedFile(`${yard.path}/run/db`)],
  });
  const refused = [
    "tls/key",
    "tls",
    `${yard.path}/files/tls/key`,
    `${yard.path}/run/db`,
  ];
  for (const path of refused) {
    await assertRejects(() => yard.files.touch(path, manifest), StorageError, "path-refused");
  }
  await yard.files.touch("tls/other", manifest);
  await yard.files.touch("key", manifest);
  const unreachable = wantedState({ entries: [hookedFile("/nowhere/changed")] });
  await yard.files.touch("changed", unreachable);
});

Deno.test("HookFiles.readPid reads a number, and nothing else", async () => {
  await using yard = await open();
  const cases = [
    ["12\n", 12],
    [" 4711", 4_711],
    ["", null],
    ["-5", null],
    ["12 13", null],
    ["0x12", null],
    ["1".repeat(11), null],
    [`12${" ".repeat(100)}`, null],
    ["2147483647", 2_147_483_647],
    // As a number of 32 bits these are all processes, and the first one.
    ["4294967295", null],
    ["4294967297", null],
  ] as const;
  for (const [text, pid] of cases) {
    await Deno.writeTextFile(`${yard.path}/run/app.pid`, text);
    const expected = pid === null ? null : { pid, uid: Deno.uid() };
    assertEquals(await yard.files.readPid(`${yard.path}/run/app.pid`, NOTHING), expected, text);
  }
  assertEquals(await yard.files.readPid("missing.pid", NOTHING), null);
});

Deno.test("HookFiles.readPid refuses a file that the keeper gave, and one that leads elsewhere", async () => {
  await using yard = await open();
  await Deno.writeTextFile(`${yard.path}/files/app.pid`, "12");
  await Deno.symlink(`${yard.path}/files/app.pid`, `${yard.path}/files/link`);
  const manifest = wantedState({ entries: [hookedFile("app.pid")] });
  const { files } = yard;
  await assertRejects(() => files.readPid("app.pid", manifest), StorageError, "path-refused");
  await assertRejects(() => files.readPid("link", NOTHING), StorageError, "symlink-refused");
  await assertRejects(() => files.readPid("/proc/self/stat", NOTHING), StorageError);
});

Deno.test("HookFiles waits for no pipe that was put in the place of a file", {
  ignore: Deno.build.os === "windows",
}, async () => {
  await using yard = await open();
  const path = `${yard.path}/files/changed`;
  await Deno.writeTextFile(path, "12");
  await new Deno.Command("mkfifo", { args: [`${path}.pipe`] }).output();
  const attempts = [
    () => yard.files.touch("changed", NOTHING),
    () => yard.files.readPid("changed", NOTHING),
  ];
  for (const attempt of attempts) {
    const attempted = attempt();
    // What was looked at is a file; what is opened is not.
    Deno.renameSync(path, `${path}.file`);
    Deno.renameSync(`${path}.pipe`, path);
    await assertRejects(() => attempted, StorageError);
    Deno.renameSync(path, `${path}.pipe`);
    Deno.renameSync(`${path}.file`, path);
  }
});
