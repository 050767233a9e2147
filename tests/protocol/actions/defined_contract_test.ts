import * as v from "valibot";
import { defineContract } from "../../../protocol/actions/defined_contract.ts";
import type { StandardSchema } from "../../../protocol/actions/standard_schema.ts";
import { assertEquals, assertRejects, assertThrows } from "../../support/assert.ts";

/** A schema that can say what it takes and makes, as libraries with Standard JSON Schema do. */
const SELF_DESCRIBED: StandardSchema<string, number> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => ({ value: Number(value) }),
    jsonSchema: {
      input: ({ target }) => ({ type: "string", $comment: target }),
      output: () => ({ type: "number" }),
    },
  },
};

Deno.test("defineContract describes what goes in and out as the schemas do", () => {
  const { description } = defineContract("measure", {
    describe: "Measures.",
    input: SELF_DESCRIBED,
    output: SELF_DESCRIBED,
  });
  assertEquals(description, {
    describe: "Measures.",
    input: { type: "string", $comment: "draft-2020-12" },
    output: { type: "number" },
  });
});

Deno.test("defineContract takes the author's word before that of a schema", () => {
  const { description } = defineContract("measure", {
    input: SELF_DESCRIBED,
    describeInput: "a length in metres",
  });
  assertEquals(description, { input: "a length in metres" });
});

Deno.test("defineContract says nothing of a schema that cannot describe itself", () => {
  const broken: StandardSchema<string> = {
    "~standard": {
      ...v.string()["~standard"],
      jsonSchema: {
        input: () => {
          throw new Error("no such target");
        },
        output: () => ({}),
      },
    },
  };
  assertEquals(defineContract("a", { input: v.string() }).description, {});
  assertEquals(defineContract("a", { input: broken }).description, {});
});

Deno.test("defineContract checks what is sent, and reads what is answered", async () => {
  const contract = defineContract("parse", { input: v.string(), output: SELF_DESCRIBED });
  await contract.checkInput("7");
  assertEquals(await contract.parseOutput("7"), 7);
  await assertRejects(() => contract.checkInput(7), TypeError);
});

Deno.test("defineContract refuses a name that is none", () => {
  for (const name of ["", "A", "1a", "a_b", "a".repeat(65)]) {
    assertThrows(() => defineContract(name), TypeError);
  }
});
