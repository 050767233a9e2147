/**
 * A second configuration of the project, with other compiler options, for checks that need one.
 *
 * It is made from `deno.json`, so that it cannot drift from it, and lies in a temporary folder with
 * a copy of the lock file beside it (Deno takes a frozen lock file as out of date when another
 * configuration names the same project).
 *
 * @module
 */
import { join } from "node:path";

/** The folder of the project, with a slash at its end. */
export const PROJECT_ROOT: URL = new URL("../../", import.meta.url);

/** What this project reads of its own `deno.json`. */
export interface ProjectConfig {
  /** The name under which the project is imported. */
  readonly name: string;
  /** The version that a release tag must equal. */
  readonly version: string;
  /** The modules that importers see, by entry. */
  readonly exports: Readonly<Record<string, string>>;
  /** The packages that the project uses, by bare name. */
  readonly imports: Readonly<Record<string, string>>;
  /** The commands behind `deno task`. */
  readonly tasks: Readonly<Record<string, string>>;
  /** The options of the type checker. */
  readonly compilerOptions: Readonly<Record<string, unknown>>;
}

/** Reads `deno.json`. */
export async function readProjectConfig(): Promise<ProjectConfig> {
  return JSON.parse(await Deno.readTextFile(new URL("deno.json", PROJECT_ROOT)));
}

/**
 * Writes the derived configuration and hands its path to `use`; removes it afterwards.
 *
 * @param changes Compiler options that replace those of `deno.json`; `undefined` drops one.
 * @param replaced What is imported in the place of modules, by their URLs.
 */
export async function withDerivedConfig<T>(
  changes: Readonly<Record<string, unknown>>,
  use: (configPath: string) => Promise<T>,
  replaced: Readonly<Record<string, string>> = {},
): Promise<T> {
  const config = await readProjectConfig();
  const imports: Record<string, string> = { ...config.imports, ...replaced };
  for (const [entry, path] of Object.entries(config.exports)) {
    imports[config.name + entry.slice(1)] = new URL(path, PROJECT_ROOT).href;
  }
  const folder = await Deno.makeTempDir({ prefix: "fluxvault-config-" });
  try {
    await Deno.copyFile(new URL("deno.lock", PROJECT_ROOT), join(folder, "deno.lock"));
    const configPath = join(folder, "deno.json");
    const derived = {
      imports,
      compilerOptions: { ...config.compilerOptions, ...changes },
      lock: { path: "./deno.lock", frozen: false },
      nodeModulesDir: "none",
    };
    await Deno.writeTextFile(configPath, JSON.stringify(derived));
    return await use(configPath);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
