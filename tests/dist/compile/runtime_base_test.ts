import { BuildError } from "../../../dist/compile/build_error.ts";
import {
  archivePath,
  findRuntimeBase,
  type RuntimeSources,
  targetOfFile,
} from "../../../dist/compile/runtime_base.ts";
import type { Target } from "../../../dist/compile/targets.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { makeStandInRuntime } from "../../support/stand_in_runtime.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

const LINUX: Target = "x86_64-unknown-linux-gnu";
const WINDOWS: Target = "x86_64-pc-windows-msvc";
const NOTHING: RuntimeSources = {
  baseFolder: undefined,
  denortBin: undefined,
  denoFolder: "/deno",
  version: "2.9.6",
};

async function folderWith(files: Readonly<Record<string, Target | "archive">>) {
  const folder = await temporaryFolder();
  for (const [name, target] of Object.entries(files)) {
    const bytes = target === "archive" ? new Uint8Array() : makeStandInRuntime(target, "");
    await Deno.writeFile(`${folder.path}/${name}`, bytes);
  }
  return folder;
}

Deno.test("findRuntimeBase leaves it to Deno where nothing is given", async () => {
  const base = await findRuntimeBase(LINUX, NOTHING);
  assertEquals(base.kind, "download");
  assertEquals(base.name, `denort-${LINUX}.zip`);
  assert(base.path.endsWith(archivePath(LINUX, "2.9.6")));
  assertEquals((await findRuntimeBase(LINUX, { ...NOTHING, denortBin: "" })).kind, "download");
});

Deno.test("findRuntimeBase takes what DENORT_BIN names, for its target alone", async () => {
  await using folder = await folderWith({ mine: LINUX });
  const sources = { ...NOTHING, denortBin: `${folder.path}/mine` };
  const base = await findRuntimeBase(LINUX, sources);
  assertEquals([base.kind, base.path], ["program", `${folder.path}/mine`]);
  assertEquals(base.name, `denort-${LINUX}`);
  const error = await assertRejects(() => findRuntimeBase(WINDOWS, sources), BuildError);
  assert(error.message.includes(`it is one of ${LINUX}`), error.message);
});

Deno.test("findRuntimeBase says what DENORT_BIN names, where it is nothing of use", async () => {
  await using folder = await folderWith({});
  const missing = { ...NOTHING, denortBin: `${folder.path}/none` };
  const error = await assertRejects(() => findRuntimeBase(LINUX, missing), BuildError);
  assert(error.message.includes("there is no file"), error.message);
  await Deno.writeTextFile(`${folder.path}/script`, "#!/bin/sh\n");
  const script = { ...NOTHING, denortBin: `${folder.path}/script` };
  const second = await assertRejects(() => findRuntimeBase(LINUX, script), BuildError);
  assert(second.message.includes("no executable"), second.message);
});

for (
  const [what, files, target, expected] of [
    [
      "an archive first",
      { [`denort-${LINUX}.zip`]: "archive", [`denort-${LINUX}`]: LINUX },
      LINUX,
      [
        "archive",
        `denort-${LINUX}.zip`,
        `denort-${LINUX}.zip`,
      ],
    ],
    ["a program by its target", { [`denort-${WINDOWS}.exe`]: WINDOWS }, WINDOWS, [
      "program",
      `denort-${WINDOWS}.exe`,
      `denort-${WINDOWS}.exe`,
    ]],
    ["a program of that target", { denort: LINUX }, LINUX, [
      "program",
      `denort-${LINUX}`,
      "denort",
    ]],
  ] as const
) {
  Deno.test(`findRuntimeBase takes from a folder ${what}`, async () => {
    await using folder = await folderWith(files);
    const sources = { ...NOTHING, baseFolder: folder.path, denortBin: "/elsewhere" };
    const base = await findRuntimeBase(target, sources);
    assertEquals([base.kind, base.name, base.path.slice(folder.path.length + 1)], [...expected]);
  });
}

Deno.test("findRuntimeBase refuses a folder without one of that target, or with another's", async () => {
  await using folder = await folderWith({ denort: LINUX, [`denort-${WINDOWS}.exe`]: LINUX });
  const find = (target: Target) => () =>
    findRuntimeBase(target, { ...NOTHING, baseFolder: folder.path });
  const missing = await assertRejects(find("aarch64-apple-darwin"), BuildError);
  assert(missing.hint.includes("denort-aarch64-apple-darwin.zip"), missing.hint);
  const wrong = await assertRejects(find(WINDOWS), BuildError);
  assert(wrong.message.includes("it is one of"), wrong.message);
});

Deno.test("targetOfFile is null for an empty file", async () => {
  await using folder = await folderWith({ empty: "archive" });
  assertEquals(await targetOfFile(`${folder.path}/empty`), null);
});
