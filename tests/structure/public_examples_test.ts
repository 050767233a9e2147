/**
 * Rule: every public function and class shows an example: a block of TypeScript that asserts something
 * and is not skipped. That the examples run is held by `deno task test:docs`.
 *
 * @module
 */
import { PROJECT_ROOT } from "../../dist/tasks/derived_config.ts";
import { assertEquals } from "../support/assert.ts";
import { type DocSymbol, findWithoutExample, readWithoutExample } from "./public_examples.ts";

Deno.test("public-examples: everybody shows one", async () => {
  assertEquals(await readWithoutExample(), []);
});

function symbol(name: string, kind: string, example: string | null): DocSymbol {
  const tags = [
    { kind: "throws" },
    ...(example === null ? [] : [{ kind: "example", doc: example }]),
  ];
  const location = { filename: `${PROJECT_ROOT.href}flux/zelid.ts` };
  return { name, declarations: [{ kind, declarationKind: "export", location, jsDoc: { tags } }] };
}

const EXAMPLE = 'In words\n```ts\nimport {} from "it";\n\nconsole.assert(isIt(1));\n```';

Deno.test("public-examples: finds a function and a class without one, and asks no type for any", () => {
  const symbols = [
    symbol("zelIdOf", "function", null),
    symbol("ZelIds", "class", null),
    symbol("isZelId", "function", EXAMPLE),
    symbol("ZelId", "interface", null),
  ];
  assertEquals(findWithoutExample(symbols), ["flux/zelid.ts zelIdOf", "flux/zelid.ts ZelIds"]);
});

Deno.test("public-examples: takes none that does not run, or cannot fail", () => {
  const bad = [
    "console.assert(isIt(1));",
    EXAMPLE.replace("```ts", "```ts ignore"),
    EXAMPLE.replace("```ts", "```text"),
    EXAMPLE.replace("console.assert(isIt(1))", "isIt(1)"),
    "```ts\nisIt(1);\n```\n```text\nconsole.assert(isIt(1));\n```",
  ];
  for (const example of bad) {
    assertEquals(findWithoutExample([symbol("isIt", "function", example)]).length, 1, example);
  }
});
