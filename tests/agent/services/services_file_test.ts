import { openServiceJournal, SERVICES_FILE_NAME } from "../../../agent/services/services_file.ts";
import { SILENT_LOGGER } from "../../../protocol/mod.ts";
import { assertEquals } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

const RUNNING = {
  ...{ service: "web", run: "ab".repeat(16), pid: 42, start: "1234" },
  ...{ stopSignal: "SIGTERM", stopTimeoutS: 10 },
};

Deno.test("openServiceJournal remembers what runs, in a file for its owner alone", async () => {
  await using folder = await temporaryFolder();
  const first = await openServiceJournal(folder.path, SILENT_LOGGER);
  assertEquals(first.known, []);
  const starting = { ...RUNNING, run: "cd".repeat(16), pid: null, start: null };
  await first.save([RUNNING, starting]);
  const second = await openServiceJournal(folder.path, SILENT_LOGGER);
  assertEquals(second.known, [RUNNING, starting]);
  if (Deno.build.os === "windows") return;
  const { mode } = await Deno.stat(`${folder.path}/${SERVICES_FILE_NAME}`);
  assertEquals((mode ?? 0) & 0o777, 0o600);
});

Deno.test("openServiceJournal keeps all in memory without a folder", async () => {
  const journal = await openServiceJournal(null, SILENT_LOGGER);
  await journal.save([RUNNING]);
  assertEquals(journal.known, []);
});

for (
  const [what, text] of [
    ["no JSON", "{"],
    ["of another version", '{"version":2,"running":[]}'],
    [
      "a number that is the first's",
      JSON.stringify({ version: 1, running: [{ ...RUNNING, pid: 1 }] }),
    ],
    ["a negative number", JSON.stringify({ version: 1, running: [{ ...RUNNING, pid: -5 }] })],
    ["a run that is none", JSON.stringify({ version: 1, running: [{ ...RUNNING, run: "" }] })],
    [
      "endless patience",
      JSON.stringify({ version: 1, running: [{ ...RUNNING, stopTimeoutS: 9e9 }] }),
    ],
  ] as const
) {
  Deno.test(`openServiceJournal says of a damaged file that it cannot be read: ${what}`, async () => {
    await using folder = await temporaryFolder();
    await Deno.writeTextFile(`${folder.path}/${SERVICES_FILE_NAME}`, text);
    const logger = new MemoryLogger();
    assertEquals((await openServiceJournal(folder.path, logger)).known, []);
    assertEquals(logger.events.length, 1);
  });
}
