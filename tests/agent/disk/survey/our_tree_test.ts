import { FileDigests } from "../../../../agent/disk/files/file_digests.ts";
import { type Holding, MADE_FOLDER, settledFile } from "../../../../agent/disk/state/inventory.ts";
import { isOurFile, isWhollyOurs } from "../../../../agent/disk/survey/our_tree.ts";
import { assertEquals } from "../../../support/assert.ts";
import { fileEntry } from "../../../support/disk_delivery.ts";
import { temporaryFolder } from "../../../support/temporary_folder.ts";
import { evalWithout, missingForNoChown } from "../../../support/without_chown.ts";

const OUR_TREE = import.meta.resolve("../../../../agent/disk/survey/our_tree.ts");
const FILE = settledFile(false, null);

Deno.test("isWhollyOurs knows a tree in which all was put by the agent", async () => {
  await using folder = await temporaryFolder();
  const at = `${folder.path}/d`;
  await Deno.mkdir(`${at}/e`, { recursive: true });
  await Deno.writeTextFile(`${at}/a`, "a");
  await Deno.writeTextFile(`${at}/e/b`, "b");
  const all: [string, Holding][] = [["d", MADE_FOLDER], ["d/e", MADE_FOLDER], ["d/a", FILE]];
  const ask = async (holdings: [string, Holding][]) => {
    const parts = { holdings: new Map(holdings), digests: new FileDigests() };
    return await isWhollyOurs({ at, path: "d", info: await Deno.lstat(at) }, parts);
  };
  assertEquals(await ask([...all, ["d/e/b", FILE]]), true);
  assertEquals(await ask(all), false, "one file is not");
  assertEquals(await ask([["d", MADE_FOLDER], ["d/a", FILE], ["d/e/b", FILE]]), false);
  assertEquals(await ask([["d", FILE]]), false, "there was a file");
  const pending = { ...FILE, pending: ["ab".repeat(32)] };
  const inside: [string, Holding][] = [...all.slice(1), ["d/e/b", FILE]];
  assertEquals(await ask([...inside, ["d", pending]]), false, "there never was a folder of ours");
  const turned = { ...pending, mayBeFolder: true };
  const why = "the file that was to take its place did not come";
  assertEquals(await ask([...inside, ["d", turned]]), true, why);
  await Deno.mkdir(`${at}/.fluxvault-generation-1`);
  assertEquals(await ask([...all, ["d/e/b", FILE]]), true, "its own names are its own");
  await Deno.symlink("a", `${at}/e/link`);
  assertEquals(await ask([...all, ["d/e/b", FILE], ["d/e/link", FILE]]), false);
});

Deno.test("isWhollyOurs knows nothing of a tree that it cannot list", async (t) => {
  const missing = await missingForNoChown();
  await t.step({
    name: missing ?? "a folder without permissions",
    ignore: missing !== null,
    fn: async () => {
      await using folder = await temporaryFolder();
      const at = `${folder.path}/d`;
      await Deno.mkdir(at, { mode: 0 });
      const program = `
        import { isWhollyOurs } from ${JSON.stringify(OUR_TREE)};
        const at = ${JSON.stringify(at)};
        const holdings = new Map([["d", { kind: "folder", pending: [] }]]);
        console.log(await isWhollyOurs({ at, path: "d", info: Deno.lstatSync(at) }, { holdings }));
      `;
      assertEquals(await evalWithout([], program), "true");
      assertEquals(await evalWithout(["dac_override", "dac_read_search"], program), "false");
    },
  });
});

Deno.test("isOurFile believes of a file that was to come only what its contents say", async () => {
  await using folder = await temporaryFolder();
  const at = `${folder.path}/a`;
  await Deno.writeTextFile(at, "ours");
  const digests = new FileDigests();
  const ask = async (holding: Holding) =>
    await isOurFile({ at, info: await Deno.lstat(at) }, { holding, digests });
  const { digest } = await fileEntry("a", "ours");
  const { digest: other } = await fileEntry("a", "another");
  assertEquals(await ask(FILE), true);
  assertEquals(await ask({ ...FILE, pending: [other, digest] }), true);
  assertEquals(await ask({ ...FILE, pending: [other] }), false);
  assertEquals(await ask(MADE_FOLDER), false);
});
