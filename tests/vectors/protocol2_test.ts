/**
 * Plays every vector of protocol 2 against our roles: with its bytes in as few pieces as can be, cut
 * at random, and one by one.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { assert, assertEquals } from "../support/assert.ts";
import { checkCalculation } from "./calculation_check.ts";
import type { Cut } from "./cut_wire.ts";
import { makeVectors } from "./protocol2/generate.ts";
import { VECTORS } from "./reference.ts";
import { runRole } from "./role_run.ts";
import { header, headers, parseVector, requiredHeader, type Vector } from "./vector_file.ts";

/** How many vectors there are: one that is lost is noticed. */
const VECTOR_COUNT = 477;

const texts = new Map<string, string>();
for (const { name } of Deno.readDirSync(VECTORS)) {
  if (name.endsWith(".txt")) texts.set(name, Deno.readTextFileSync(new URL(name, VECTORS)));
}

/** Bytes one by one take long where there are many. */
function cutsOf(vector: Vector): readonly Cut[] {
  const isLong = vector.steps.some((step) => /^repeat |pad \d{5}/.test(step));
  return isLong || header(vector, "file-of-zeros") !== null
    ? ["whole"]
    : ["whole", "random", "bytes"];
}

async function check(vector: Vector, cut: Cut): Promise<void> {
  const { session, store, ...run } = await runRole(vector, cut);
  const label = `cut: ${cut}`;
  assertEquals(run.ended, requiredHeader(vector, "expect"), label);
  assertEquals(run.says, requiredHeader(vector, "says"), label);
  assertEquals(run.report, headers(vector, "report").sort(), label);
  for (const line of header(vector, "role") === "agent" ? headers(vector, "file") : []) {
    const space = line.indexOf(" ");
    assertEquals(new TextDecoder().decode(store.read(line.slice(0, space))), line.slice(space + 1));
  }
  assertEquals(run.hooks, headers(vector, "hook").sort(), label);
  const folders = store.folders();
  for (const folder of headers(vector, "folder")) {
    assert(folders.includes(folder), `${label}: the folder ${folder}`);
  }
  const bytes = header(vector, "bytes");
  if (bytes !== null) assertEquals(run.contentBytes, Number(bytes), label);
  const transcript = header(vector, "transcript");
  if (transcript === null || session === null) return;
  assertEquals(Buffer.from(session.origin.transcript).toString("hex"), transcript, label);
  const exported = await session.origin.exporter("vector", new TextEncoder().encode("context"));
  assertEquals(Buffer.from(exported).toString("hex"), requiredHeader(vector, "export"), label);
  const [statement] = run.statements;
  if (statement !== undefined) {
    assertEquals(statement, JSON.parse(requiredHeader(vector, "statement-text")), label);
  }
}

for (const [file, text] of [...texts].sort(([a], [b]) => a < b ? -1 : 1)) {
  const vector = parseVector(file.replace(".txt", ""), text);
  Deno.test(`protocol 2 vector: ${vector.name}`, async () => {
    if (await checkCalculation(vector)) return;
    for (const cut of cutsOf(vector)) await check(vector, cut);
  });
}

Deno.test("protocol 2 vectors are all there", () => {
  assertEquals(texts.size, VECTOR_COUNT);
});

Deno.test("protocol 2 vectors are what their generator makes", async () => {
  assertEquals(Object.fromEntries(texts), Object.fromEntries(await makeVectors()));
});
