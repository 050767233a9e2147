/**
 * Builds both programs into `dist/bin/`: a bundle of each, and of each bundle an executable.
 *
 * `deno task compile` builds for this machine, `--target NAME` (repeatable) for others, `--bundle`
 * stops at the bundles, which run under plain Deno. Bundling first makes an executable smaller and
 * quicker to start. The permissions baked in are those of the tasks `agent` and `keeper`; an agent
 * that may run programs is an executable of its own, with those of `agent:run`.
 * `deno compile` fetches its runtime, or takes the file that `DENORT_BIN` names.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { PROJECT_ROOT, readProjectConfig } from "./derived_config.ts";

const OUTPUT_FOLDER = fileURLToPath(new URL("dist/bin/", PROJECT_ROOT));
const PROGRAMS = ["agent", "keeper"] as const;

/** The executables of each program, each with the permissions of the task of that name. */
const VARIANTS: Readonly<Record<typeof PROGRAMS[number], readonly string[]>> = {
  agent: ["agent", "agent:run"],
  keeper: ["keeper"],
};

/** The build cannot go on; its cause is the hint. */
class BuildError extends Error {}

/** Runs this Deno; ends the build where it fails. */
async function runDeno(args: readonly string[], cwd: string | URL, hint: string): Promise<void> {
  const command = new Deno.Command(Deno.execPath(), { args: [...args], cwd, stdin: "null" });
  const { success } = await command.spawn().status;
  if (success) return;
  throw new BuildError(`deno ${args[0]} failed`, { cause: hint });
}

/** Reads the flags, permissions among them, off a task of the form `deno run FLAGS program/main.ts`. */
function readFlags(task: string): string[] {
  return task.split(" ").filter((word) => word.startsWith("--"));
}

/** Bundles one program and returns the path of the bundle. */
async function bundleProgram(program: string): Promise<string> {
  const bundle = join(OUTPUT_FOLDER, `fluxvault-${program}.js`);
  const args = ["bundle", "--quiet", "--minify", "--output", bundle, `${program}/main.ts`];
  await runDeno(args, PROJECT_ROOT, "deno bundle fetches esbuild from the package registry once");
  return bundle;
}

/** Compiles a bundle where no project is around it, and returns the path of the executable. */
async function compileBundle(
  bundle: string,
  options: {
    readonly variant: string;
    readonly permissions: readonly string[];
    readonly target: string | undefined;
  },
): Promise<string> {
  const { variant, permissions, target } = options;
  const suffix = (target === undefined ? "" : `-${target}`) +
    ((target ?? Deno.build.target).includes("windows") ? ".exe" : "");
  const executable = join(OUTPUT_FOLDER, `fluxvault-${variant.replace(":", "-")}`) + suffix;
  const folder = await Deno.makeTempDir({ prefix: "fluxvault-compile-" });
  try {
    await Deno.writeTextFile(join(folder, "deno.json"), "{}");
    await Deno.copyFile(bundle, join(folder, basename(bundle)));
    const choice = target === undefined ? [] : ["--target", target];
    await runDeno(
      ["compile", "--quiet", ...permissions, ...choice, "--output", executable, basename(bundle)],
      folder,
      "without a network, point DENORT_BIN at the denort file of this Deno, or use --bundle",
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return executable;
}

/** Fails unless the executable is our program: a wrong runtime would be a Deno with all rights. */
async function checkVersion(executable: string, version: string): Promise<void> {
  const command = new Deno.Command(executable, { args: ["--version"], stdin: "null" });
  const { success, stdout } = await command.output();
  const text = new TextDecoder().decode(stdout).trim();
  if (success && text.startsWith("fluxvault") && text.includes(version)) return;
  await Deno.remove(executable);
  throw new BuildError(`${executable} is not our program, so it was removed; it says ${text}`, {
    cause: "DENORT_BIN must name denort, not deno",
  });
}

/** Builds what the command line asks for, and returns the paths of what it built. */
async function build(): Promise<readonly string[]> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      bundle: { type: "boolean", default: false },
      target: { type: "string", multiple: true },
    },
  });
  const { tasks, version } = await readProjectConfig();
  await Deno.mkdir(OUTPUT_FOLDER, { recursive: true });
  const built: string[] = [];
  for (const program of PROGRAMS) {
    const bundle = await bundleProgram(program);
    built.push(bundle);
    if (values.bundle) continue;
    for (const variant of VARIANTS[program]) {
      const permissions = readFlags(tasks[variant] ?? "");
      for (const target of values.target ?? [undefined]) {
        const executable = await compileBundle(bundle, { variant, permissions, target });
        if (target === undefined || target === Deno.build.target) {
          await checkVersion(executable, version);
        }
        built.push(executable);
      }
    }
  }
  return built;
}

/** Writes `SHA256SUMS` beside the files that were built, and lists them. */
async function writeChecksums(built: readonly string[]): Promise<void> {
  const sums: string[] = [];
  for (const path of built) {
    const bytes = await Deno.readFile(path);
    sums.push(`${createHash("sha256").update(bytes).digest("hex")}  ${basename(path)}`);
    console.log(`${(bytes.length / 1e6).toFixed(2).padStart(7)} MB  ${path}`);
  }
  await Deno.writeTextFile(join(OUTPUT_FOLDER, "SHA256SUMS"), sums.join("\n") + "\n");
}

try {
  await writeChecksums(await build());
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(`error: ${error.message}\nhint: ${error.cause}`);
  Deno.exitCode = 1;
}
