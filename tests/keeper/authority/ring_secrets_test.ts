import { RingSecrets } from "../../../keeper/authority/ring_secrets.ts";
import { KeyRing } from "../../../keeper/keys/key_ring.ts";
import { ConfigError, StorageError } from "../../../protocol/mod.ts";
import { fixedEnvironment } from "../../../protocol/host/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";
import { MemoryKeyIndex, MemoryKeyStore, NOW_MS } from "../keys/key_fixtures.ts";

function makeSecrets(variables: Record<string, string> = {}) {
  const index = new MemoryKeyIndex();
  const file = new MemoryKeyStore("file");
  const system = new MemoryKeyStore("system");
  system.isThere = false;
  const note = () => Promise.resolve();
  const ring = new KeyRing({ index, system, file, note, now: () => NOW_MS });
  const options = { env: fixedEnvironment(variables), choice: "auto" as const };
  return { secrets: new RingSecrets(ring, options), file, index };
}

Deno.test("RingSecrets keeps a secret where other secrets of the keeper are", async () => {
  const { secrets, file, index } = makeSecrets();
  const { id, secret } = await secrets.create();
  assert(/^[0-9a-f]{16}$/.test(id) && secret.length === 43);
  assertEquals(await secrets.read(id), secret);
  assertEquals(file.secrets.get(`authority-${id}`), secret);
  assertEquals(file.labels, [`FluxVault: the secret of the certificate authority ${id}`]);
  assertEquals(index.entries, [
    { kind: "authority", name: id, store: "file", createdMs: NOW_MS },
  ]);
});

Deno.test("RingSecrets takes a secret that an attempt before left", async () => {
  const { secrets, index } = makeSecrets();
  const first = await secrets.create();
  assertEquals(await secrets.create(), first);
  assertEquals(index.entries.length, 1);
});

Deno.test("RingSecrets takes a credential of the service before all", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/fluxvault-authority`;
  await Deno.writeTextFile(path, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n");
  const { secrets, file, index } = makeSecrets({ CREDENTIALS_DIRECTORY: folder.path });
  assertEquals(
    await secrets.read("0123456789abcdef"),
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
  );
  const { id, secret } = await secrets.create();
  assertEquals(secret, await secrets.read(id));
  assertEquals([file.readCount, index.entries], [0, []]);
});

Deno.test("RingSecrets says how a secret that is missing comes back", async () => {
  const { secrets, file } = makeSecrets();
  const error = await assertRejects(() => secrets.read("0123456789abcdef"), ConfigError);
  assert(error.hint?.includes("fluxvault-authority"), error.hint);
  const { id } = await secrets.create();
  file.secrets.clear();
  const gone = await assertRejects(() => secrets.read(id), StorageError);
  assert(gone.code === "file-missing" && gone.hint?.includes("backup") === true, gone.hint);
});

Deno.test("RingSecrets refuses a store that forgets what it was given", async () => {
  const { secrets, file } = makeSecrets();
  file.write = () => Promise.resolve();
  await assertRejects(() => secrets.create(), StorageError);
});
