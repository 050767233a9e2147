/** What of a service may be nowhere: looked for in texts, and in all files of folders. */
import { assert } from "./assert.ts";

/** Fails where a text holds one of the words. */
export function assertHidden(text: string, words: readonly string[]): void {
  for (const word of words) assert(!text.includes(word), `${word} in ${text}`);
}

/** Returns the files below folders that hold one of the words. */
export async function scan(
  folders: readonly string[],
  words: readonly string[],
): Promise<string[]> {
  const found: string[] = [];
  for (const folder of folders) {
    for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
      const path = `${folder}/${name}`;
      if (isDirectory) found.push(...await scan([path], words));
      if (!isFile) continue;
      const text = new TextDecoder("latin1").decode(await Deno.readFile(path));
      if (words.some((word) => text.includes(word))) found.push(path);
    }
  }
  return found.sort();
}
