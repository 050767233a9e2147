/**
 * What the suites share that need programs of this machine.
 *
 * @module
 */
import { PROJECT_ROOT } from "./derived_config.ts";

/** The exit status by which a suite says that this machine lacks something it needs. */
export const SKIP_STATUS = 77;

/** How a program is run. */
export type RunOptions = Pick<Deno.CommandOptions, "env" | "stdout" | "stderr">;

/** Runs a program in the project; `null` where it is not there. */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions,
): Promise<number | null> {
  try {
    const process = new Deno.Command(command, {
      args: [...args],
      cwd: PROJECT_ROOT,
      stdin: "null",
      ...options,
    });
    return (await process.spawn().status).code;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Installs packages of Debian, as far as this machine and user can. */
export async function installPackages(...packages: readonly string[]): Promise<void> {
  const options = { env: { DEBIAN_FRONTEND: "noninteractive" } };
  for (const args of [["update", "-qq"], ["install", "-y", "-qq", ...packages]]) {
    if (await run("apt-get", args, options) === null) return;
  }
}
