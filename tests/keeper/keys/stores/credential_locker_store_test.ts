import { CredentialLockerStore } from "../../../../keeper/keys/stores/credential_locker_store.ts";
import { StorageError } from "../../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";
import { KEY, PlayedCommands } from "../key_fixtures.ts";

const WIF_BASE64 = btoa(KEY.wif);

Deno.test("CredentialLockerStore hands every script to standard input, on one line", async () => {
  const commands = new PlayedCommands({}, { stdout: `${WIF_BASE64}\r\n` }, {}, {});
  const store = new CredentialLockerStore(commands.run);
  await store.write("keeper-key-x", KEY.wif, { label: "A key" });
  await store.remove("keeper-key-x");
  await store.isAvailable();
  for (const { command, args, input = "" } of commands.calls) {
    assertEquals([command, args.at(-1), input.indexOf("\n")], [
      "powershell",
      "-",
      input.length - 1,
    ]);
    assert(args.includes("-NoProfile") && args.includes("-NonInteractive"));
    assert(input.startsWith("$ErrorActionPreference = 'Stop'; try {"), input);
  }
});

Deno.test("CredentialLockerStore writes a secret as base64, and makes sure of it", async () => {
  const commands = new PlayedCommands({}, { stdout: WIF_BASE64 });
  await new CredentialLockerStore(commands.run).write("keeper-key-x", KEY.wif, { label: "" });
  const [write = "", read = ""] = commands.calls.map(({ input = "" }) => input);
  assert(write.includes(`FromBase64String('${WIF_BASE64}')`) && !write.includes(KEY.wif), write);
  assert(write.includes("PasswordCredential 'fluxvault', 'keeper-key-x', $secret"), write);
  assert(read.includes("$vault.Retrieve('fluxvault', 'keeper-key-x')"), read);
});

Deno.test("CredentialLockerStore reads a secret, and null where there is none", async () => {
  const commands = new PlayedCommands({ stdout: WIF_BASE64 }, { code: 44 });
  const store = new CredentialLockerStore(commands.run);
  assertEquals([await store.read("a"), await store.read("b")], [KEY.wif, null]);
});

Deno.test("CredentialLockerStore removes none where there is none", async () => {
  await new CredentialLockerStore(new PlayedCommands({ code: 44 }).run).remove("a");
});

Deno.test("CredentialLockerStore isAvailable is false where the locker cannot be opened", async () => {
  const late = new StorageError("io-failed", "powershell did not end within 60 s");
  const store = new CredentialLockerStore(new PlayedCommands({ code: 1 }, null, late).run);
  for (let i = 0; i < 3; i++) assertEquals(await store.isAvailable(), false);
});

Deno.test("CredentialLockerStore repeats nothing that PowerShell wrote", async () => {
  const refusal = { code: 1, stdout: KEY.wif, complaint: KEY.wif };
  const garbage = { stdout: `!${KEY.wif}!` };
  for (
    const act of [
      () => new CredentialLockerStore(new PlayedCommands(refusal).run).read("a"),
      () => new CredentialLockerStore(new PlayedCommands(garbage).run).read("a"),
      () => new CredentialLockerStore(new PlayedCommands(refusal).run).remove("a"),
      () =>
        new CredentialLockerStore(new PlayedCommands(refusal).run)
          .write("a", KEY.wif, { label: "x" }),
      () =>
        new CredentialLockerStore(new PlayedCommands({}, { stdout: btoa("another") }).run)
          .write("a", KEY.wif, { label: "x" }),
    ]
  ) {
    const error = await assertRejects(act, StorageError, "io-failed");
    assert(!error.message.includes(KEY.wif), error.message);
  }
});

Deno.test("CredentialLockerStore has what it finds, and asks for no password", async () => {
  const commands = new PlayedCommands({}, { code: 44 }, { code: 1 });
  const store = new CredentialLockerStore(commands.run);
  assertEquals([await store.has("a"), await store.has("b")], [true, false]);
  assert(!commands.calls[0]?.input?.includes("Password;"), commands.calls[0]?.input);
  await assertRejects(() => store.has("a"), StorageError, "io-failed");
});
