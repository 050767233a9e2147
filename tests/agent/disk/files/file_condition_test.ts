import { encodeHex, encodeUtf8 } from "../../../../protocol/bytes.ts";
import { sha256Digest } from "../../../../protocol/digest.ts";
import type { FileEntry } from "../../../../protocol/manifest_entry.ts";
import { assertEquals } from "../../../support/assert.ts";
import { DiskYard, put } from "../../../support/disk_yard.ts";

const UNIX = Deno.build.os !== "windows";

async function entryOf(
  path: string,
  changes: Partial<FileEntry> = {},
): Promise<FileEntry> {
  const bytes = encodeUtf8("content");
  const digest = encodeHex(await sha256Digest(bytes));
  return {
    kind: "file",
    path,
    digest,
    size: bytes.length,
    mode: 0o600,
    strategy: "STRICT",
    ...changes,
  };
}

Deno.test("compareFile calls a file intact that is as declared, time and again", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  await put(store, "tls/key");
  const absolute = `${yard.path("allowed")}/key`;
  await put(store, absolute);
  const entries = [await entryOf("tls/key"), await entryOf(absolute)];
  for (const entry of [...entries, ...entries]) {
    assertEquals(await store.compare(entry), "intact");
  }
});

Deno.test("compareFile notices other contents of the same length, and after a look that was good", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  await put(store, "a");
  const entry = await entryOf("a");
  assertEquals(await store.compare(entry), "intact");
  await Deno.writeTextFile(yard.path("files/a"), "CONTENT");
  assertEquals(await store.compare(entry), "changed");
});

const DEPARTURES: Readonly<Record<string, [string, (target: string) => Promise<void>]>> = {
  "that is gone": ["missing", (target) => Deno.remove(target)],
  "with other permissions": ["changed", (target) => Deno.chmod(target, 0o644)],
  "that is longer": ["changed", (target) => Deno.writeTextFile(target, "content and more")],
  "whose place a folder has": ["changed", async (target) => {
    await Deno.remove(target);
    await Deno.mkdir(target);
  }],
  "whose place a link has": ["changed", async (target) => {
    await Deno.rename(target, `${target}.real`);
    await Deno.symlink(`${target}.real`, target);
  }],
};

for (const [what, [expected, change]] of Object.entries(DEPARTURES)) {
  Deno.test(`compareFile calls a file ${what} ${expected}`, { ignore: !UNIX }, async () => {
    await using yard = await DiskYard.make();
    const store = await yard.open();
    await put(store, "a");
    await change(yard.path("files/a"));
    assertEquals(await store.compare(await entryOf("a")), expected);
  });
}

Deno.test("compareFile calls changed what lies where no file may be any more", async () => {
  await using yard = await DiskYard.make();
  const path = `${yard.path("outside")}/sentinel`;
  const store = await yard.open({ allowed: [] });
  assertEquals(await store.compare(await entryOf(path)), "changed");
});

Deno.test("compareFile leaves what was made once to the application, if it is there", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  const entry = await entryOf("a", { strategy: "ENSURE_CREATED" });
  assertEquals(await store.compare(entry), "missing");
  await put(store, "a", { text: "of the application", mode: 0o640 });
  assertEquals(await store.compare(entry), "intact");
});

Deno.test("compareFile takes no path from a delivery that is under way", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  await put(store, "a");
  await store.settle();
  // Two paths to one file: whoever of a delivery comes first has it, whatever was looked at before.
  const absolute = `${yard.path("files")}/a`;
  const other = await yard.open({ allowed: [yard.path("files")] });
  assertEquals(await other.compare(await entryOf("a")), "intact");
  assertEquals((await other.inspect(absolute))?.length, 32);
});
