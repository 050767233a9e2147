import { join } from "node:path";
import {
  FOLDER_MARKS_FILE_NAME,
  FolderMarksFile,
} from "../../../keeper/vault/folder_marks_file.ts";
import { StorageError } from "../../../protocol/mod.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

const A = { dev: 1, isMount: false };
const B = { dev: 2, isMount: true };

Deno.test("FolderMarksFile keeps marks, and forgets those that it is told to forget", async () => {
  await using folder = await temporaryFolder();
  const state = join(folder.path, "state");
  const file = new FolderMarksFile(state);
  assertEquals(await file.load(), new Map());
  await file.merge(new Map([["/v/a", A], ["/v/b", B]]));
  await new FolderMarksFile(state).merge(new Map([["/v/a", null], ["/v/c", A]]));
  assertEquals(await file.load(), new Map([["/v/b", B], ["/v/c", A]]));
  if (Deno.build.os !== "windows") {
    assertEquals(((await Deno.stat(file.path)).mode ?? 0) & 0o777, 0o600);
  }
});

Deno.test("FolderMarksFile loses nothing where two write at once", async () => {
  await using folder = await temporaryFolder();
  const names = Array.from({ length: 8 }, (_, i) => `/v/${i}`);
  await Promise.all(
    names.map((name) => new FolderMarksFile(folder.path).merge(new Map([[name, A]]))),
  );
  assertEquals([...(await new FolderMarksFile(folder.path).load()).keys()].sort(), names);
});

const MALFORMED = [
  "{",
  "[]",
  '{"version":2,"folders":{}}',
  '{"version":1}',
  '{"version":1,"folders":{"/v":{"dev":1}}}',
  '{"version":1,"folders":{"/v":{"dev":"1","isMount":true}}}',
];

for (const text of MALFORMED) {
  Deno.test(`FolderMarksFile reads nothing from ${text}, and does not write over it`, async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, FOLDER_MARKS_FILE_NAME);
    await Deno.writeTextFile(path, text, { mode: 0o600 });
    const file = new FolderMarksFile(folder.path);
    await assertRejects(() => file.load(), StorageError, "state-malformed");
    await assertRejects(() => file.merge(new Map([["/v", A]])), StorageError, "state-malformed");
    assertEquals(await Deno.readTextFile(path), text);
  });
}
