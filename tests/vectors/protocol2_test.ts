/**
 * Plays every vector of protocol 2 against our roles: with its bytes in as few pieces as can be, cut
 * at random, and one by one.
 *
 * @module
 */
import { assertEquals } from "../support/assert.ts";
import { checkCalculation, isCalculation } from "./calculation_check.ts";
import { makeVectors } from "./protocol2/generate.ts";
import { checkRole, cutsOf, referenceFor } from "./role_run.ts";
import { parseVector, VECTOR_COUNT } from "./vector_file.ts";
import { readVectors } from "./reference.ts";

const texts = readVectors();

for (const [file, text] of texts) {
  const vector = parseVector(file.replace(".txt", ""), text);
  Deno.test(`protocol 2 vector: ${vector.name}`, async () => {
    if (isCalculation(vector)) {
      await checkCalculation(vector, referenceFor(vector).identitySeed);
    } else for (const cut of cutsOf(vector)) await checkRole(vector, { cut });
  });
}

Deno.test("protocol 2 vectors are all there", () => {
  assertEquals(texts.size, VECTOR_COUNT);
});

Deno.test("protocol 2 vectors are what their generator makes", async () => {
  assertEquals(Object.fromEntries(texts), Object.fromEntries(await makeVectors()));
});
