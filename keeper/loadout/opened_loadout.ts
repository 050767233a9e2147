/**
 * A loadout on this machine: read, checked, and looked at again while a keeper runs.
 *
 * @module
 */
import { dirname, resolve } from "node:path";
import { ConfigErrors } from "../../protocol/mod.ts";
import { isSameApp } from "../app_name.ts";
import { isWritableByOthers } from "../state_permissions.ts";
import type { AppLoadout } from "./app_loadout.ts";
import { findLoadoutFiles, type ReadLoadoutFile, readLoadoutFiles } from "./loadout_files.ts";
import { readLoadoutText } from "./loadout_text.ts";
import { type LoadoutProblem, problemsError, quoted } from "./problems.ts";

/** A loadout that can be used. */
export interface Loadout {
  /** The file or folder that it was read from. */
  readonly path: string;
  /** The files that were read. */
  readonly files: readonly string[];
  /** Its apps. */
  readonly apps: readonly AppLoadout[];
  /** What is probably not meant. */
  readonly warnings: readonly LoadoutProblem[];
}

/** What a look at a loadout came to. */
export interface LoadoutReload {
  /** The loadout in force: the same object as before where nothing changed, or the change is bad. */
  readonly loadout: Loadout;
  /** What is wrong with what is there now; the same object as long as it is the same. */
  readonly problem: ConfigErrors | null;
}

/** A loadout that can be looked at again. */
export interface OpenedLoadout {
  /** The loadout in force. */
  readonly loadout: Loadout;
  /**
   * Looks whether anything changed, which costs a look at the times of the files where nothing did.
   * Never rejects because of what is there; calls must not overlap.
   */
  reload(): Promise<LoadoutReload>;
}

/**
 * Opens a loadout: a file, or the folder of a vault with a folder for each app.
 *
 * @throws {ConfigErrors} with every mistake in every file, each with its place.
 *
 * @example
 * ```ts
 * import { openLoadout } from "@fluxvault/fluxvault/keeper";
 *
 * const folder = await Deno.makeTempDir();
 * const path = `${folder}/loadout.yaml`;
 * const app = (source: string) =>
 *   `version: 1\napps: { demo: { groups: { all: { state_directives: [{ source: ${source} }] } } } }`;
 * await Deno.writeTextFile(path, app("motd"));
 * const opened = await openLoadout(path);
 * await Deno.writeTextFile(path, app("../motd"));
 * const { loadout, problem } = await opened.reload();
 * console.assert(problem !== null && loadout === opened.loadout);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function openLoadout(path: string): Promise<OpenedLoadout> {
  const files = await readLoadoutFiles(await findLoadoutFiles(path));
  const verdict = judgeFiles(path, files);
  if (verdict instanceof ConfigErrors) throw verdict;
  return new LoadoutOnDisk(path, { files, loadout: verdict });
}

/**
 * Returns the app of that name, however it is written, or `undefined`.
 *
 * @example
 * ```ts
 * import { findApp, openLoadout } from "@fluxvault/fluxvault/keeper";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(
 *   `${folder}/loadout.yaml`,
 *   "version: 1\napps: { Shop: { groups: { all: { state_directives: [{ source: motd }] } } } }",
 * );
 * const { loadout } = await openLoadout(`${folder}/loadout.yaml`);
 * console.assert(findApp(loadout, "shop")?.app === "Shop"); // Case tells no apps apart.
 * console.assert(findApp(loadout, "another") === undefined);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export function findApp(loadout: Loadout, name: string): AppLoadout | undefined {
  return loadout.apps.find(({ app }) => isSameApp(app, name));
}

/** Files that were read, and what they come to. */
interface Judged {
  readonly files: readonly ReadLoadoutFile[];
  readonly verdict: Loadout | ConfigErrors;
}

class LoadoutOnDisk implements OpenedLoadout {
  readonly #path: string;
  #loadout: Loadout;
  /** The files that are in force. */
  #good: readonly ReadLoadoutFile[];
  #last: Judged;
  #trouble: ConfigErrors | null = null;

  constructor(
    path: string,
    opened: { readonly files: readonly ReadLoadoutFile[]; readonly loadout: Loadout },
  ) {
    const { files, loadout } = opened;
    this.#path = path;
    this.#loadout = loadout;
    this.#good = files;
    this.#last = { files, verdict: loadout };
  }

  get loadout(): Loadout {
    return this.#loadout;
  }

  async reload(): Promise<LoadoutReload> {
    try {
      const found = await findLoadoutFiles(this.#path);
      this.#judge(await readLoadoutFiles(found, { before: this.#last.files }));
      this.#trouble = null;
    } catch (error) {
      if (!(error instanceof ConfigErrors)) throw error;
      if (describe(error) !== describe(this.#trouble)) this.#trouble = error;
      return { loadout: this.#loadout, problem: this.#trouble };
    }
    const { verdict } = this.#last;
    return { loadout: this.#loadout, problem: verdict instanceof ConfigErrors ? verdict : null };
  }

  #judge(files: readonly ReadLoadoutFile[]): void {
    const verdict = isSameText(files, this.#last.files)
      ? this.#last.verdict
      : isSameText(files, this.#good)
      ? this.#loadout
      : judgeFiles(this.#path, files);
    this.#last = { files, verdict };
    if (verdict instanceof ConfigErrors) return;
    this.#loadout = verdict;
    this.#good = files;
  }
}

function isSameText(a: readonly ReadLoadoutFile[], b: readonly ReadLoadoutFile[]): boolean {
  return a.length === b.length && a.every(({ path, app, text, problem }, i) => {
    const other = b[i];
    return path === other?.path && app === other.app && text === other.text &&
      problem?.problem === other.problem?.problem;
  });
}

function describe(error: ConfigErrors | null): string {
  return JSON.stringify(error?.errors.map(({ message, source }) => [message, source]));
}

function judgeFiles(path: string, files: readonly ReadLoadoutFile[]): Loadout | ConfigErrors {
  const apps: AppLoadout[] = [];
  const problems: LoadoutProblem[] = [];
  const warnings: LoadoutProblem[] = [];
  for (const { path: file, app, text, problem } of files) {
    if (problem !== undefined) {
      problems.push(problem);
      continue;
    }
    const folder = dirname(resolve(file));
    const parsed = readLoadoutText(text, {
      file,
      app,
      resolveVault: (name, vault) => resolve(folder, vault ?? (app === null ? name : ".")),
    });
    apps.push(...parsed.apps);
    problems.push(...parsed.problems, ...findDoubles(parsed.apps, apps));
    warnings.push(...parsed.warnings);
    if (isWritableByOthers(file)) warnings.push(openToOthers(file));
  }
  if (problems.length > 0) return problemsError(problems);
  return { path, files: files.map((file) => file.path), apps, warnings };
}

/** Finds apps of this file that another file has; one file alone is looked through as it is read. */
function findDoubles(
  own: readonly AppLoadout[],
  all: readonly AppLoadout[],
): readonly LoadoutProblem[] {
  return own.flatMap((app) => {
    const other = all.find((one) => !own.includes(one) && isSameApp(one.app, app.app));
    if (other === undefined) return [];
    const problem =
      `the app ${quoted(app.app)} is declared at ${other.origin} as well: case does ` +
      "not tell apps apart";
    return [{ place: app.origin, problem, hint: "Rename one of the folders." }];
  });
}

function openToOthers(file: string): LoadoutProblem {
  return {
    place: file,
    problem: "others than the owner of the file can change what is given to whom",
    hint: `Look through it, and run chmod go-w ${file}.`,
  };
}
