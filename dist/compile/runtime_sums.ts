/**
 * The SHA-256 sums of the runtimes that executables are built on, as far as they are known.
 *
 * Deno checks none of them itself. A sum is recorded with `--record-sums`, by somebody who has compared
 * it with what the makers of Deno say.
 *
 * @module
 */
import { encodeHex } from "../../protocol/mod.ts";
import { createNodeHasher } from "../../protocol/host/mod.ts";
import { BuildError } from "./build_error.ts";

/** The recorded sums, by the version of Deno and the name of the file. */
export type RuntimeSums = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Where the sums of this project are recorded. */
export const RUNTIME_SUMS_FILE: URL = new URL("runtime_sums.json", import.meta.url);

/** Reads the recorded sums. */
export async function readRuntimeSums(file: URL | string): Promise<RuntimeSums> {
  return JSON.parse(await Deno.readTextFile(file));
}

/** Adds a sum to those that are recorded. */
export async function recordRuntimeSum(
  file: URL | string,
  { version, name, sum }: {
    readonly version: string;
    readonly name: string;
    readonly sum: string;
  },
): Promise<void> {
  const sums = await readRuntimeSums(file);
  const ofVersion = Object.entries({ ...sums[version], [name]: sum });
  const sorted = Object.fromEntries(ofVersion.sort(([a], [b]) => a < b ? -1 : 1));
  const text = JSON.stringify({ ...sums, [version]: sorted }, null, 2);
  await Deno.writeTextFile(file, `${text}\n`);
}

/** Returns the SHA-256 sum of a file, in hexadecimal. */
export async function sumOfFile(path: string): Promise<string> {
  const hasher = await createNodeHasher();
  using file = await Deno.open(path);
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const count = await file.read(buffer);
    if (count === null) return encodeHex(hasher.digest());
    hasher.update(buffer.subarray(0, count));
  }
}

/**
 * Compares a sum with the recorded one.
 *
 * @returns Whether there is one.
 * @throws {BuildError} where it is another.
 */
export function checkRuntimeSum(name: string, sum: string, known: string | undefined): boolean {
  if (known === undefined) return false;
  if (known === sum) return true;
  throw new BuildError(
    `${name} is not the runtime whose SHA-256 sum is recorded: it has ${sum}, not ${known}`,
    "fetch it again; if the recorded sum is wrong, correct dist/compile/runtime_sums.json",
  );
}
