/**
 * Runs the examples in the documentation comments and in the Markdown pages as tests.
 *
 * Deno imports every export of a module into each of its examples, and `noUnusedLocals` would refuse
 * the ones that the example does not use; so that option is off here (the linter holds the same rule
 * for the project's own code).
 *
 * @module
 */
import { PROJECT_ROOT, withDerivedConfig } from "./derived_config.ts";

const PLACES = ["README.md", "mod.ts", "protocol", "flux", "agent", "keeper"];

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(new URL(path, PROJECT_ROOT));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const places: string[] = [];
for (const place of PLACES) if (await exists(place)) places.push(place);

const status = await withDerivedConfig(
  { noUnusedLocals: undefined },
  (configPath) =>
    new Deno.Command(Deno.execPath(), {
      args: ["test", "--doc", "-A", "--quiet", "--config", configPath, ...places],
      cwd: PROJECT_ROOT,
      stdin: "null",
    }).spawn().status,
);
Deno.exit(status.code);
