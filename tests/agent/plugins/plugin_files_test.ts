import { openDiskRoots } from "../../../agent/disk/mod.ts";
import type { AgentSessionReport } from "../../../agent/delivery/session_report.ts";
import { MAX_PLUGIN_READ_BYTES } from "../../../agent/limits.ts";
import { PluginFiles } from "../../../agent/plugins/plugin_files.ts";
import { CallError } from "../../../protocol/calls/mod.ts";
import { StorageError } from "../../../protocol/errors.ts";
import { NO_PLUGIN_PERMISSIONS } from "../../../protocol/plugins/mod.ts";
import type { HeldManifest } from "../../../protocol/secret_store.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { fileEntry, folderEntry } from "../../support/disk_delivery.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

async function open(granted: readonly string[] = ["files/web", "files/db.password", "state"]) {
  const folder = await temporaryFolder();
  const { path } = folder;
  for (const name of ["files/web", "files/other", "state"]) {
    await Deno.mkdir(`${path}/${name}`, { recursive: true });
  }
  const written = { "db.password": "one", "web/a": "two", "other/b": "three", "web/left": "four" };
  for (const [name, text] of Object.entries(written)) {
    await Deno.writeTextFile(`${path}/files/${name}`, text);
  }
  await Deno.writeTextFile(`${path}/state/identity.json`, "private");
  const entries = [
    folderEntry("web"),
    ...await Promise.all(["db.password", "web/a", "other/b", "web/gone"].map((name) => {
      return fileEntry(name, "x");
    })),
  ];
  const disk = await openDiskRoots({
    workingFolder: `${path}/files`,
    stateFolder: `${path}/state`,
    absoluteFolders: [],
  });
  const held = { manifest: { entries } } as unknown as HeldManifest;
  const read = granted.map((name) => `${path}/${name}`);
  const permissions = { ...NO_PLUGIN_PERMISSIONS, read };
  const files = new PluginFiles({ disk, held: () => held }, permissions);
  return { files, path, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

async function codeOf(attempt: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => attempt, CallError)).code;
}

Deno.test("PluginFiles lists the delivered files that may be read, and no others", async () => {
  await using yard = await open();
  assertEquals(yard.files.list(), [
    { path: "db.password", size: 1 },
    { path: "web/a", size: 1 },
    { path: "web/gone", size: 1 },
  ]);
});

Deno.test("PluginFiles reads a delivered file that may be read", async () => {
  await using yard = await open();
  assertEquals(await yard.files.readText("db.password"), "one");
  assertEquals(await yard.files.readText("web/a"), "two");
});

Deno.test("PluginFiles reads nothing that was not delivered, or may not be read, by whatever path", async () => {
  await using yard = await open();
  const wrong = [
    ...["other/b", "web/left", "web", "", "nothing", "../state/identity.json"],
    ...["web/../other/b", "./db.password", "web//a", `${yard.path}/files/db.password`, 7, null],
    ...[undefined, ["db.password"], { toString: () => "db.password" }],
  ];
  for (const path of wrong) assertEquals(await codeOf(yard.files.readText(path)), "file-unknown");
});

Deno.test("PluginFiles reads nothing where nothing is granted", async () => {
  await using yard = await open([]);
  assertEquals(yard.files.list(), []);
  assertEquals(await codeOf(yard.files.readText("db.password")), "file-unknown");
});

Deno.test("PluginFiles follows no link in the place of a file", async () => {
  await using yard = await open();
  await Deno.remove(`${yard.path}/files/web/a`);
  await Deno.symlink("../../state/identity.json", `${yard.path}/files/web/a`);
  await assertRejects(() => yard.files.readText("web/a"), StorageError);
  const gone = await assertRejects(() => yard.files.readText("web/gone"), StorageError);
  assertEquals(gone.code, "file-missing");
});

Deno.test("PluginFiles gives texts alone, and none that is too long", async () => {
  await using yard = await open();
  const path = `${yard.path}/files/web/a`;
  await Deno.writeFile(path, new Uint8Array([0xff]));
  assertEquals(await codeOf(yard.files.readText("web/a")), "not-text");
  for (const length of [MAX_PLUGIN_READ_BYTES + 1, MAX_PLUGIN_READ_BYTES]) {
    await Deno.writeFile(path, new Uint8Array(length));
    assertEquals(await codeOf(yard.files.readText("web/a")), "too-large");
  }
  await Deno.writeTextFile(path, "x".repeat(MAX_PLUGIN_READ_BYTES));
  assertEquals((await yard.files.readText("web/a")).length, MAX_PLUGIN_READ_BYTES);
});

Deno.test("PluginFiles tells of a delivery what changed of the files that may be known", async () => {
  await using yard = await open();
  const files = [
    { path: "db.password", outcome: "updated" },
    { path: "web/a", outcome: "denied" },
    { path: "web/gone", outcome: "removed" },
    { path: "other/b", outcome: "created" },
  ];
  assertEquals(yard.files.tellOf({ files } as unknown as AgentSessionReport), {
    changes: 3,
    files: [
      { path: "db.password", outcome: "updated" },
      { path: "web/gone", outcome: "removed" },
    ],
  });
});

Deno.test("PluginFiles tells of no more files than a plugin can be told of", async () => {
  await using yard = await open();
  const files = Array.from({ length: 5_000 }, (_, i) => {
    return { path: `web/${"long".repeat(50)}${i}`, outcome: "created" };
  });
  const { changes, files: told } = yard.files.tellOf({ files } as unknown as AgentSessionReport);
  assertEquals(changes, 5_000);
  assertEquals(JSON.stringify(told).length <= 131_073 && (told as unknown[]).length > 400, true);
});
