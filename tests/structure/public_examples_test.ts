/**
 * Rule: every public function and class shows an example; the list of those that do not yet can only
 * grow shorter. That the examples run is held by `deno task test:docs`.
 *
 * @module
 */
import { PROJECT_ROOT } from "../../dist/tasks/derived_config.ts";
import { assertEquals } from "../support/assert.ts";
import {
  type DocSymbol,
  findWithoutExample,
  readExemptions,
  readWithoutExample,
} from "./public_examples.ts";

/** How long the list may be: lowered whenever it gets shorter, and never raised. */
const MAX_EXEMPTIONS = 54;

Deno.test("public-examples: whoever shows none is on the list, and nobody else", async () => {
  const exemptions = await readExemptions();
  assertEquals(await readWithoutExample(), exemptions);
  assertEquals(exemptions.length, MAX_EXEMPTIONS, "set MAX_EXEMPTIONS to the new, lower number");
});

function symbol(name: string, kind: string, tags: readonly string[] | null): DocSymbol {
  const jsDoc = tags === null ? {} : { jsDoc: { tags: tags.map((tag) => ({ kind: tag })) } };
  const location = { filename: `${PROJECT_ROOT.href}flux/zelid.ts` };
  return { name, declarations: [{ kind, declarationKind: "export", location, ...jsDoc }] };
}

Deno.test("public-examples: finds a function and a class without one, and asks no type for any", () => {
  const symbols = [
    symbol("zelIdOf", "function", ["throws"]),
    symbol("ZelIds", "class", null),
    symbol("isZelId", "function", ["example"]),
    symbol("ZelId", "interface", null),
  ];
  assertEquals(findWithoutExample(symbols), ["flux/zelid.ts zelIdOf", "flux/zelid.ts ZelIds"]);
});
