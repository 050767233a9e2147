import { exchange, restoreFormer } from "../../../../agent/disk/files/exchange.ts";
import { formerName } from "../../../../agent/disk/paths/generation_link.ts";
import { StorageError } from "../../../../protocol/errors.ts";
import { assertEquals, assertThrows } from "../../../support/assert.ts";
import {
  listTree,
  type TemporaryFolder,
  temporaryFolder,
} from "../../../support/temporary_folder.ts";

const UNIX = Deno.build.os !== "windows";
const FORMER = formerName("tls");

/** Makes links and folders, named by what is in them. */
async function lay(folder: TemporaryFolder, things: Record<string, string>): Promise<void> {
  for (const [name, what] of Object.entries(things)) {
    const at = `${folder.path}/${name}`;
    if (what.startsWith("-> ")) await Deno.symlink(what.slice(3), at);
    else {
      await Deno.mkdir(at, { mode: 0o700 });
      await Deno.writeTextFile(`${at}/${what}`, "", { mode: 0o600 });
    }
  }
}

function unixTest(name: string, work: (folder: TemporaryFolder) => Promise<void>): void {
  Deno.test(name, { ignore: !UNIX }, async () => {
    await using folder = await temporaryFolder();
    await work(folder);
  });
}

unixTest("exchange puts a link in the place of a link, and where nothing is", async (folder) => {
  await lay(folder, { tls: "-> old", next: "-> new" });
  const next = () => `${folder.path}/next`;
  assertEquals(exchange(folder.path, { name: "tls", next: next() }), null);
  assertEquals(await listTree(folder.path), ["tls -> new"]);
  await lay(folder, { next: "-> newer" });
  assertEquals(exchange(folder.path, { name: "other", next: next() }), null);
  assertEquals(await listTree(folder.path), ["other -> newer", "tls -> new"]);
});

unixTest(
  "exchange puts a link in the place of a folder, and a folder in that of a link",
  async (folder) => {
    await lay(folder, { tls: "old", next: "-> new" });
    const former = `${folder.path}/${FORMER}`;
    assertEquals(exchange(folder.path, { name: "tls", next: `${folder.path}/next` }), former);
    assertEquals(await listTree(folder.path), [
      `${FORMER}/ 700`,
      `${FORMER}/old 600 `,
      "tls -> new",
    ]);
    await Deno.remove(former, { recursive: true });
    await lay(folder, { next: "newer" });
    assertEquals(exchange(folder.path, { name: "tls", next: `${folder.path}/next` }), former);
    assertEquals(await listTree(folder.path), [`${FORMER} -> new`, "tls/ 700", "tls/newer 600 "]);
  },
);

unixTest("exchange leaves all as it was where the next state is missing", async (folder) => {
  await lay(folder, { tls: "old" });
  const next = `${folder.path}/next`;
  assertThrows(() => exchange(folder.path, { name: "tls", next }), StorageError, "file-missing");
  assertEquals(await listTree(folder.path), ["tls/ 700", "tls/old 600 "]);
});

unixTest("exchange refuses a name that is too long to be put aside", async (folder) => {
  const name = "n".repeat(250);
  await lay(folder, { [name]: "old", next: "-> new" });
  const next = `${folder.path}/next`;
  assertThrows(() => exchange(folder.path, { name, next }), StorageError, "path-refused");
  assertEquals((await listTree(folder.path)).length, 3);
});

unixTest(
  "restoreFormer calls by its name what an earlier process had put aside",
  async (folder) => {
    assertEquals(restoreFormer(folder.path, "tls"), false);
    await lay(folder, { [FORMER ?? ""]: "old" });
    assertEquals(restoreFormer(folder.path, "tls"), true);
    assertEquals(await listTree(folder.path), ["tls/ 700", "tls/old 600 "]);
  },
);

unixTest("restoreFormer leaves what has the name already", async (folder) => {
  await lay(folder, { [FORMER ?? ""]: "old", tls: "-> new" });
  assertEquals(restoreFormer(folder.path, "tls"), false);
  assertEquals((await listTree(folder.path)).length, 3);
});
