import { join } from "node:path";
import { DiskVault } from "../../../keeper/vault/disk_vault.ts";
import {
  encodeHex,
  encodeUtf8,
  type Logger,
  sha256Digest,
  SILENT_LOGGER,
  StorageError,
} from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { at, describe, fileOf, FROM_START, itemsAt, UNIX, VaultFolder } from "./vault_folder.ts";

Deno.test("DiskVault says what each file holds", async () => {
  await using folder = await VaultFolder.make({ "a": "abc", "dir/b": "" });
  const view = await new DiskVault(folder.path).inspect([at("a"), at("dir/b")]);
  for (const [source, text] of [["a", "abc"], ["dir/b", ""]] as const) {
    const { digest, size, isProgram } = fileOf(view, source);
    const expected = encodeHex(await sha256Digest(encodeUtf8(text)));
    assertEquals([digest, size, isProgram], [expected, text.length, false]);
  }
});

Deno.test({
  name: "DiskVault says what its owner may run",
  ignore: !UNIX,
  fn: async () => {
    await using folder = await VaultFolder.make({ "run": "x", "dir/x": "y" });
    const vault = new DiskVault(folder.path);
    for (const [mode, expected] of [[0o755, true], [0o655, false], [0o500, true]] as const) {
      await Deno.chmod(folder.at("run"), mode);
      assertEquals(fileOf(await vault.inspect([at("run")]), "run").isProgram, expected);
    }
  },
});

Deno.test("DiskVault.open knows nothing of a file that it did not look at", async () => {
  await using folder = await VaultFolder.make({ "a": "1" });
  const view = await new DiskVault(folder.path).inspect([at("a")]);
  const { digest } = fileOf(view, "a");
  const stranger = { kind: "file", below: "", digest, size: 1, isProgram: false } as const;
  assertEquals(await view.open(stranger, FROM_START), null);
});

Deno.test("DiskVault notices a change of a file within its clock's grain", async () => {
  await using folder = await VaultFolder.make({ "a": "one" });
  const vault = new DiskVault(folder.path);
  const before = fileOf(await vault.inspect([at("a")]), "a").digest;
  const { mtime } = await Deno.stat(folder.at("a"));
  await folder.write("a", "two");
  if (mtime !== null) await Deno.utime(folder.at("a"), mtime, mtime);
  assert(fileOf(await vault.inspect([at("a")]), "a").digest !== before);
});

Deno.test("DiskVault reports a missing file and delivers the others", async () => {
  await using folder = await VaultFolder.make({ "a": "1" });
  const view = await new DiskVault(folder.path).inspect([at("a"), at("gone"), at("no/such")]);
  const [items, ...gaps] = ["a", "gone", "no/such"].map((name) => view.contentsOf(at(name)).items);
  assertEquals([describe(items ?? []), gaps.map(describe)], [[""], [["!file-missing"], [
    "!file-missing",
  ]]]);
});

Deno.test("DiskVault reports what lies below a file", async () => {
  await using folder = await VaultFolder.make({ "dir/a": "1" });
  assertEquals(describe(await itemsAt(new DiskVault(folder.path), "dir/a/b")), ["!not-a-file"]);
});

Deno.test("DiskVault fails where there is no vault", async () => {
  await using folder = await VaultFolder.make();
  const vault = new DiskVault(join(folder.root, "none"));
  await assertRejects(() => vault.inspect([at("a")]), StorageError, "file-missing");
});

Deno.test("DiskVault fails where the vault is a file", async () => {
  await using folder = await VaultFolder.make({ "a": "1" });
  const vault = new DiskVault(folder.at("a"));
  await assertRejects(() => vault.inspect([at("a")]), StorageError, "not-a-file");
});

Deno.test({
  name: "DiskVault warns once of a vault that everyone can look into",
  ignore: !UNIX,
  fn: async () => {
    await using folder = await VaultFolder.make({ "a": "1" });
    await Deno.chmod(folder.path, 0o755);
    const warnings: string[] = [];
    const logger: Logger = { ...SILENT_LOGGER, warn: (message) => warnings.push(message) };
    const vault = new DiskVault(folder.path, { logger });
    await vault.inspect([at("a")]);
    await vault.inspect([at("a")]);
    assertEquals(warnings.length, 1);
  },
});

Deno.test("DiskVault ends with the reason of an aborted signal", async () => {
  await using folder = await VaultFolder.make({ "a": "1" });
  const signal = AbortSignal.abort(new DOMException("stop", "AbortError"));
  await assertRejects(
    () => new DiskVault(folder.path).inspect([at("a")], { signal }),
    DOMException,
  );
});

Deno.test("DiskVault throws the reason of its signal and calls it no gap, whatever it is", async () => {
  await using folder = await VaultFolder.make({ "dir/a": "1" });
  const controller = new AbortController();
  const reason = new StorageError("locked", "stop");
  const looking = new DiskVault(folder.path).inspect([at("dir")], { signal: controller.signal });
  controller.abort(reason);
  await assertRejects(() => looking, StorageError, "locked");
});

const AGES = [["written a moment ago", 0], ["left alone since", 10_000]] as const;

for (const [age, ageMs] of AGES) {
  Deno.test(`DiskVault gives back the same list where nothing changed in files ${age}`, async () => {
    await using folder = await VaultFolder.make({ "dir/a": "1", "dir/sub/b": "2", "c": "3" });
    const vault = new DiskVault(folder.path, { now: () => Date.now() + ageMs });
    const [dir, c] = [await itemsAt(vault, "dir"), await itemsAt(vault, "c")];
    const look = async () => {
      const view = await vault.inspect([at("dir"), at("c")]);
      return [view.contentsOf(at("dir")).items, view.contentsOf(at("c")).items];
    };
    const [first] = await look();
    assert(first !== dir, "a source that was not asked for is forgotten");
    const [again] = await look();
    assert(again === first && c.length === 1);
    await folder.write("dir/sub/d", "4");
    const [changed, same] = await look();
    assert(changed !== first && changed?.length === 5);
    const kept = first?.filter((item) => changed?.includes(item));
    assertEquals([kept?.length, (await look())[1] === same], [4, true]);
  });
}

Deno.test("DiskVault looks a second time before it believes that a file is gone", async () => {
  await using folder = await VaultFolder.make({ "dir/a": "1", "dir/b": "2" });
  const waits: number[] = [];
  let returns = true;
  const vault = new DiskVault(folder.path, {
    delay: async (durationMs) => {
      waits.push(durationMs);
      if (returns) await folder.write("dir/a", "new");
    },
  });
  await itemsAt(vault, "dir");
  await Deno.remove(folder.at("dir/a"));
  assertEquals(describe(await itemsAt(vault, "dir")), ["/", "a", "b"]);
  returns = false;
  await Deno.remove(folder.at("dir/a"));
  assertEquals(describe(await itemsAt(vault, "dir")), ["/", "b"]);
  assertEquals(describe(await itemsAt(vault, "dir")), ["/", "b"]);
  assertEquals(waits, [250, 250]);
});

Deno.test("DiskVault refuses to speak of a source that it was not asked for", async () => {
  await using folder = await VaultFolder.make({ "a": "1" });
  const view = await new DiskVault(folder.path).inspect([at("a")]);
  await assertRejects(() => Promise.resolve().then(() => view.contentsOf(at("b"))), RangeError);
});
