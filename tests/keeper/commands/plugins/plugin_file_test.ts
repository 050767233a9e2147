import {
  readFileOperand,
  readPluginFile,
  readSignatureOf,
  signaturePathOf,
  writePluginFile,
  writeSignatureOf,
} from "../../../../keeper/commands/plugins/plugin_file.ts";
import { ConfigError, MAX_PLUGIN_BYTES, StorageError } from "../../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../../support/assert.ts";
import { temporaryFolder } from "../../../support/temporary_folder.ts";
import { KEY } from "../../keys/key_fixtures.ts";
import { withPlugin } from "./plugin_site.ts";

const SIGNATURE = `${"A".repeat(87)}=`;

Deno.test("readFileOperand wants one file", () => {
  assertEquals(readFileOperand({ operands: ["a"] }, "package"), "a");
  assertThrows(() => readFileOperand({ operands: [] }, "package"), ConfigError);
  assertThrows(() => readFileOperand({ operands: ["a", "b"] }, "package"), ConfigError);
});

Deno.test("readFileOperand repeats no secret", () => {
  const error = assertThrows(() => readFileOperand({ operands: [KEY.wif] }, "a"), ConfigError);
  assert(!error.message.includes(KEY.wif));
});

Deno.test("readPluginFile reads what buildPlugin wrote", () =>
  withPlugin(async (site) => {
    const path = `${site.folder}/greeter`;
    await site.run("build", `${site.folder}/plugin.js`, "--out", path);
    const { bytes, plugin } = await readPluginFile(path);
    assertEquals([plugin.manifest.name, bytes.length], ["greeter", (await Deno.stat(path)).size]);
  }));

Deno.test("readPluginFile refuses what is no package", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/a`;
  await assertRejects(() => readPluginFile(path), ConfigError);
  await Deno.writeTextFile(path, "plugin({});");
  await assertRejects(() => readPluginFile(path), ConfigError);
  await assertRejects(() => readPluginFile(folder.path), ConfigError);
  await Deno.truncate(path, MAX_PLUGIN_BYTES + 1);
  await assertRejects(() => readPluginFile(path), ConfigError);
});

Deno.test("readSignatureOf reads what writeSignatureOf wrote", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/a`;
  assertEquals(await readSignatureOf(path), null);
  assertEquals(await writeSignatureOf(path, SIGNATURE), signaturePathOf(path));
  assertEquals(await readSignatureOf(path), SIGNATURE);
});

for (const text of ["", "A".repeat(88), `${SIGNATURE}\n${SIGNATURE}`, "A".repeat(1_000)]) {
  Deno.test(`readSignatureOf refuses ${text.length} other characters`, async () => {
    await using folder = await temporaryFolder();
    await Deno.writeTextFile(`${folder.path}/a.sig`, text);
    await assertRejects(() => readSignatureOf(`${folder.path}/a`), ConfigError);
  });
}

Deno.test("writePluginFile lets all read what it writes", async () => {
  if (Deno.build.os === "windows") return;
  await using folder = await temporaryFolder();
  const path = `${folder.path}/a`;
  await writePluginFile({ path, bytes: new Uint8Array([1]) }, SIGNATURE);
  for (const file of [path, `${path}.sig`]) {
    assertEquals(((await Deno.stat(file)).mode ?? 0) & 0o777, 0o644);
  }
});

Deno.test("writePluginFile writes no package beside what cannot be removed", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/a`;
  await Deno.mkdir(`${path}.sig/full`, { recursive: true });
  const write = () => writePluginFile({ path, bytes: new Uint8Array([1]) }, null);
  await assertRejects(write, StorageError);
  assertEquals(await Deno.lstat(path).catch(() => null), null);
});
