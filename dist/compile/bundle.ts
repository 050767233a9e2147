/**
 * From the sources of a program to one JavaScript file.
 *
 * @module
 */
import { pathToFileURL } from "node:url";
import { PROJECT_ROOT, readProjectConfig, withDerivedConfig } from "../tasks/derived_config.ts";
import { BuildError } from "./build_error.ts";

/**
 * Bundles a module with only what it uses, minified.
 *
 * @param source The module, by its path in the project.
 * @throws {BuildError} where Deno cannot.
 */
export async function bundleModule(source: string, output: string): Promise<void> {
  // Of `deno.json` a program wants the version alone.
  const excerpt = await Deno.makeTempFile({ prefix: "fluxvault-version-", suffix: ".json" });
  try {
    const { version } = await readProjectConfig();
    await Deno.writeTextFile(excerpt, JSON.stringify({ version }));
    const replaced = { [new URL("deno.json", PROJECT_ROOT).href]: pathToFileURL(excerpt).href };
    await withDerivedConfig({}, (config) => runBundler(config, { source, output }), replaced);
  } finally {
    await Deno.remove(excerpt);
  }
}

async function runBundler(
  config: string,
  { source, output }: { readonly source: string; readonly output: string },
): Promise<void> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--minify", "--config", config, "--output", output, source],
    cwd: PROJECT_ROOT,
    stdin: "null",
  }).spawn().status;
  if (success) return;
  throw new BuildError(
    `${source} could not be bundled`,
    "deno bundle fetches esbuild from the package registry once",
  );
}
