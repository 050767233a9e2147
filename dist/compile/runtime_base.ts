/**
 * The runtime, `denort`, that `deno compile` puts in front of a bundle: where it comes from.
 *
 * @module
 */
import { isAbsolute, join, resolve } from "../../protocol/host/mod.ts";
import { BuildError } from "./build_error.ts";
import { endingOf, HEADER_BYTES, readTarget, type Target } from "./targets.ts";

/** A runtime of one target. */
export interface RuntimeBase {
  /** Whether it is there as it is, packed, or still to be fetched by Deno, packed. */
  readonly kind: "program" | "archive" | "download";
  /** Where it is, or will be once it is fetched. */
  readonly path: string;
  /** The name of its sum among those that are recorded. */
  readonly name: string;
  /** Where it comes from, in words. */
  readonly origin: string;
}

/** Where runtimes may come from. */
export interface RuntimeSources {
  /** A folder that has them by name; the only source where it is given. */
  readonly baseFolder: string | undefined;
  /** The file that the variable DENORT_BIN names; the only source where nothing else is given. */
  readonly denortBin: string | undefined;
  /** The folder into which Deno fetches. */
  readonly denoFolder: string;
  /** The version of Deno. */
  readonly version: string;
}

/** How to get a runtime. */
export const RUNTIME_HINT =
  "give a folder with denort-TARGET.zip files by --base-folder, or name " +
  "a denort file by DENORT_BIN; the bundles run under plain Deno as they are (dist/README.md)";

/** Where Deno keeps a runtime that it fetched, below its folder. */
export function archivePath(target: Target, version: string): string {
  return join("dl", "release", `v${version}`, `denort-${target}.zip`);
}

/**
 * Finds the runtime of a target.
 *
 * @throws {BuildError} where none of what was given is one of that target.
 */
export async function findRuntimeBase(
  target: Target,
  { baseFolder, denortBin, denoFolder, version }: RuntimeSources,
): Promise<RuntimeBase> {
  const name = `denort-${target}`;
  if (baseFolder !== undefined) return await findInFolder(baseFolder, target);
  if (denortBin !== undefined && denortBin !== "") {
    const path = resolve(denortBin);
    await checkTarget(path, target);
    return { kind: "program", path, name: name + endingOf(target), origin: "DENORT_BIN" };
  }
  const path = join(denoFolder, archivePath(target, version));
  return { kind: "download", path, name: `${name}.zip`, origin: "Deno's download" };
}

async function findInFolder(folder: string, target: Target): Promise<RuntimeBase> {
  const archive = `denort-${target}.zip`;
  const program = `denort-${target}${endingOf(target)}`;
  const place = isAbsolute(folder) ? folder : resolve(folder);
  const found = { origin: `the folder ${folder}` };
  if (await isFile(join(place, archive))) {
    return { kind: "archive", path: join(place, archive), name: archive, ...found };
  }
  for (const name of [program, `denort${endingOf(target)}`]) {
    const path = join(place, name);
    if (!await isFile(path)) continue;
    if (name !== program && await targetOfFile(path) !== target) continue;
    await checkTarget(path, target);
    return { kind: "program", path, name: program, ...found };
  }
  throw new BuildError(`no runtime for ${target} is in ${folder}`, `put ${archive} there`);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Reads which target an executable runs on; `null` where it is none. */
export async function targetOfFile(path: string): Promise<Target | null> {
  using file = await Deno.open(path);
  const header = new Uint8Array(HEADER_BYTES);
  let length = 0;
  while (length < header.length) {
    const count = await file.read(header.subarray(length));
    if (count === null) break;
    length += count;
  }
  return readTarget(header.subarray(0, length));
}

/** Deno takes any file, and crashes over some. */
async function checkTarget(path: string, target: Target): Promise<void> {
  let found: Target | null;
  try {
    found = await targetOfFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new BuildError(`there is no file ${path}`, RUNTIME_HINT);
  }
  if (found === target) return;
  const what = found === null ? "no executable" : `one of ${found}`;
  throw new BuildError(
    `${path} is no runtime for ${target}: it is ${what}`,
    "name the denort of that target, or give --target",
  );
}
