import { ISSUED_FILE_NAME } from "../../../agent/issued/issued_file.ts";
import type { IssuedNote } from "../../../agent/issued/issued_note.ts";
import { IssuedRecord } from "../../../agent/issued/issued_record.ts";
import type { DeclaredCertificate, Manifest } from "../../../protocol/manifest_entry.ts";
import { assertEquals } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

const PART = { digest: "ab".repeat(32), size: 3 };

function declared(name: string, more: Partial<DeclaredCertificate> = {}): DeclaredCertificate {
  return { name, key: "P-256", terms: "cd".repeat(32), ...more };
}

function note(name: string, more: Partial<IssuedNote> = {}): IssuedNote {
  const parts = { key: PART, certificate: PART, chain: PART, root: PART };
  return { declaredBy: null, ...declared(name), renewAtMs: 5, parts, ...more };
}

function manifest(...names: readonly string[]): Manifest {
  return {
    entries: [],
    hooks: [],
    certificates: names.map((name) => declared(name)),
    isWipe: false,
  };
}

function open(stateFolder: string | null = null, logger = new MemoryLogger()) {
  return IssuedRecord.open({ stateFolder, logger });
}

Deno.test("IssuedRecord finds what was issued on the same terms, for the same signer and kind of key", async () => {
  const record = await open();
  await record.keep(manifest("web"), { declaredBy: null, issued: [note("web")] });
  assertEquals(record.find(declared("web"), null), note("web"));
  assertEquals(record.find(declared("web"), "1key"), null);
  assertEquals(record.find(declared("mail"), null), null);
  assertEquals(record.find(declared("web", { terms: "ef".repeat(32) }), null), null);
  assertEquals(record.find(declared("web", { key: "P-384" }), null), null);
});

Deno.test("IssuedRecord forgets what the same signer declares no more, and all after a wipe", async () => {
  const record = await open();
  const other = note("web", { declaredBy: "1key" });
  await record.keep(manifest("web"), { declaredBy: "1key", issued: [other] });
  await record.keep(manifest("web", "mail"), {
    declaredBy: null,
    issued: [note("web"), note("mail")],
  });
  await record.keep(manifest("mail"), { declaredBy: null, issued: [] });
  assertEquals(record.find(declared("web"), null), null);
  assertEquals(record.find(declared("mail"), null), note("mail"));
  assertEquals(record.find(declared("web"), "1key"), other);
  await record.keep({ entries: [], hooks: [], isWipe: true }, { declaredBy: null, issued: [] });
  assertEquals([record.find(declared("mail"), null), record.find(declared("web"), "1key")], [
    null,
    null,
  ]);
});

Deno.test("IssuedRecord outlasts a restart, and writes nothing where nothing changed", async () => {
  await using folder = await temporaryFolder();
  const record = await open(folder.path);
  const path = `${folder.path}/${ISSUED_FILE_NAME}`;
  await record.keep(manifest(), { declaredBy: null, issued: [] });
  assertEquals(await Deno.stat(path).catch(() => null), null);
  await record.keep(manifest("web"), { declaredBy: null, issued: [note("web")] });
  const again = await open(folder.path);
  assertEquals(again.find(declared("web"), null), note("web"));
  await Deno.remove(path);
  await again.keep(manifest("web"), { declaredBy: null, issued: [] });
  assertEquals(await Deno.stat(path).catch(() => null), null);
});

Deno.test("IssuedRecord begins anew where its file is damaged, and says so", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/${ISSUED_FILE_NAME}`, "{}");
  const logger = new MemoryLogger();
  const record = await open(folder.path, logger);
  assertEquals(record.find(declared("web"), null), null);
  assertEquals(logger.events.map(({ level }) => level), ["warn"]);
});

Deno.test("IssuedRecord goes on in memory where it cannot be written", async () => {
  await using folder = await temporaryFolder();
  const logger = new MemoryLogger();
  const record = await open(`${folder.path}/gone`, logger);
  await record.keep(manifest("web"), { declaredBy: null, issued: [note("web")] });
  assertEquals(record.find(declared("web"), null), note("web"));
  assertEquals(logger.events.map(({ level }) => level), ["warn"]);
});
