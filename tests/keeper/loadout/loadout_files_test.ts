import { MAX_LOADOUT_BYTES } from "../../../keeper/loadout/limits.ts";
import {
  findLoadoutFiles,
  type LoadoutFile,
  readLoadoutFiles,
} from "../../../keeper/loadout/loadout_files.ts";
import { ConfigErrors } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

/** Makes files below a folder, those that end in `/` as folders. */
async function lay(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const path = `${folder}/${name}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    if (!name.endsWith("/")) await Deno.writeTextFile(path, name);
  }
}

async function find(names: readonly string[], at: string): Promise<readonly LoadoutFile[]> {
  await using folder = await temporaryFolder();
  await lay(folder.path, names);
  const files = await findLoadoutFiles(`${folder.path}/${at}`);
  return files.map((file) => ({ ...file, path: file.path.slice(folder.path.length + 1) }));
}

Deno.test("findLoadoutFiles takes a file for many apps, or for one by its name", async () => {
  assertEquals(await find(["x/loadout.yaml"], "x/loadout.yaml"), [
    { path: "x/loadout.yaml", app: null },
  ]);
  assertEquals(await find(["demo/fluxvault.yaml"], "demo/fluxvault.yaml"), [
    { path: "demo/fluxvault.yaml", app: "demo" },
  ]);
});

Deno.test("findLoadoutFiles looks into each folder of a vault, but for hidden ones", async () => {
  const names = [
    "v/b/fluxvault.yaml",
    "v/a/fluxvault.yaml",
    "v/.git/fluxvault.yaml",
    "v/c/",
    "v/x",
  ];
  assertEquals(await find(names, "v"), [
    { path: "v/a/fluxvault.yaml", app: "a" },
    { path: "v/b/fluxvault.yaml", app: "b" },
  ]);
});

Deno.test("findLoadoutFiles takes the folder of one app, and none below it", async () => {
  assertEquals(await find(["demo/fluxvault.yaml", "demo/x/fluxvault.yaml"], "demo"), [
    { path: "demo/fluxvault.yaml", app: "demo" },
  ]);
});

Deno.test("findLoadoutFiles finds files that were given another name by mistake", async () => {
  const [good, bad] = await find(["v/a/fluxvault.yaml", "v/b/fluxvault.yml"], "v");
  assertEquals(good?.problem, undefined);
  assert(bad?.problem?.hint.includes("Call it fluxvault.yaml"));
  const both = await find(["v/a/fluxvault.yaml", "v/a/fluxvault.yml"], "v");
  assertEquals(both.length, 1);
});

Deno.test("findLoadoutFiles says where it found nothing, and what it looked for", async () => {
  for (const [names, at] of [[["v/a/"], "v"], [["v/x"], "gone"], [["v/x"], "v/x/y"]] as const) {
    const { errors: [error] } = await assertRejects(() => find(names, at), ConfigErrors);
    assert(error?.hint?.includes("fluxvault.yaml") || error?.hint?.includes("many apps"));
  }
});

Deno.test("readLoadoutFiles reads again what may have changed, and nothing else", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/loadout.yaml`;
  await Deno.writeTextFile(path, "a");
  const files = [{ path, app: null }];
  const later = () => Date.now() + 60_000;
  const fresh = await readLoadoutFiles(files);
  // What was written a moment ago can be written again within the same tick of the file system.
  assertEquals(fresh[0]?.stamp, null);
  const settled = await readLoadoutFiles(files, { before: fresh, now: later });
  assert(settled[0] !== fresh[0]);
  const same = await readLoadoutFiles(files, { before: settled, now: later });
  assert(same[0] === settled[0]);
  await Deno.writeTextFile(path, "bc");
  const changed = await readLoadoutFiles(files, { before: same, now: later });
  assertEquals(changed[0]?.text, "bc");
});

Deno.test("readLoadoutFiles says of each file why it cannot be read", async () => {
  await using folder = await temporaryFolder();
  const at = (name: string) => ({ path: `${folder.path}/${name}`, app: null });
  await Deno.writeFile(at("bytes").path, new Uint8Array([0xff, 0xfe, 0x00]));
  await Deno.writeTextFile(at("large").path, "#".repeat(MAX_LOADOUT_BYTES + 1));
  await Deno.writeTextFile(at("whole").path, "#".repeat(MAX_LOADOUT_BYTES));
  await Deno.mkdir(at("folder").path);
  const names = ["bytes", "large", "folder", "gone", "whole"];
  const read = await readLoadoutFiles(names.map(at));
  assertEquals(read.map(({ problem }) => problem === undefined), [
    false,
    false,
    false,
    false,
    true,
  ]);
  assertEquals(read[0]?.problem?.hint, "Save it as UTF-8.");
});
