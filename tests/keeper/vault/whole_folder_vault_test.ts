import { dirname, join } from "node:path";
import { MAX_FOLDER_DEPTH, MAX_FOLDER_FILES } from "../../../keeper/limits.ts";
import type { VaultView } from "../../../keeper/vault/vault.ts";
import { WholeFolderVault } from "../../../keeper/vault/whole_folder_vault.ts";
import { STAGE_PREFIX, StorageError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
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

function pathsOf({ entries }: VaultView): string[] {
  return entries.map(({ path }) => path).sort();
}

Deno.test("WholeFolderVault offers every file under its own name, below sub-folders too", async () => {
  await using folder = await temporaryFolder();
  const vault = await vaultOf(folder, ["quotes.txt", "tls/key.pem", "tls/old/key.pem", "a b"]);
  const view = await new WholeFolderVault(vault).inspect([]);
  assertEquals(pathsOf(view), ["a b", "quotes.txt", "tls/key.pem", "tls/old/key.pem"]);
  assertEquals([view.faults, [...view.missing]], [[], []]);
});

Deno.test("WholeFolderVault gives what it offers", async () => {
  await using folder = await temporaryFolder();
  const view = await new WholeFolderVault(await vaultOf(folder, ["tls/key.pem"])).inspect([]);
  const [entry] = view.entries;
  assert(entry?.kind === "file");
  const content = await view.open(entry, { offset: 0, prefix: null });
  assert(content !== null);
  let text = "";
  for await (const piece of content.chunks) text += new TextDecoder().decode(piece);
  assertEquals(text, "tls/key.pem");
});

Deno.test("WholeFolderVault does not go by the files that it is asked for", async () => {
  await using folder = await temporaryFolder();
  const vault = new WholeFolderVault(await vaultOf(folder, ["a", "b"]));
  const view = await vault.inspect([{ local: "c", remote: "d" }]);
  assertEquals([pathsOf(view), view.faults], [["a", "b"], []]);
});

Deno.test("WholeFolderVault leaves out what is hidden, and what is below a hidden folder", async () => {
  await using folder = await temporaryFolder();
  const hidden = [".env", ".git/config", "tls/.key.pem", `tls/${STAGE_PREFIX}1`];
  const view = await new WholeFolderVault(await vaultOf(folder, ["a", ...hidden])).inspect([]);
  assertEquals(pathsOf(view), ["a"]);
});

Deno.test({
  name: "WholeFolderVault follows no link below the folder, to a file or to a folder",
  ignore: !UNIX,
  fn: async () => {
    await using folder = await temporaryFolder();
    const vault = await vaultOf(folder, ["a", "tls/key.pem"]);
    await Deno.writeTextFile(join(folder.path, "outside"), "canary");
    await Deno.symlink(join(folder.path, "outside"), join(vault, "link"));
    await Deno.symlink(join(vault, "a"), join(vault, "inner"));
    await Deno.symlink(folder.path, join(vault, "up"));
    await Deno.symlink(join(folder.path, "gone"), join(vault, "dangling"));
    const view = await new WholeFolderVault(vault).inspect([]);
    assertEquals([pathsOf(view), view.faults], [["a", "tls/key.pem"], []]);
  },
});

Deno.test({
  name: "WholeFolderVault follows a link that the operator named as the folder",
  ignore: !UNIX,
  fn: async () => {
    await using folder = await temporaryFolder();
    await Deno.symlink(await vaultOf(folder, ["a"]), join(folder.path, "named"));
    const view = await new WholeFolderVault(join(folder.path, "named")).inspect([]);
    assertEquals(pathsOf(view), ["a"]);
  },
});

Deno.test({
  name: "WholeFolderVault leaves out what is no regular file, and names that no path may have",
  ignore: !UNIX,
  fn: async () => {
    await using folder = await temporaryFolder();
    const vault = await vaultOf(folder, ["a", "back\\slash", "new\nline"]);
    using _socket = Deno.listen({ transport: "unix", path: join(vault, "socket") });
    const view = await new WholeFolderVault(vault).inspect([]);
    assertEquals([pathsOf(view), view.faults], [["a"], []]);
  },
});

Deno.test("WholeFolderVault looks into so many folders in one another, and no deeper", async () => {
  await using folder = await temporaryFolder();
  const deepest = "d/".repeat(MAX_FOLDER_DEPTH);
  const vault = await vaultOf(folder, [`${deepest}a`]);
  assertEquals(pathsOf(await new WholeFolderVault(vault).inspect([])), [`${deepest}a`]);
  await Deno.mkdir(join(vault, `${deepest}d`));
  const inspecting = () => new WholeFolderVault(vault).inspect([]);
  const refusal = await assertRejects(inspecting, StorageError, "not-a-file");
  assert(refusal.message.includes("more than 16 deep") && refusal.hint !== undefined);
});

Deno.test("WholeFolderVault refuses a folder that holds more files than a vault would", async () => {
  await using folder = await temporaryFolder();
  const vault = await vaultOf(folder, ["sub/1"]);
  for (let i = 0; i < MAX_FOLDER_FILES; i++) Deno.writeTextFileSync(join(vault, `f${i}`), "");
  const refusal = await assertRejects(
    () => new WholeFolderVault(vault).inspect([]),
    StorageError,
    "not-a-file",
  );
  assert(refusal.message.includes("more than 10000 files") && refusal.hint !== undefined);
  await Deno.remove(join(vault, "sub/1"));
  const view = await new WholeFolderVault(vault).inspect([]);
  assertEquals(view.entries.length, MAX_FOLDER_FILES);
});

Deno.test("WholeFolderVault sees what came and what went since its last look", async () => {
  await using folder = await temporaryFolder();
  const path = await vaultOf(folder, ["a", "b"]);
  const vault = new WholeFolderVault(path);
  await vault.inspect([]);
  await Deno.rename(join(path, "a"), join(path, "c"));
  assertEquals(pathsOf(await vault.inspect([])), ["b", "c"]);
});

Deno.test("WholeFolderVault fails where there is no folder", async () => {
  await using folder = await temporaryFolder();
  const vault = new WholeFolderVault(join(folder.path, "none"));
  const error = await assertRejects(() => vault.inspect([]), StorageError, "file-missing");
  assert(error.message.startsWith("cannot list the folder"), error.message);
});

Deno.test("WholeFolderVault fails where the folder is a file", async () => {
  await using folder = await temporaryFolder();
  const vault = new WholeFolderVault(join(await vaultOf(folder, ["a"]), "a"));
  await assertRejects(() => vault.inspect([]), StorageError, "not-a-file");
});

Deno.test({
  name: "WholeFolderVault warns of a folder that everyone can look into",
  ignore: !UNIX,
  fn: async () => {
    await using folder = await temporaryFolder();
    const vault = await vaultOf(folder, ["a"]);
    await Deno.chmod(vault, 0o755);
    const logger = new MemoryLogger();
    await new WholeFolderVault(vault, { logger }).inspect([]);
    assertEquals(logger.messages("warn").length, 1);
  },
});

Deno.test("WholeFolderVault ends with the reason of an aborted signal", async () => {
  await using folder = await temporaryFolder();
  const vault = new WholeFolderVault(await vaultOf(folder, ["a"]));
  const signal = AbortSignal.abort(new DOMException("stop", "AbortError"));
  await assertRejects(() => vault.inspect([], { signal }), DOMException);
});
