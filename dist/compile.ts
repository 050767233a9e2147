/**
 * `deno task compile`: bundles each program, and makes an executable of each bundle.
 *
 * Exit status: 0 when all is built, 1 when something is not (the bundles are left), 2 for a mistake on
 * the command line.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { build } from "./compile/build.ts";
import { BuildError } from "./compile/build_error.ts";
import { BUILD_HELP, parseBuildOptions, UsageError } from "./compile/options.ts";

try {
  const options = parseBuildOptions(Deno.args);
  if (options === null) console.log(BUILD_HELP.trimEnd());
  else await build(options, { env: Deno.env.toObject(), say: console.log });
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(`error: ${error.message}\nhint: ${error.hint}`);
  Deno.exitCode = error instanceof UsageError ? 2 : 1;
}
