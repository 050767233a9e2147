import {
  OWNER_FILE_NAME,
  type PinnedOwner,
  readOwnerFile,
  writeOwnerFile,
} from "../../../../agent/disk/state/owner_file.ts";
import { StorageError } from "../../../../protocol/errors.ts";
import { assertEquals, assertMatch, assertRejects } from "../../../support/assert.ts";
import { temporaryFolder } from "../../../support/temporary_folder.ts";

const PINNED: PinnedOwner = {
  app: "shop",
  owner: "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM",
  since: "2030-01-01T00:00:00.000Z",
};

Deno.test("readOwnerFile reads what writeOwnerFile wrote for its owner alone", async () => {
  await using folder = await temporaryFolder();
  await writeOwnerFile(folder.path, { ...PINNED, app: "other" });
  await writeOwnerFile(folder.path, PINNED);
  assertEquals(await readOwnerFile(folder.path), PINNED);
  const { mode } = await Deno.stat(`${folder.path}/${OWNER_FILE_NAME}`);
  if (Deno.build.os !== "windows") assertEquals((mode ?? 0) & 0o777, 0o600);
});

Deno.test("readOwnerFile returns null where nothing is kept", async () => {
  await using folder = await temporaryFolder();
  assertEquals(await readOwnerFile(folder.path), null);
});

const DAMAGES: Readonly<Record<string, string>> = {
  "is empty": "",
  "is no JSON": "owner",
  "is null": "null",
  "has another version": JSON.stringify({ version: 2, ...PINNED }),
  "names no app": JSON.stringify({ version: 1, ...PINNED, app: null }),
  "names what is no address": JSON.stringify({ version: 1, ...PINNED, owner: "0x00" }),
  "does not say since when": JSON.stringify({ version: 1, app: "shop", owner: PINNED.owner }),
};

for (const [name, text] of Object.entries(DAMAGES)) {
  Deno.test(`readOwnerFile refuses a file that ${name}, and says what to do`, async () => {
    await using folder = await temporaryFolder();
    await Deno.writeTextFile(`${folder.path}/${OWNER_FILE_NAME}`, text);
    const run = () => readOwnerFile(folder.path);
    const error = await assertRejects(run, StorageError, "state-malformed");
    assertMatch(error.hint ?? "", /delete it to have the Flux network asked again/);
  });
}
