/** Texts that are held against a file, so that every change of them is seen in review. */
import { assertEquals } from "./assert.ts";

const FOLDER = new URL("../e2e/golden/", import.meta.url);
/** The variable that has the files written anew: `UPDATE_GOLDEN=1`. */
const UPDATE_VARIABLE = "UPDATE_GOLDEN";

/** What stands in a text in the place of something that is another in each run. */
export type Replacements = readonly (readonly [pattern: RegExp, text: string])[];

/** Puts words in the place of what is another in each run; patterns need the flag `g`. */
export function replaceAll(text: string, replacements: Replacements): string {
  return replacements.reduce((before, [pattern, word]) => before.replaceAll(pattern, word), text);
}

/**
 * Fails unless the text is that of `tests/e2e/golden/NAME.txt`.
 *
 * After a change that is meant, run the test with `UPDATE_GOLDEN=1` and read the difference.
 */
export async function assertGolden(name: string, text: string): Promise<void> {
  const file = new URL(`${name}.txt`, FOLDER);
  if (Deno.env.get(UPDATE_VARIABLE) === "1") {
    await Deno.mkdir(FOLDER, { recursive: true });
    await Deno.writeTextFile(file, text);
    return;
  }
  assertEquals(text, await Deno.readTextFile(file), `tests/e2e/golden/${name}.txt differs`);
}
