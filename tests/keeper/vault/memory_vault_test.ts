import { MemoryVault } from "../../../keeper/vault/memory_vault.ts";
import { encodeHex, encodeUtf8, sha256Digest } from "../../../protocol/mod.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { at, describe, fileOf, FROM_START, itemsAt, readAll } from "./vault_folder.ts";

async function make(): Promise<MemoryVault> {
  const names = ["t/a", "t/sub/deep/b", "tx", "key"];
  return await MemoryVault.from(Object.fromEntries(names.map((name) => [name, encodeUtf8(name)])));
}

Deno.test("MemoryVault finds files, and folders by what is in them", async () => {
  const vault = await make();
  assertEquals(describe(await itemsAt(vault, "t")), ["/", "a", "sub/", "sub/deep/", "sub/deep/b"]);
  assertEquals(describe(await itemsAt(vault, "t/sub")), ["/", "deep/", "deep/b"]);
  assertEquals(describe(await itemsAt(vault, "key")), [""]);
  assertEquals(describe(await itemsAt(vault, "gone")), ["!file-missing"]);
  const items = await itemsAt(vault, "t");
  assert(items === await itemsAt(vault, "t"));
});

Deno.test("MemoryVault.open gives what a file holds, from where it is asked for", async () => {
  const vault = await make();
  const file = fileOf(await vault.inspect(), "t", "sub/deep/b");
  const bytes = encodeUtf8("t/sub/deep/b");
  assertEquals([file.digest, file.size], [encodeHex(await sha256Digest(bytes)), bytes.length]);
  assertEquals(await readAll(await vault.open(file, FROM_START)), bytes);
  const prefix = await sha256Digest(bytes.subarray(0, 4));
  assertEquals(await readAll(await vault.open(file, { offset: 4, prefix })), bytes.slice(4));
  const other = await vault.open(file, { offset: 4, prefix: await sha256Digest(bytes) });
  assertEquals([other?.offset, await readAll(other)], [0, bytes]);
});

Deno.test("MemoryVault.open knows no file of another vault, and keeps its own copy", async () => {
  const bytes = encodeUtf8("1");
  const [vault, other] = [await MemoryVault.from({ a: bytes }), await make()];
  bytes.fill(0);
  const { items: [file] } = vault.contentsOf(at("a"));
  assert(file?.kind === "file");
  assertEquals(await readAll(await vault.open(file, FROM_START)), encodeUtf8("1"));
  assertEquals(await other.open(file, FROM_START), null);
});
