import { completeResults } from "../../../keeper/contact/contact.ts";
import { prepareDelivery } from "../../../keeper/contact/delivery.ts";
import { MAX_EXTRA_RESULTS } from "../../../keeper/limits.ts";
import type { WithheldFile } from "../../../keeper/vault/assembly.ts";
import type { FileResult } from "../../../protocol/mod.ts";
import { assertEquals } from "../../support/assert.ts";
import { declared, memoryView } from "../../support/fake_fleet.ts";

async function complete(
  results: readonly FileResult[],
  withheld: readonly WithheldFile[] = [],
): Promise<Record<string, string>> {
  const view = await memoryView({ a: "1" });
  const vault = { inspect: () => Promise.resolve(view) };
  const delivery = await prepareDelivery(vault, declared("a", "gone"));
  const files = completeResults(results, { ...await delivery.at(null, "enrolled"), withheld });
  return Object.fromEntries(files.map(({ path, outcome }) => [path, outcome]));
}

Deno.test("completeResults adds what the vault lacks, whether the agent asked for it or not", async () => {
  const own = { path: "a", outcome: "created" } as const;
  assertEquals(await complete([own]), { a: "created", gone: "missing" });
  const asked = { path: "gone", outcome: "missing" } as const;
  assertEquals(await complete([own, asked]), { a: "created", gone: "missing" });
});

Deno.test("completeResults leaves out what is withheld, which is reported as such", async () => {
  const results = [{ path: "a", outcome: "created" }, { path: "b", outcome: "denied" }] as const;
  const withheld = [{ path: "b", required: "enrolled" }] as const;
  assertEquals(await complete(results, withheld), { a: "created", gone: "missing" });
});

Deno.test("completeResults keeps few results of files that nobody offered", async () => {
  const extra = Array.from({ length: MAX_EXTRA_RESULTS + 5 }, (_, i) => {
    return { path: `x${i}`, outcome: "denied" } as const;
  });
  assertEquals(Object.keys(await complete(extra)).length, MAX_EXTRA_RESULTS + 1);
  const removed = extra.map(({ path }) => ({ path, outcome: "removed" } as const));
  assertEquals(Object.keys(await complete(removed)).length, extra.length + 1);
});
