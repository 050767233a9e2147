import { type Delivery, prepareDelivery } from "../../../keeper/contact/delivery.ts";
import { TRUST_LEVELS } from "../../../keeper/trust/mod.ts";
import type { ManagedFile } from "../../../keeper/vault/managed_files.ts";
import { decodeManifest, encodeHex } from "../../../protocol/mod.ts";
import { assertEquals } from "../../support/assert.ts";
import { memoryView } from "../../support/fake_fleet.ts";

const FILES: readonly ManagedFile[] = [
  { local: "a", remote: "a" },
  { local: "b", remote: "b", requires: "first-use" },
  { local: "c", remote: "c", requires: "approved" },
  { local: "d", remote: "d", requires: "enrolled" },
];

async function prepare(
  files: readonly ManagedFile[] = FILES,
  contents: Readonly<Record<string, string>> = { a: "1", b: "2", c: "3", d: "4" },
  missing: readonly string[] = [],
): Promise<Delivery> {
  const view = await memoryView(contents, missing);
  return await prepareDelivery({ inspect: () => Promise.resolve(view) }, files);
}

Deno.test("prepareDelivery gives each level what it may have, and names the rest", async () => {
  const delivery = await prepare();
  const given: Record<string, unknown> = {};
  for (const level of TRUST_LEVELS) {
    const { view, manifest, withheld } = await delivery.at(level);
    assertEquals(decodeManifest(manifest.bytes).entries, [...view.entries]);
    given[level] = [view.entries.map(({ path }) => path), withheld.map(({ path }) => path)];
  }
  assertEquals(given, {
    "address": [["a"], ["b", "c", "d"]],
    "first-use": [["a", "b"], ["c", "d"]],
    "approved": [["a", "b", "c"], ["d"]],
    "enrolled": [["a", "b", "c", "d"], []],
  });
});

Deno.test("prepareDelivery says of what is withheld neither that it is there nor that it is not", async () => {
  const delivery = await prepare(FILES, { a: "1", b: "2" }, ["c", "d"]);
  const { view, withheld } = await delivery.at("approved");
  assertEquals([[...view.missing], view.faults.map(({ file }) => file.remote)], [["c"], ["c"]]);
  assertEquals(withheld, [{ path: "d", required: "enrolled" }]);
});

Deno.test("prepareDelivery makes one manifest a level, and one for all where nothing is asked", async () => {
  const delivery = await prepare();
  const approved = await delivery.at("approved");
  assertEquals(await delivery.at("approved") === approved, true);
  const open = await prepare(FILES.map(({ local, remote }) => ({ local, remote })));
  assertEquals(await open.at("address") === await open.at("enrolled"), true);
});

Deno.test("prepareDelivery has the digest of the manifest where no file asks for a level", async () => {
  const delivery = await prepare([]);
  const { manifest } = await delivery.at("first-use");
  assertEquals(delivery.digest, encodeHex(manifest.digest));
});

Deno.test("prepareDelivery has another digest for other contents and for other demands", async () => {
  const digests = await Promise.all([
    prepare(),
    prepare(FILES, { a: "1", b: "2", c: "3", d: "5" }),
    prepare(FILES.map((file) => file.local === "d" ? { ...file, requires: "approved" } : file)),
    prepare([]),
  ]);
  assertEquals(new Set(digests.map(({ digest }) => digest)).size, 4);
  assertEquals((await prepare([...FILES].reverse())).digest, digests[0]?.digest);
});
