import { newDueHook, withChangedFiles } from "../../../agent/hooks/due_hook.ts";
import { openHookJournal } from "../../../agent/hooks/hooks_file.ts";
import { HOOKS_FILE_NAME } from "../../../agent/hooks/hooks_on_demand.ts";
import { assertEquals, assertMatch } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";
import { modeOf } from "../../support/site.ts";

const DUE = withChangedFiles(
  { ...newDueHook({ hook: "reload", declaredBy: null, state: "0a".repeat(32) }), attempts: 2 },
  ["tls/key.pem", 'a "quoted" name'],
);

Deno.test("openHookJournal reads what was saved before", async () => {
  await using folder = await temporaryFolder();
  const logger = new MemoryLogger();
  const journal = await openHookJournal(folder.path, logger);
  assertEquals(journal.known, []);
  const signed = { ...DUE, declaredBy: "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM", isCut: true };
  await journal.save([DUE, signed]);
  assertEquals((await openHookJournal(folder.path, logger)).known, [DUE, signed]);
  assertEquals(await modeOf(`${folder.path}/${HOOKS_FILE_NAME}`), 0o600);
  await journal.save([]);
  assertEquals((await openHookJournal(folder.path, logger)).known, []);
  assertEquals(logger.events, []);
});

Deno.test("openHookJournal keeps nothing where there is no folder", async () => {
  const journal = await openHookJournal(null, new MemoryLogger());
  await journal.save([DUE]);
  assertEquals(journal.known, []);
});

const SOUND = JSON.stringify({ version: 1, due: [DUE] });

const DAMAGED: Readonly<Record<string, string>> = {
  "nothing": "",
  "half of it": SOUND.slice(0, 40),
  "another version": SOUND.replace('"version":1', '"version":2'),
  "no list": '{"version":1,"due":{}}',
  "null": "null",
  "an entry that is none": '{"version":1,"due":[null]}',
  "no name of the change": SOUND.replace(DUE.changeId, "x"),
  "no state": SOUND.replace(DUE.state, "x"),
  "attempts below none": SOUND.replace('"attempts":2', '"attempts":-1'),
  "paths that are none": SOUND.replace('"tls/key.pem"', "7"),
};

for (const [name, text] of Object.entries(DAMAGED)) {
  Deno.test(`openHookJournal tells of a file with ${name} that what was due is lost`, async () => {
    await using folder = await temporaryFolder();
    await Deno.writeTextFile(`${folder.path}/${HOOKS_FILE_NAME}`, text);
    const logger = new MemoryLogger();
    assertEquals((await openHookJournal(folder.path, logger)).known, null);
    assertMatch(logger.messages("warn").join(), /^what hooks were due cannot be read/);
  });
}
