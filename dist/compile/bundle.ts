/**
 * From the sources of a program to a folder of JavaScript files: one that starts it, and beside it what is
 * loaded only where it is needed.
 *
 * @module
 */
import { pathToFileURL } from "node:url";
import { PROJECT_ROOT, readProjectConfig, withDerivedConfig } from "../tasks/derived_config.ts";
import { join } from "../../protocol/host/mod.ts";
import { BuildError } from "./build_error.ts";

/** The file of a bundle that starts the program; a module that is bundled is a `main.ts`. */
export const BUNDLE_MAIN = "main.js";

/**
 * Bundles a module with only what it uses, minified, into a folder.
 *
 * What an earlier bundle left in the folder goes first; what is no script stays.
 *
 * @param source The module, by its path in the project.
 * @throws {BuildError} where Deno cannot.
 */
export async function bundleModule(source: string, folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const path of await listBundle(folder)) await Deno.remove(path);
  // Of `deno.json` a program wants the version alone.
  const excerpt = await Deno.makeTempFile({ prefix: "fluxvault-version-", suffix: ".json" });
  try {
    const { version } = await readProjectConfig();
    await Deno.writeTextFile(excerpt, JSON.stringify({ version }));
    const replaced = { [new URL("deno.json", PROJECT_ROOT).href]: pathToFileURL(excerpt).href };
    await withDerivedConfig({}, (config) => runBundler(config, { source, folder }), replaced);
  } finally {
    await Deno.remove(excerpt);
  }
}

/** Returns the paths of the files of a bundle, in order. */
export async function listBundle(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  const scripts = entries.filter(({ name, isFile }) => isFile && name.endsWith(".js"));
  return scripts.map(({ name }) => join(folder, name)).sort();
}

async function runBundler(
  config: string,
  { source, folder }: { readonly source: string; readonly folder: string },
): Promise<void> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--quiet", "--minify", "--code-splitting"],
      ...["--config", config, "--outdir", folder, source],
    ],
    cwd: PROJECT_ROOT,
    stdin: "null",
  }).spawn().status;
  if (success) return;
  throw new BuildError(
    `${source} could not be bundled`,
    "deno bundle fetches esbuild from the package registry once",
  );
}
