import { encodeUtf8 } from "../../protocol/bytes.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import { StorageError } from "../../protocol/errors.ts";
import { MemorySecretStore } from "../../protocol/memory_secret_store.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

const BYTES = encodeUtf8("secret");

Deno.test("MemorySecretStore puts a file in place at its commit and not before", async () => {
  const store = new MemorySecretStore();
  const staged = await store.stage("a");
  await staged.write(BYTES.slice(0, 2));
  const rest = BYTES.slice(2);
  await staged.write(rest);
  rest.fill(0);
  assertEquals([store.read("a"), await store.inspect("a")], [undefined, null]);
  assertEquals(await staged.commit(), "created");
  assertEquals(store.read("a"), BYTES);
  assertEquals(await store.inspect("a"), await sha256Digest(BYTES));
  const again = await store.stage("a");
  assertEquals(await again.commit(), "updated");
  assertEquals([store.read("a")?.length, store.paths().join()], [0, "a"]);
  await store.settle();
});

Deno.test("MemorySecretStore opens what is there for reading", async () => {
  const store = new MemorySecretStore();
  assertEquals(await store.open("a"), null);
  const staged = await store.stage("a");
  await staged.write(BYTES);
  assertEquals(await store.open("a"), null);
  await staged.commit();
  const pieces = await store.open("a");
  assertEquals(await Array.fromAsync(pieces ?? []), [BYTES]);
});

Deno.test("MemorySecretStore forgets what is discarded", async () => {
  const store = new MemorySecretStore();
  const staged = await store.stage("a");
  await staged.write(BYTES);
  await staged.discard();
  assertEquals(store.paths(), []);
});

Deno.test("MemorySecretStore makes folders, and removes them with all that is in them", async () => {
  const store = new MemorySecretStore();
  const entry = { kind: "folder", path: "d", mode: 0o700, strategy: "STRICT" } as const;
  await store.perform({ kind: "make", entry });
  await store.perform({ kind: "reown", entry });
  const staged = await store.stage("d/a");
  await staged.commit();
  assertEquals([store.folders(), store.paths()], [["d"], ["d/a"]]);
  await store.perform({ kind: "remove", path: "d", isInTheWay: false });
  assertEquals([store.folders(), store.paths()], [[], []]);
});

Deno.test("MemorySecretStore puts no file where a folder is, and no folder where a file is", async () => {
  const store = new MemorySecretStore();
  await (await store.stage("d/a")).commit();
  const staged = await store.stage("d");
  await assertRejects(() => staged.commit(), StorageError, "not-a-file");
  const entry = { kind: "folder", path: "d/a", mode: 0o700, strategy: "STRICT" } as const;
  await assertRejects(() => store.perform({ kind: "make", entry }), StorageError, "not-a-file");
  assertEquals(store.paths(), ["d/a"]);
});

Deno.test("MemorySecretStore refuses a path that is not well-formed", async () => {
  const store = new MemorySecretStore();
  await assertRejects(() => store.inspect("../a"), StorageError, "path-refused");
});

Deno.test("MemorySecretStore holds the last manifest alone", async () => {
  const store = new MemorySecretStore();
  assertEquals(await store.heldManifest(), null);
  for (const text of ["one", "two"]) {
    const bytes = encodeUtf8(text);
    const digest = await sha256Digest(bytes);
    const message = {
      ...{ state: "MANIFEST", id: 0, revision: 1, issued: 1, expires: 2 } as const,
      ...{ digest, size: 3, signature: null },
    };
    const manifest = { entries: [], hooks: [], isWipe: false };
    await store.keepManifest({ message, bytes, manifest, declaredBy: null });
    assertEquals((await store.heldManifest())?.bytes, bytes);
  }
});
