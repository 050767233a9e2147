import { ISSUED_FILE_NAME, openIssuedJournal } from "../../../agent/issued/issued_file.ts";
import type { IssuedNote } from "../../../agent/issued/issued_note.ts";
import { StorageError } from "../../../protocol/errors.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

const PART = { digest: "ab".repeat(32), size: 3 };
const NOTE: IssuedNote = {
  declaredBy: "1key",
  name: "web",
  key: "P-256",
  terms: "cd".repeat(32),
  renewAtMs: 1_767_225_600_000,
  parts: { key: PART, certificate: PART, chain: PART, root: PART },
};

Deno.test("openIssuedJournal reads what was saved before, which nobody else may read", async () => {
  await using folder = await temporaryFolder();
  const logger = new MemoryLogger();
  const journal = await openIssuedJournal(folder.path, logger);
  assertEquals(journal.known, []);
  const notes: readonly IssuedNote[] = [NOTE, { ...NOTE, declaredBy: null, key: "Ed25519" }];
  await journal.save(notes);
  assertEquals((await openIssuedJournal(folder.path, logger)).known, notes);
  const { mode } = await Deno.stat(`${folder.path}/${ISSUED_FILE_NAME}`);
  if (Deno.build.os !== "windows") assertEquals((mode ?? 0) & 0o777, 0o600);
  assertEquals(logger.events, []);
});

Deno.test("openIssuedJournal knows nothing of a file that it cannot read, and says so", async () => {
  await using folder = await temporaryFolder();
  const file = (note: unknown) => JSON.stringify({ version: 1, certificates: [note] });
  const { root: _root, ...lacking } = NOTE.parts;
  const bad = [
    ...["", "null", "[]", '{"version":2,"certificates":[]}', '{"version":1}'],
    ...[null, 1, {}, { ...NOTE, declaredBy: 1 }, { ...NOTE, name: "Web" }].map(file),
    ...[{ ...NOTE, key: "RSA" }, { ...NOTE, terms: "cd" }, { ...NOTE, renewAtMs: 0.5 }].map(file),
    ...[{ ...NOTE, parts: lacking }, { ...NOTE, parts: { ...NOTE.parts, key: null } }].map(file),
    file({ ...NOTE, parts: { ...NOTE.parts, key: { ...PART, digest: "x" } } }),
    file({ ...NOTE, parts: { ...NOTE.parts, key: { ...PART, size: "3" } } }),
  ];
  for (const text of bad) {
    await Deno.writeTextFile(`${folder.path}/${ISSUED_FILE_NAME}`, text);
    const logger = new MemoryLogger();
    assertEquals((await openIssuedJournal(folder.path, logger)).known, [], text);
    assertEquals(logger.events.map(({ level }) => level), ["warn"]);
  }
});

Deno.test("openIssuedJournal keeps nothing without a folder, and rejects where it cannot write", async () => {
  await using folder = await temporaryFolder();
  const logger = new MemoryLogger();
  await (await openIssuedJournal(null, logger)).save([NOTE]);
  const gone = await openIssuedJournal(`${folder.path}/gone`, logger);
  await assertRejects(() => gone.save([NOTE]), StorageError, "file-missing");
});
