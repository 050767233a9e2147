import { BuildError } from "../../../dist/compile/build_error.ts";
import {
  checkRuntimeSum,
  readRuntimeSums,
  recordRuntimeSum,
  RUNTIME_SUMS_FILE,
  sumOfFile,
} from "../../../dist/compile/runtime_sums.ts";
import { endingOf, TARGETS } from "../../../dist/compile/targets.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

const SUM = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

Deno.test("sumOfFile is the SHA-256 sum", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/file`, "abc");
  assertEquals(await sumOfFile(`${folder.path}/file`), SUM);
});

Deno.test("checkRuntimeSum tells a sum that is known from one that is not, and refuses another", () => {
  assertEquals(checkRuntimeSum("denort.zip", SUM, SUM), true);
  assertEquals(checkRuntimeSum("denort.zip", SUM, undefined), false);
  const error = assertThrows(() => checkRuntimeSum("denort.zip", SUM, "00"), BuildError);
  assert(error.message.includes(SUM));
});

Deno.test("recordRuntimeSum adds to what is recorded", async () => {
  await using folder = await temporaryFolder();
  const file = `${folder.path}/sums.json`;
  await Deno.writeTextFile(file, JSON.stringify({ "1.0.0": { b: "1" } }));
  await recordRuntimeSum(file, { version: "1.0.0", name: "a", sum: "2" });
  await recordRuntimeSum(file, { version: "2.0.0", name: "a", sum: "3" });
  assertEquals(await readRuntimeSums(file), {
    "1.0.0": { a: "2", b: "1" },
    "2.0.0": { a: "3" },
  });
  assert((await Deno.readTextFile(file)).endsWith("}\n"));
});

Deno.test("the recorded sums are sums of runtimes", async () => {
  const names = TARGETS.flatMap((target) => [
    `denort-${target}.zip`,
    `denort-${target}${endingOf(target)}`,
  ]);
  const versions = await readRuntimeSums(RUNTIME_SUMS_FILE);
  assert(Object.keys(versions).includes("2.9.6"));
  for (const sums of Object.values(versions)) {
    for (const [name, sum] of Object.entries(sums)) {
      assert(names.includes(name), name);
      assert(/^[0-9a-f]{64}$/.test(sum), sum);
    }
  }
});
