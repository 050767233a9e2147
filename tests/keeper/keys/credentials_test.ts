import { readCredential } from "../../../keeper/keys/credentials.ts";
import { ConfigError, StorageError } from "../../../protocol/mod.ts";
import { fixedEnvironment } from "../../../protocol/host/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

Deno.test("readCredential gives one line without its end", async () => {
  await using folder = await temporaryFolder();
  const env = fixedEnvironment({ CREDENTIALS_DIRECTORY: folder.path });
  await Deno.writeTextFile(`${folder.path}/a`, "hunter2\n");
  await Deno.writeTextFile(`${folder.path}/b`, "hunter2");
  assertEquals([await readCredential(env, "a"), await readCredential(env, "b")], [
    "hunter2",
    "hunter2",
  ]);
});

Deno.test("readCredential is null without a folder, in a relative one, and without a file", async () => {
  await using folder = await temporaryFolder();
  for (const path of [undefined, "", "credentials", folder.path]) {
    const env = fixedEnvironment(path === undefined ? {} : { CREDENTIALS_DIRECTORY: path });
    assertEquals(await readCredential(env, "a"), null);
  }
});

for (const text of ["", "\n", "hunter2\nmore\n", "\xff"]) {
  Deno.test(`readCredential refuses ${JSON.stringify(text)} without repeating it`, async () => {
    await using folder = await temporaryFolder();
    const env = fixedEnvironment({ CREDENTIALS_DIRECTORY: folder.path });
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    await Deno.writeFile(`${folder.path}/a`, bytes);
    const error = await assertRejects(() => readCredential(env, "a"), ConfigError);
    assert(!error.message.includes("hunter2") && error.source === `${folder.path}/a`);
  });
}

Deno.test("readCredential refuses a file that is too large", async () => {
  await using folder = await temporaryFolder();
  const env = fixedEnvironment({ CREDENTIALS_DIRECTORY: folder.path });
  await Deno.writeTextFile(`${folder.path}/a`, "x".repeat(4_097));
  await assertRejects(() => readCredential(env, "a"), StorageError, "io-failed");
});
