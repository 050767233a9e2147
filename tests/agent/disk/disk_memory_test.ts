import { DiskMemory } from "../../../agent/disk/disk_memory.ts";
import { Findings } from "../../../agent/disk/survey/findings.ts";
import { INVENTORY_FILE_NAME } from "../../../agent/disk/state/inventory_file.ts";
import { LEASE_FILE_NAME } from "../../../agent/disk/state/lease_file.ts";
import { assertEquals, assertMatch } from "../../support/assert.ts";
import { fileEntry } from "../../support/disk_delivery.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

async function found(...paths: readonly string[]): Promise<Findings> {
  const findings = new Findings([{ folder: "/srv/files", prefix: "" }], null);
  for (const path of paths) findings.tree.plant(await fileEntry(path, path));
  return findings;
}

async function open(stateFolder: string | null, logger = new MemoryLogger()): Promise<DiskMemory> {
  return await DiskMemory.open({ stateFolder, logger });
}

Deno.test("DiskMemory remembers what is brought before it comes, and for good once it is there", async () => {
  await using folder = await temporaryFolder();
  const memory = await open(folder.path);
  const findings = await found("d/new", "d/same");
  const names = ["d/new", "d/same", "d/gone"];
  const entries = await Promise.all(names.map((name) => fileEntry(name, name)));
  const [first] = entries;
  if (first !== undefined) findings.bring(first, { isThere: false });
  findings.noteMissing("d");
  await memory.begin("1key", entries, { findings });
  const pendingOf = async () => {
    const { inventory } = await open(folder.path);
    return [...inventory.of("1key")].map(([path, { pending }]) => [path, pending.length]);
  };
  assertEquals(await pendingOf(), [["d/new", 1], ["d/same", 0], ["d/gone", 0], ["d", 0]]);
  const ended = { declarer: "1key", isWipe: false, findings };
  await memory.end({ ...ended, removed: [] });
  assertEquals((await pendingOf())[0], ["d/new", 1], "it did not come");
  findings.unconfirmed.delete("d/new");
  // What was in the way of a declared file is gone, and not the file.
  await memory.end({ ...ended, removed: ["d/same", "d/gone"] });
  assertEquals(await pendingOf(), [["d/new", 0], ["d/same", 0], ["d", 0]]);
});

Deno.test("DiskMemory takes all for pending where nothing was looked at", async () => {
  const memory = await open(null);
  await memory.begin(null, [await fileEntry("a", "1")], { findings: null });
  assertEquals(memory.inventory.of(null).get("a")?.pending.length, 1);
});

Deno.test("DiskMemory forgets what others declared only after a wipe", async () => {
  const memory = await open(null);
  const findings = await found();
  for (const declarer of ["1first", "1second"]) {
    await memory.begin(declarer, [await fileEntry("a", "1")], { findings });
  }
  await memory.end({ declarer: "1first", isWipe: false, findings, removed: ["a"] });
  assertEquals(memory.inventory.declarers, ["1second"]);
  await memory.end({ declarer: "1first", isWipe: true, findings, removed: ["a"] });
  assertEquals(memory.inventory.declarers, []);
});

Deno.test("DiskMemory starts with nothing where what was kept cannot be read, and says so", async () => {
  await using folder = await temporaryFolder();
  for (const name of [INVENTORY_FILE_NAME, LEASE_FILE_NAME]) {
    await Deno.writeTextFile(`${folder.path}/${name}`, "damaged");
  }
  const logger = new MemoryLogger();
  const memory = await open(folder.path, logger);
  assertEquals(memory.inventory.declarers, []);
  assertEquals(logger.messages("warn").length, 2);
});

Deno.test("DiskMemory says once that it cannot write, and writes when it can", async () => {
  await using folder = await temporaryFolder();
  const state = `${folder.path}/state`;
  const logger = new MemoryLogger();
  const memory = await open(state, logger);
  for (const path of ["a", "b"]) {
    await memory.begin(null, [await fileEntry(path, path)], { findings: null });
  }
  assertEquals(logger.messages("warn").length, 1);
  assertMatch(logger.messages("warn").join(), /in memory only/);
  await Deno.mkdir(state);
  await memory.save();
  assertEquals([...(await open(state)).inventory.of(null).keys()], ["a", "b"]);
});
