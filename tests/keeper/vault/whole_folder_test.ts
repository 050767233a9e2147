import { dirname, join } from "node:path";
import { MAX_FOLDER_DEPTH, MAX_FOLDER_FILES } from "../../../keeper/limits.ts";
import { declareWholeFolder } from "../../../keeper/vault/whole_folder.ts";
import { STAGE_PREFIX, StorageError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/temporary_folder.ts";

const UNIX = Deno.build.os !== "windows";

/** Makes a folder `vault` with these files, each of which holds its own name. */
async function vaultOf(folder: TemporaryFolder, names: readonly string[]): Promise<string> {
  const vault = join(folder.path, "vault");
  await Deno.mkdir(vault, { mode: 0o700 });
  for (const name of names) {
    await Deno.mkdir(dirname(join(vault, name)), { recursive: true });
    await Deno.writeTextFile(join(vault, name), name);
  }
  return vault;
}

async function namesIn(vault: string): Promise<string[]> {
  return (await declareWholeFolder(vault)).map(({ source }) => source).sort();
}

Deno.test("declareWholeFolder offers every file under its own name, below sub-folders too", async () => {
  await using folder = await temporaryFolder();
  const vault = await vaultOf(folder, ["quotes.txt", "tls/key.pem", "tls/old/key.pem", "a b"]);
  assertEquals(await namesIn(vault), ["a b", "quotes.txt", "tls/key.pem", "tls/old/key.pem"]);
  for (const { source, target, ...others } of await declareWholeFolder(vault)) {
    assertEquals([target, others], [source, { strategy: "STRICT", symlinks: "refuse" }]);
  }
});

Deno.test("declareWholeFolder leaves out what is hidden, and what is below a hidden folder", async () => {
  await using folder = await temporaryFolder();
  const hidden = [".env", ".git/config", "tls/.key.pem", `tls/${STAGE_PREFIX}1`];
  assertEquals(await namesIn(await vaultOf(folder, ["a", ...hidden])), ["a"]);
});

Deno.test({
  name: "declareWholeFolder follows no link below the folder, to a file or to a folder",
  ignore: !UNIX,
  fn: async () => {
    await using folder = await temporaryFolder();
    const vault = await vaultOf(folder, ["a", "tls/key.pem"]);
    await Deno.writeTextFile(join(folder.path, "outside"), "canary");
    await Deno.symlink(join(folder.path, "outside"), join(vault, "link"));
    await Deno.symlink(join(vault, "a"), join(vault, "inner"));
    await Deno.symlink(folder.path, join(vault, "up"));
    await Deno.symlink(join(folder.path, "gone"), join(vault, "dangling"));
    assertEquals(await namesIn(vault), ["a", "tls/key.pem"]);
  },
});

Deno.test({
  name: "declareWholeFolder follows a link that the operator named as the folder",
  ignore: !UNIX,
  fn: async () => {
    await using folder = await temporaryFolder();
    await Deno.symlink(await vaultOf(folder, ["a"]), join(folder.path, "named"));
    assertEquals(await namesIn(join(folder.path, "named")), ["a"]);
  },
});

Deno.test({
  name: "declareWholeFolder leaves out what is no regular file, and names that no path may have",
  ignore: !UNIX,
  fn: async () => {
    await using folder = await temporaryFolder();
    const vault = await vaultOf(folder, ["a", "back\\slash", "new\nline"]);
    using _socket = Deno.listen({ transport: "unix", path: join(vault, "socket") });
    assertEquals(await namesIn(vault), ["a"]);
  },
});

Deno.test("declareWholeFolder looks into so many folders in one another, and no deeper", async () => {
  await using folder = await temporaryFolder();
  const deepest = "d/".repeat(MAX_FOLDER_DEPTH);
  const vault = await vaultOf(folder, [`${deepest}a`]);
  assertEquals(await namesIn(vault), [`${deepest}a`]);
  await Deno.mkdir(join(vault, `${deepest}d`));
  const refusal = await assertRejects(() => namesIn(vault), StorageError, "not-a-file");
  assert(refusal.message.includes("more than 16 deep") && refusal.hint !== undefined);
});

Deno.test("declareWholeFolder refuses a folder that holds more files than a vault would", async () => {
  await using folder = await temporaryFolder();
  const vault = await vaultOf(folder, ["sub/1"]);
  for (let i = 0; i < MAX_FOLDER_FILES; i++) Deno.writeTextFileSync(join(vault, `f${i}`), "");
  const refusal = await assertRejects(
    () => namesIn(vault),
    StorageError,
    "not-a-file",
  );
  assert(refusal.message.includes("more than 10000 files") && refusal.hint !== undefined);
  await Deno.remove(join(vault, "sub/1"));
  assertEquals((await namesIn(vault)).length, MAX_FOLDER_FILES);
});

Deno.test("declareWholeFolder fails where there is no folder", async () => {
  await using folder = await temporaryFolder();
  const vault = join(folder.path, "none");
  const error = await assertRejects(() => namesIn(vault), StorageError, "file-missing");
  assert(error.message.startsWith("cannot list the folder"), error.message);
});

Deno.test("declareWholeFolder fails where the folder is a file", async () => {
  await using folder = await temporaryFolder();
  const file = join(await vaultOf(folder, ["a"]), "a");
  await assertRejects(() => namesIn(file), StorageError, "not-a-file");
});
