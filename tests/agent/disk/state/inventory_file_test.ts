import { Inventory, MADE_FOLDER, settledFile } from "../../../../agent/disk/state/inventory.ts";
import {
  INVENTORY_FILE_NAME,
  readInventoryFile,
  writeInventoryFile,
} from "../../../../agent/disk/state/inventory_file.ts";
import { StorageError } from "../../../../protocol/errors.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";
import { temporaryFolder } from "../../../support/temporary_folder.ts";

function sample(): Inventory {
  const inventory = new Inventory();
  const digest = "ab".repeat(32);
  const file = settledFile(false, null);
  inventory.set("1key", "a", { holding: file });
  inventory.set("1key", "caf\u00e9/\u{1f511}", { holding: settledFile(true, 3_600) });
  inventory.set("1key", "p", { holding: { ...file, pending: [digest, digest] } });
  inventory.set("1key", "q", { holding: { ...file, mayBeFolder: true } });
  inventory.set("1key", "d", { holding: MADE_FOLDER });
  inventory.set(null, "a", { holding: file });
  inventory.addBesides("b");
  inventory.addBesides("e", "folder");
  return inventory;
}

function contentsOf(inventory: Inventory): unknown {
  return [
    inventory.declarers.map((declarer) => [declarer, [...inventory.of(declarer)]]),
    [...inventory.besides],
  ];
}

Deno.test("readInventoryFile reads what writeInventoryFile wrote", async () => {
  await using folder = await temporaryFolder();
  const inventory = sample();
  await writeInventoryFile(folder.path, inventory);
  const read = await readInventoryFile(folder.path);
  assertEquals(contentsOf(read), contentsOf(inventory));
  assertEquals(read.isDirty, false);
  const { mode } = await Deno.stat(`${folder.path}/${INVENTORY_FILE_NAME}`);
  if (Deno.build.os !== "windows") assertEquals((mode ?? 0) & 0o777, 0o600);
});

Deno.test("readInventoryFile knows nothing where nothing is kept", async () => {
  await using folder = await temporaryFolder();
  assertEquals(contentsOf(await readInventoryFile(folder.path)), [[], []]);
});

Deno.test("writeInventoryFile writes a line for each of many files, and lets others run", async () => {
  await using folder = await temporaryFolder();
  const inventory = new Inventory();
  for (let i = 0; i < 50_000; i++) {
    inventory.set(null, `folder-${i % 100}/file-${i}`, { holding: settledFile(false, null) });
  }
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  await writeInventoryFile(folder.path, inventory);
  clearInterval(timer);
  assertEquals(turns > 0, true);
  assertEquals((await readInventoryFile(folder.path)).of(null).size, 50_000);
});

const DAMAGES: Readonly<Record<string, (text: string) => string>> = {
  "that is cut off": (text) => text.slice(0, -1),
  "of another version": (text) => text.replace('"version":1', '"version":2'),
  "whose lines belong to nobody": (text) => text.replace('{"declaredBy":"1key"}\n', ""),
  "with a path that leads out": (text) => text.replace('"a"', '"../a"'),
  "with a wrong digest": (text) => text.replaceAll("ab", "AB"),
  "with a lease of no time": (text) => text.replace("3600", "0"),
  "with something else": (text) => text.replace('["folder","d"]', "7"),
  "that is no text": () => "\u0000\n",
};

for (const [what, damage] of Object.entries(DAMAGES)) {
  Deno.test(`readInventoryFile refuses a file ${what}`, async () => {
    await using folder = await temporaryFolder();
    await writeInventoryFile(folder.path, sample());
    const path = `${folder.path}/${INVENTORY_FILE_NAME}`;
    await Deno.writeTextFile(path, damage(await Deno.readTextFile(path)));
    await assertRejects(() => readInventoryFile(folder.path), StorageError, "state-malformed");
  });
}
