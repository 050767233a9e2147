import { EncryptedFileStore } from "../../../../keeper/keys/stores/encrypted_file_store.ts";
import { ConfigError, StorageError } from "../../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";
import { listTree, temporaryFolder } from "../../../support/temporary_folder.ts";
import { KEY, QUICK } from "../key_fixtures.ts";

function open(folder: string, passphrase = "correct horse") {
  const asked: boolean[] = [];
  const store = new EncryptedFileStore(`${folder}/state`, {
    passphrase({ isNew }) {
      asked.push(isNew);
      return Promise.resolve(passphrase);
    },
    cost: QUICK,
  });
  return { store, asked };
}

Deno.test("EncryptedFileStore gives back what it was given, from files of their owner alone", async () => {
  await using folder = await temporaryFolder();
  await open(folder.path).store.write("keeper-key-x", KEY.wif);
  const tree = await listTree(folder.path);
  const [stateFolder, keysFolder, file] = tree;
  assertEquals([stateFolder, keysFolder, tree.length], ["state/ 700", "state/keys/ 700", 3]);
  assert(file?.startsWith("state/keys/keeper-key-x.json 600 {") && !file.includes(KEY.wif), file);
  assertEquals(await open(folder.path).store.read("keeper-key-x"), KEY.wif);
});

Deno.test("EncryptedFileStore asks for a new passphrase with the first file alone", async () => {
  await using folder = await temporaryFolder();
  const first = open(folder.path);
  await first.store.write("a", "one");
  const second = open(folder.path);
  await second.store.write("b", "two");
  assertEquals([first.asked[0], second.asked.includes(true)], [true, false]);
});

Deno.test("EncryptedFileStore write refuses a second passphrase", async () => {
  await using folder = await temporaryFolder();
  await open(folder.path).store.write("a", "one");
  const other = open(folder.path, "another horse").store;
  await assertRejects(() => other.write("b", "two"), ConfigError);
  await assertRejects(() => other.write("a", "two"), ConfigError);
  assertEquals(await open(folder.path).store.read("b"), null);
  assertEquals(await open(folder.path).store.read("a"), "one");
});

Deno.test("EncryptedFileStore read rejects for another passphrase and loses nothing", async () => {
  await using folder = await temporaryFolder();
  await open(folder.path).store.write("a", KEY.wif);
  const before = await listTree(folder.path);
  const error = await assertRejects(
    () => open(folder.path, "another horse").store.read("a"),
    ConfigError,
  );
  assert(error.message.includes(`${folder.path}/state/keys/a.json`), error.message);
  assertEquals(await listTree(folder.path), before);
});

Deno.test("EncryptedFileStore asks nothing for a file that is missing, damaged, or another's", async () => {
  await using folder = await temporaryFolder();
  await open(folder.path).store.write("a", KEY.wif);
  const keys = `${folder.path}/state/keys`;
  await Deno.copyFile(`${keys}/a.json`, `${keys}/b.json`);
  await Deno.writeTextFile(`${keys}/c.json`, "{}");
  await Deno.writeTextFile(`${keys}/d.json`, " ".repeat(16_385));
  const { store, asked } = open(folder.path);
  assertEquals(await store.read("missing"), null);
  await assertRejects(() => store.read("b"), StorageError, "state-malformed");
  const error = await assertRejects(() => store.read("c"), StorageError, "state-malformed");
  assert(error.message.startsWith(`${keys}/c.json: `) && error.hint !== undefined, error.message);
  await assertRejects(() => store.read("d"), StorageError, "io-failed");
  assertEquals(asked, []);
});

Deno.test("EncryptedFileStore removes a secret, and none", async () => {
  await using folder = await temporaryFolder();
  const { store } = open(folder.path);
  await store.write("a", "one");
  await store.remove("a");
  await store.remove("a");
  assertEquals(await store.read("a"), null);
});

Deno.test("EncryptedFileStore removes with a secret what was left half-written of any", async () => {
  await using folder = await temporaryFolder();
  const { store } = open(folder.path);
  await store.write("a", "one");
  await Deno.writeTextFile(`${folder.path}/state/keys/.0123456789abcdef.fluxvault-tmp`, "{");
  await store.remove("a");
  assertEquals(await listTree(folder.path), ["state/ 700", "state/keys/ 700"]);
});

Deno.test("EncryptedFileStore never leaves its folder", async () => {
  await using folder = await temporaryFolder();
  const { store } = open(folder.path);
  await assertRejects(() => store.read("../a"), RangeError);
  await assertRejects(() => store.write("../a", "x"), RangeError);
  await assertRejects(() => store.remove("../a"), RangeError);
});

Deno.test("EncryptedFileStore is always there, and says where", async () => {
  const { store } = open("/x");
  assertEquals(await store.isAvailable(), true);
  assertEquals(store.where("a"), "the encrypted file /x/state/keys/a.json");
});

Deno.test("EncryptedFileStore has a secret without asking for its passphrase", async () => {
  await using folder = await temporaryFolder();
  await open(folder.path).store.write("a", "one");
  const { store, asked } = open(folder.path);
  assertEquals([await store.has("a"), await store.has("b"), asked], [true, false, []]);
});
