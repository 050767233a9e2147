import { SecretServiceStore } from "../../../../keeper/keys/stores/secret_service_store.ts";
import { StorageError } from "../../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";
import { KEY, PlayedCommands } from "../key_fixtures.ts";

const ATTRIBUTES = ["application", "fluxvault", "id", "keeper-key-x"];
const LATE = new StorageError("io-failed", "secret-tool did not end within 5 s");

Deno.test("SecretServiceStore writes the secret to standard input, and makes sure of it", async () => {
  const commands = new PlayedCommands({}, { stdout: `${KEY.wif}\n` });
  await new SecretServiceStore(commands.run).write("keeper-key-x", KEY.wif, { label: "A key" });
  assertEquals(commands.calls.map(({ command, args, input }) => [command, args, input]), [
    ["secret-tool", ["store", "--label=A key", ...ATTRIBUTES], KEY.wif],
    ["secret-tool", ["lookup", ...ATTRIBUTES], undefined],
  ]);
});

Deno.test("SecretServiceStore reads a secret, and null where there is none", async () => {
  const commands = new PlayedCommands({ stdout: `${KEY.wif}\n` }, { code: 1 }, {});
  const store = new SecretServiceStore(commands.run);
  assertEquals([await store.read("a"), await store.read("b")], [KEY.wif, null]);
});

Deno.test("SecretServiceStore removes a secret, and none", async () => {
  const commands = new PlayedCommands({}, { code: 1 }, {});
  const store = new SecretServiceStore(commands.run);
  await store.remove("keeper-key-x");
  await store.remove("keeper-key-x");
  assertEquals(commands.calls[1]?.args, ["clear", ...ATTRIBUTES]);
});

Deno.test("SecretServiceStore tells a secret that is locked from one that is missing", async () => {
  const listed = { stdout: "[/1]\nlabel = FluxVault\n" };
  const store = () => new SecretServiceStore(new PlayedCommands({ code: 1 }, listed).run);
  for (const act of [() => store().read("a"), () => store().remove("a")]) {
    const error = await assertRejects(act, StorageError, "io-failed");
    assert(error.message.includes("the store is locked"), error.message);
  }
});

for (
  const [what, result, isAvailable] of [
    ["that answers", { code: 1 }, true],
    ["that is not there", { code: 1, complaint: "Cannot autolaunch D-Bus" }, false],
    ["whose program is not there", null, false],
    ["that does not answer in time", LATE, false],
  ] as const
) {
  Deno.test(`SecretServiceStore isAvailable knows a service ${what}`, async () => {
    const commands = new PlayedCommands(result);
    assertEquals(await new SecretServiceStore(commands.run).isAvailable(), isAvailable);
    assertEquals(commands.calls[0]?.timeLimitMs, 5_000);
  });
}

Deno.test("SecretServiceStore says what the service complains of, never the secret", async () => {
  const refusal = { code: 1, complaint: "the collection is locked" };
  const store = () => new SecretServiceStore(new PlayedCommands(refusal).run);
  for (
    const act of [
      () => store().write("a", KEY.wif, { label: "x" }),
      () => store().read("a"),
      () => store().remove("a"),
    ]
  ) {
    const error = await assertRejects(act, StorageError, "io-failed");
    assert(error.message.includes("the collection is locked") && !error.message.includes(KEY.wif));
    assert(error.hint?.includes("--key-store file"));
  }
});

Deno.test("SecretServiceStore write rejects where the service does not give the secret back", async () => {
  const commands = new PlayedCommands({}, { stdout: "another" });
  const store = new SecretServiceStore(commands.run);
  await assertRejects(() => store.write("a", KEY.wif, { label: "x" }), StorageError, "io-failed");
});

Deno.test("SecretServiceStore has what it lists, and unlocks nothing for it", async () => {
  const commands = new PlayedCommands({ stdout: "[/1]\n" }, {});
  const store = new SecretServiceStore(commands.run);
  assertEquals([await store.has("keeper-key-x"), await store.has("keeper-key-x")], [true, false]);
  assertEquals(commands.calls[0]?.args, ["search", ...ATTRIBUTES]);
});
