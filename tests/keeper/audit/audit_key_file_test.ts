import {
  AUDIT_KEY_FILE_NAME,
  openAuditKey,
  openContentsFingerprint,
} from "../../../keeper/audit/audit_key_file.ts";
import { createContentsFingerprint } from "../../../keeper/audit/mod.ts";
import { randomBytes, StorageError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

Deno.test("openAuditKey makes one key and keeps to it", async () => {
  await using folder = await temporaryFolder();
  const key = await openAuditKey(folder.path);
  assertEquals(key.length, 32);
  assertEquals(await openAuditKey(folder.path), key);
});

Deno.test("openAuditKey refuses a file that is not as it was written", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/${AUDIT_KEY_FILE_NAME}`, "00\n");
  await assertRejects(() => openAuditKey(folder.path), StorageError, "state-malformed");
});

Deno.test("openContentsFingerprint makes the fingerprints of createContentsFingerprint", async () => {
  await using folder = await temporaryFolder();
  const fingerprint = await openContentsFingerprint(folder.path);
  const expected = await createContentsFingerprint(await openAuditKey(folder.path));
  for (let i = 0; i < 100; i++) {
    const digest = randomBytes(32);
    assertEquals(await fingerprint(digest), await expected(digest));
  }
  assert((await fingerprint(randomBytes(32))) !== await fingerprint(randomBytes(32)));
});
