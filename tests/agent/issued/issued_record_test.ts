import type { IssuedNote } from "../../../agent/issued/issued_note.ts";
import { IssuedRecord } from "../../../agent/issued/issued_record.ts";
import type { DeclaredCertificate, Manifest } from "../../../protocol/manifest_entry.ts";
import { assertEquals } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";

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

/** A journal in memory; `saved` is what was written down, each time. */
function open(known: readonly IssuedNote[] = []) {
  const logger = new MemoryLogger();
  const saved: (readonly IssuedNote[])[] = [];
  const save = (notes: readonly IssuedNote[]) => Promise.resolve(void saved.push(notes));
  return { record: new IssuedRecord({ known, save }, { logger }), saved, logger };
}

Deno.test("IssuedRecord finds what was issued on the same terms, for the same signer and kind of key", async () => {
  const { record } = open();
  await record.keep(manifest("web"), { declaredBy: null, issued: [note("web")] });
  assertEquals(record.find(declared("web"), null), note("web"));
  assertEquals(record.find(declared("web"), "1key"), null);
  assertEquals(record.find(declared("mail"), null), null);
  assertEquals(record.find(declared("web", { terms: "ef".repeat(32) }), null), null);
  assertEquals(record.find(declared("web", { key: "P-384" }), null), null);
});

Deno.test("IssuedRecord forgets what the same signer declares no more, and all after a wipe", async () => {
  const { record } = open();
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

Deno.test("IssuedRecord writes down what is known, and nothing where nothing changed", async () => {
  const { record, saved } = open();
  await record.keep(manifest(), { declaredBy: null, issued: [] });
  assertEquals(saved, []);
  await record.keep(manifest("web"), { declaredBy: null, issued: [note("web")] });
  assertEquals(saved, [[note("web")]]);
  const again = open(saved[0]);
  assertEquals(again.record.find(declared("web"), null), note("web"));
  await again.record.keep(manifest("web"), { declaredBy: null, issued: [] });
  assertEquals(again.saved, []);
});

Deno.test("IssuedRecord goes on in memory where it cannot be written, and tries again", async () => {
  const logger = new MemoryLogger();
  const errors = [new Error("the disk is full")];
  const saved: (readonly IssuedNote[])[] = [];
  const save = (notes: readonly IssuedNote[]) => {
    const error = errors.pop();
    return error === undefined ? Promise.resolve(void saved.push(notes)) : Promise.reject(error);
  };
  const record = new IssuedRecord({ known: [], save }, { logger });
  await record.keep(manifest("web"), { declaredBy: null, issued: [note("web")] });
  assertEquals(record.find(declared("web"), null), note("web"));
  assertEquals(logger.events.map(({ level }) => level), ["warn"]);
  await record.keep(manifest("web"), { declaredBy: null, issued: [] });
  assertEquals(saved, [[note("web")]]);
});
