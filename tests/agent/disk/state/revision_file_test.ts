import {
  readRevisionFile,
  REVISION_FILE_NAME,
  writeRevisionFile,
} from "../../../../agent/disk/state/revision_file.ts";
import { StorageError } from "../../../../protocol/errors.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";
import { temporaryFolder } from "../../../support/temporary_folder.ts";

const REVISIONS = [
  ["1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM", 1_893_456_000_000],
  ["1KoXq8mLxpNt3BSnNLq2HzKC39Ne2pVJtF", 0],
] as const;

Deno.test("readRevisionFile reads what writeRevisionFile wrote for its owner alone", async () => {
  await using folder = await temporaryFolder();
  await writeRevisionFile(folder.path, []);
  await writeRevisionFile(folder.path, REVISIONS);
  assertEquals(await readRevisionFile(folder.path), REVISIONS);
  const { mode } = await Deno.stat(`${folder.path}/${REVISION_FILE_NAME}`);
  if (Deno.build.os !== "windows") assertEquals((mode ?? 0) & 0o777, 0o600);
});

Deno.test("readRevisionFile reads as many signers as are remembered", async () => {
  await using folder = await temporaryFolder();
  const many = Array.from({ length: 64 }, (_, i) => [`1${"x".repeat(33)}`, i] as const);
  await writeRevisionFile(folder.path, many);
  assertEquals((await readRevisionFile(folder.path)).length, 64);
});

Deno.test("readRevisionFile returns nothing where nothing is kept", async () => {
  await using folder = await temporaryFolder();
  assertEquals(await readRevisionFile(folder.path), []);
});

const DAMAGES: Readonly<Record<string, unknown>> = {
  "has another version": { version: 2, revisions: [] },
  "has no list": { version: 1, revisions: {} },
  "has an entry that is none": { version: 1, revisions: [["1abc"]] },
  "has a revision that is no number": { version: 1, revisions: [["1abc", "1"]] },
  "has a revision below 0": { version: 1, revisions: [["1abc", -1]] },
  "has a revision that is no whole number": { version: 1, revisions: [["1abc", 1.5]] },
  "has too many signers": { version: 1, revisions: Array(65).fill(["1abc", 1]) },
  "is null": null,
};

for (const [name, json] of Object.entries(DAMAGES)) {
  Deno.test(`readRevisionFile refuses a file that ${name}`, async () => {
    await using folder = await temporaryFolder();
    await Deno.writeTextFile(`${folder.path}/${REVISION_FILE_NAME}`, JSON.stringify(json));
    await assertRejects(() => readRevisionFile(folder.path), StorageError, "state-malformed");
  });
}

Deno.test("readRevisionFile refuses a file that is no JSON", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/${REVISION_FILE_NAME}`, "");
  await assertRejects(() => readRevisionFile(folder.path), StorageError, "state-malformed");
});
