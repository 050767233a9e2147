import { KeychainStore, quoteForSecurity } from "../../../../keeper/keys/stores/keychain_store.ts";
import { StorageError } from "../../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../../support/assert.ts";
import { KEY, PlayedCommands } from "../key_fixtures.ts";

const ITEM = ["-s", "fluxvault", "-a", "keeper-key-x"];

Deno.test("KeychainStore writes by standard input alone, and makes sure of it", async () => {
  const commands = new PlayedCommands({}, { stdout: `${KEY.wif}\n` });
  await new KeychainStore(commands.run).write("keeper-key-x", KEY.wif, { label: 'My "key"' });
  const [write, read] = commands.calls;
  assertEquals([write?.command, write?.args], ["security", ["-i"]]);
  assertEquals(
    write?.input,
    '"add-generic-password" "-U" "-s" "fluxvault" "-a" "keeper-key-x" "-l" "My \\"key\\"" ' +
      `"-w" "${KEY.wif}"\n`,
  );
  assertEquals(read?.args, ["find-generic-password", ...ITEM, "-w"]);
});

Deno.test("KeychainStore reads a secret, and null where there is none", async () => {
  const commands = new PlayedCommands({ stdout: `${KEY.wif}\n` }, { code: 44 });
  const store = new KeychainStore(commands.run);
  assertEquals([await store.read("a"), await store.read("b")], [KEY.wif, null]);
});

Deno.test("KeychainStore removes a secret, and none", async () => {
  const commands = new PlayedCommands({}, { code: 44 });
  const store = new KeychainStore(commands.run);
  await store.remove("keeper-key-x");
  await store.remove("keeper-key-x");
  assertEquals(commands.calls[1]?.args, ["delete-generic-password", ...ITEM]);
});

Deno.test("KeychainStore isAvailable asks for the default keychain", async () => {
  const late = new StorageError("io-failed", "security did not end within 5 s");
  const commands = new PlayedCommands({}, { code: 1 }, null, late);
  const store = new KeychainStore(commands.run);
  const answers = [];
  for (let i = 0; i < 4; i++) answers.push(await store.isAvailable());
  assertEquals(answers, [true, false, false, false]);
  assertEquals(commands.calls[0]?.args, ["default-keychain"]);
});

Deno.test("KeychainStore repeats nothing that security wrote", async () => {
  const refusal = { code: 1, stdout: KEY.wif, complaint: KEY.wif };
  for (
    const act of [
      (store: KeychainStore) => store.write("a", "another", { label: "x" }),
      (store: KeychainStore) => store.read("a"),
      (store: KeychainStore) => store.remove("a"),
    ]
  ) {
    const store = new KeychainStore(new PlayedCommands(refusal, refusal).run);
    const error = await assertRejects(() => act(store), StorageError, "io-failed");
    assert(!error.message.includes(KEY.wif) && error.message.includes("status 1"), error.message);
  }
});

Deno.test("quoteForSecurity lets no word end before its end", () => {
  assertEquals(quoteForSecurity(`a "b" \\ 'c'`), `"a \\"b\\" \\\\ 'c'"`);
  assertThrows(() => quoteForSecurity("a\ndelete-keychain"), RangeError);
});

Deno.test("KeychainStore has what it lists, and asks for no secret", async () => {
  const commands = new PlayedCommands({}, { code: 44 }, { code: 1 });
  const store = new KeychainStore(commands.run);
  assertEquals([await store.has("keeper-key-x"), await store.has("keeper-key-x")], [true, false]);
  assertEquals(commands.calls[0]?.args, ["find-generic-password", ...ITEM]);
  await assertRejects(() => store.has("keeper-key-x"), StorageError, "io-failed");
});
