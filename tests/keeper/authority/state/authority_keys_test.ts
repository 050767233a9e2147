import { AuthorityKeys } from "../../../../keeper/authority/state/authority_keys.ts";
import { StorageError } from "../../../../protocol/mod.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";
import { MemoryAuthorityStore, MemorySecrets } from "../authority_site.ts";

Deno.test("AuthorityKeys asks for the secret once, for all keys of an authority", async () => {
  const store = new MemoryAuthorityStore();
  const secrets = new MemorySecrets();
  const id = await new AuthorityKeys(secrets).createSecret();
  const keys = new AuthorityKeys(secrets);
  const place = { id, type: "Ed25519" } as const;
  const made = [await keys.make(store, place), await keys.make(store, place)];
  for (const { keyId } of made) await keys.open(store, keyId, place);
  assertEquals(secrets.reads, 1);
  assertEquals([...store.files.keys()], made.map(({ keyId }) => `key-${keyId}`));
});

Deno.test("AuthorityKeys refuses a secret that is none, without repeating it", async () => {
  const secrets = new MemorySecrets();
  secrets.secret = { id: "x", secret: "not-a-secret" };
  const error = await assertRejects(() => new AuthorityKeys(secrets).unlock("x"), StorageError);
  assertEquals([error.code, error.message.includes("not-a-secret")], ["state-malformed", false]);
});
