import { IDENTITY_FILE_NAME, loadIdentity, readIdentity } from "../../agent/identity_file.ts";
import { StorageError } from "../../protocol/errors.ts";
import { signTranscript, verifyIdentityProof } from "../../protocol/identity.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { listTree, temporaryFolder } from "../support/temporary_folder.ts";

const UNIX = Deno.build.os !== "windows";

Deno.test("loadIdentity makes an identity once and finds it again", async () => {
  await using folder = await temporaryFolder();
  assertEquals(await readIdentity(folder.path), null);
  const first = await loadIdentity(folder.path);
  assertEquals([first.isNew, first.problem], [true, null]);
  assertMatch(first.fingerprint, /^SHA256:[A-Za-z0-9_-]{43}$/);
  const second = await loadIdentity(folder.path);
  assertEquals([second.isNew, second.fingerprint], [false, first.fingerprint]);
  const transcript = new Uint8Array(32);
  const { publicKey } = first.identity;
  const signature = await signTranscript(second.identity, transcript);
  await verifyIdentityProof({ publicKey, signature }, transcript);
});

Deno.test("loadIdentity keeps the file from everybody but its owner", {
  ignore: !UNIX,
}, async () => {
  await using folder = await temporaryFolder();
  await loadIdentity(folder.path);
  const { mode } = await Deno.stat(`${folder.path}/${IDENTITY_FILE_NAME}`);
  assertEquals((mode ?? 0) & 0o777, 0o600);
});

Deno.test("loadIdentity keeps a new identity in memory where there is no folder", async () => {
  const { identity, isNew, problem } = await loadIdentity(null);
  assertEquals([identity.publicKey.length, isNew], [32, true]);
  assert(problem instanceof StorageError);
});

Deno.test("loadIdentity keeps a new identity in memory where it cannot be written", async () => {
  await using folder = await temporaryFolder();
  const { isNew, problem } = await loadIdentity(`${folder.path}/missing`);
  assertEquals([isNew, problem?.code], [true, "file-missing"]);
});

const SOUND = { version: 1, algorithm: "Ed25519", seed: "00".repeat(32) };
const MALFORMED: Readonly<Record<string, string>> = {
  "is empty": "",
  "is no JSON": "seed",
  "is null": "null",
  "has another version": JSON.stringify({ ...SOUND, version: 2 }),
  "has another algorithm": JSON.stringify({ ...SOUND, algorithm: "RSA" }),
  "has a short seed": JSON.stringify({ ...SOUND, seed: "00".repeat(31) }),
  "has a seed in upper case": JSON.stringify({ ...SOUND, seed: "AB".repeat(32) }),
  "has no seed": JSON.stringify({ ...SOUND, seed: undefined }),
};

for (const [name, text] of Object.entries(MALFORMED)) {
  Deno.test(`loadIdentity refuses a file that ${name}, and leaves it as it is`, async () => {
    await using folder = await temporaryFolder();
    const path = `${folder.path}/${IDENTITY_FILE_NAME}`;
    await Deno.writeTextFile(path, text, { mode: 0o600 });
    const error = await assertRejects(
      () => loadIdentity(folder.path),
      StorageError,
      "state-malformed",
    );
    assertMatch(error.hint ?? "", /Restore it/);
    assertEquals(await listTree(folder.path), [`${IDENTITY_FILE_NAME} 600 ${text}`]);
  });
}

Deno.test("loadIdentity refuses a file that others can read, and says what to do", {
  ignore: !UNIX,
}, async () => {
  await using folder = await temporaryFolder();
  await loadIdentity(folder.path);
  for (const mode of [0o640, 0o604, 0o620]) {
    await Deno.chmod(`${folder.path}/${IDENTITY_FILE_NAME}`, mode);
    const error = await assertRejects(
      () => loadIdentity(folder.path),
      StorageError,
      "state-malformed",
    );
    assertMatch(error.hint ?? "", /chmod 600/);
  }
});

Deno.test("loadIdentity follows no link to an identity", { ignore: !UNIX }, async () => {
  await using folder = await temporaryFolder();
  await Deno.symlink("elsewhere", `${folder.path}/${IDENTITY_FILE_NAME}`);
  await assertRejects(() => loadIdentity(folder.path), StorageError, "state-malformed");
});
