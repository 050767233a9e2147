import { describeSyntaxFault } from "../../../keeper/loadout/yaml_faults.ts";
import { assert, assertEquals } from "../../support/assert.ts";

Deno.test("describeSyntaxFault has words of its own for a code, whatever the package says", () => {
  assertEquals(describeSyntaxFault("TAB_AS_INDENT", "secret"), {
    problem: "a line is indented by a tab",
    hint: "Indent by spaces: YAML allows no tabs there.",
  });
  assertEquals(describeSyntaxFault("SOMETHING_NEW", "secret").problem, "this is no YAML");
});

Deno.test("describeSyntaxFault tells a bracket that is not closed from indentation", () => {
  const message = (bracket: string) =>
    `Flow must be sufficiently indented and end with a ${bracket}`;
  assertEquals(describeSyntaxFault("BAD_INDENT", message("}")).hint, "Close it with }.");
  assertEquals(describeSyntaxFault("BAD_INDENT", message("]")).hint, "Close it with ].");
  assert(describeSyntaxFault("BAD_INDENT", "All items").problem.includes("indentation"));
});
