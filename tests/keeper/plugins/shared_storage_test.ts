import { sharedStorageAsks } from "../../../keeper/plugins/shared_storage.ts";
import { CallError } from "../../../protocol/mod.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

const CONTEXT = { signal: new AbortController().signal };

function open(folder: string) {
  const asks = sharedStorageAsks(`${folder}/plugins/helper`);
  return async (name: string, ...input: readonly unknown[]) =>
    await asks.get(`storage.${name}`)?.(input, CONTEXT);
}

Deno.test("sharedStorageAsks shows each keeper what the other set", async () => {
  await using folder = await temporaryFolder();
  const [one, other] = [open(folder.path), open(folder.path)];
  assertEquals([await one("get", "a"), await one("list")], [null, []]);
  await one("set", "a", { n: 1 });
  await other("set", "b", null);
  assertEquals([await other("get", "a"), await one("list")], [{ n: 1 }, ["a", "b"]]);
  await one("delete", "a");
  assertEquals(await other("list"), ["b"]);
});

Deno.test("sharedStorageAsks undoes nothing of what others set at the same time", async () => {
  await using folder = await temporaryFolder();
  const keepers = [open(folder.path), open(folder.path), open(folder.path)];
  const sets = keepers.flatMap((ask, i) => [0, 1, 2].map((n) => ask("set", `${i}${n}`, n)));
  await Promise.all(sets);
  assertEquals((await keepers[0]?.("list") as string[]).sort().length, 9);
});

for (const input of [[], [7], [""], ["a".repeat(257)]]) {
  Deno.test(`sharedStorageAsks sets nothing under ${JSON.stringify(input).slice(0, 20)}`, async () => {
    await using folder = await temporaryFolder();
    await assertRejects(() => open(folder.path)("set", ...input), CallError, "key-malformed");
  });
}
