/**
 * Rule: what each entry of `exports` offers is what `public_names.json` lists, so that no name comes
 * or goes unnoticed; `deno task structure:update` writes the list after a change that is meant.
 *
 * @module
 */
import { assertEquals } from "../support/assert.ts";
import { findNameChanges, readNameList, readPublicNames } from "./public_names.ts";

Deno.test("public names: are those of the list", async () => {
  assertEquals(findNameChanges(await readNameList(), await readPublicNames()), []);
});

Deno.test("public names: tells a name that went, a name that came, and a new entry", () => {
  const listed = { ".": ["Agent", "Keeper"] };
  const actual = { ".": ["Agent", "Fleet"], "./flux": ["FluxClient"] };
  assertEquals(findNameChanges(listed, actual), [
    ". no longer exports Keeper",
    ". newly exports Fleet",
    "./flux newly exports FluxClient",
  ]);
});
