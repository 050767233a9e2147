/**
 * Which programs hooks may run: those that the operator of the agent names, and no others.
 *
 * @module
 */
import { isAbsolute, join, normalize } from "../../protocol/host/mod.ts";

/** The programs that hooks may run. */
export class AllowedPrograms {
  readonly #names: readonly string[];
  readonly #searchPath: string;

  /**
   * Takes what the operator named: absolute paths, and bare names that are looked up.
   *
   * @param searchPath The folders for bare names, with colons between them, as in `PATH`.
   * @throws {RangeError} for a name that is neither; the message fits behind the option.
   */
  constructor(names: readonly string[], searchPath: string) {
    const wrong = names.find((name) => !isProgramName(name));
    if (wrong !== undefined) {
      throw new RangeError(`${JSON.stringify(wrong)} is neither an absolute path nor a bare name`);
    }
    this.#names = names;
    this.#searchPath = searchPath;
  }

  /** What the operator named. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** Returns the absolute path of a program that may be run, or `null` where it may not. */
  resolve(name: string): string | null {
    if (!isProgramName(name)) return null;
    const path = this.#locate(name);
    if (path === null) return null;
    return this.#names.some((allowed) => this.#locate(allowed) === path) ? path : null;
  }

  #locate(name: string): string | null {
    return isAbsolute(name) ? name : findProgram(name, this.#searchPath);
  }
}

/** Tells whether a text is an absolute path without detours, or a name without a slash. */
function isProgramName(name: string): boolean {
  if (name === "" || name === "." || name === "..") return false;
  return isAbsolute(name) ? normalize(name) === name && !name.endsWith("/") : !name.includes("/");
}

/** Looks a bare name up in the folders of a search path; relative ones are not looked into. */
export function findProgram(name: string, searchPath: string): string | null {
  for (const folder of searchPath.split(":")) {
    if (!isAbsolute(folder)) continue;
    const path = join(folder, name);
    if (isExecutable(path)) return path;
  }
  return null;
}

function isExecutable(path: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && (mode === null || (mode & 0o111) !== 0);
  } catch {
    return false;
  }
}
