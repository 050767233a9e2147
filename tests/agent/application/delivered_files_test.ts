import { closeSync } from "node:fs";
import { DeliveredFiles } from "../../../agent/application/delivered_files.ts";
import { openDiskRoots } from "../../../agent/disk/mod.ts";
import { StorageError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { whileSwapping } from "../../support/name_swap.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

async function open() {
  const folder = await temporaryFolder();
  for (const name of ["files", "state", "run"]) await Deno.mkdir(`${folder.path}/${name}`);
  const files = new DeliveredFiles(
    await openDiskRoots({
      workingFolder: `${folder.path}/files`,
      stateFolder: `${folder.path}/state`,
      absoluteFolders: [folder.path],
    }),
  );
  return { files, path: folder.path, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

const GENERATION = `.fluxvault-generation-${"0a".repeat(12)}`;

function text(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : new TextDecoder().decode(bytes);
}

Deno.test("DeliveredFiles reads a file by the path that a keeper gives it", async () => {
  await using yard = await open();
  await Deno.mkdir(`${yard.path}/files/tls`);
  await Deno.writeTextFile(`${yard.path}/files/tls/key`, "key");
  await Deno.writeTextFile(`${yard.path}/run/db`, "db");
  assertEquals(text(await yard.files.read("tls/key", 100)), "key");
  assertEquals(text(await yard.files.read(`${yard.path}/run/db`, 2)), "db");
  assertEquals(await yard.files.read("tls/key", 2), null);
  closeSync(await yard.files.open("tls/key"));
});

Deno.test("DeliveredFiles follows the link by which files are exchanged at once", async () => {
  await using yard = await open();
  await Deno.mkdir(`${yard.path}/files/${GENERATION}/deep`, { recursive: true });
  await Deno.writeTextFile(`${yard.path}/files/${GENERATION}/deep/key`, "new");
  await Deno.symlink(GENERATION, `${yard.path}/files/tls`);
  assertEquals(text(await yard.files.read("tls/deep/key", 100)), "new");
});

Deno.test("DeliveredFiles follows no other link, and goes nowhere else", async () => {
  await using yard = await open();
  await Deno.writeTextFile(`${yard.path}/state/identity.json`, "private");
  await Deno.writeTextFile(`${yard.path}/run/secret`, "private");
  const links = [
    ["../run", "folder"],
    ["../run/secret", "file"],
    [`${yard.path}/run`, "absolute"],
    [`${GENERATION}/../../run`, "detour"],
  ] as const;
  for (const [target, name] of links) await Deno.symlink(target, `${yard.path}/files/${name}`);
  await Deno.symlink(".fluxvault-escape", `${yard.path}/files/chain`);
  await Deno.symlink("../run", `${yard.path}/files/.fluxvault-escape`);
  await Deno.mkdir(`${yard.path}/files/deep`);
  const refused = [
    ["folder/secret", "symlink-refused"],
    ["file", "symlink-refused"],
    ["absolute/secret", "symlink-refused"],
    ["detour/secret", "symlink-refused"],
    ["chain/secret", "symlink-refused"],
    ["deep", "not-a-file"],
    ["missing", "file-missing"],
    ["../run/secret", "path-refused"],
    ["/etc/passwd", "path-refused"],
    [`${yard.path}/state/identity.json`, "path-refused"],
  ] as const;
  for (const [path, code] of refused) {
    await assertRejects(() => yard.files.read(path, 100), StorageError, code);
  }
});

Deno.test("DeliveredFiles waits for no pipe that is put in the place of a file", {
  ignore: Deno.build.os === "windows",
}, async () => {
  await using yard = await open();
  const path = `${yard.path}/files/key`;
  await new Deno.Command("mkfifo", { args: [`${path}.pipe`] }).output();
  await Deno.writeTextFile(path, "key");
  const { hasStuckReader } = await whileSwapping(path, { other: `${path}.pipe` }, async () => {
    const contents = await yard.files.read("key", 100).catch((error) => {
      assert(error instanceof StorageError, String(error));
    });
    if (contents !== undefined) assertEquals(text(contents), "key");
  });
  assertEquals(hasStuckReader, false);
});
