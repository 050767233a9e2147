/**
 * The whole build: bundles, executables, their sums and their sizes.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { join, relative, resolve } from "../../protocol/host/mod.ts";
import { PROJECT_ROOT, readProjectConfig } from "../tasks/derived_config.ts";
import { bundleModule, listBundle } from "./bundle.ts";
import { checkExecutable, compileExecutable } from "./executable.ts";
import type { BuildOptions } from "./options.ts";
import { bundleNameOf, type ProgramBuild } from "./programs.ts";
import { findRuntimeBase, type RuntimeBase } from "./runtime_base.ts";
import {
  checkRuntimeSum,
  readRuntimeSums,
  recordRuntimeSum,
  RUNTIME_SUMS_FILE,
  sumOfFile,
} from "./runtime_sums.ts";
import { executableName, type Target } from "./targets.ts";

/** What a build sees of the process that it runs in. */
export interface BuildHost {
  /** The variables that Deno compiles with, of which DENORT_BIN and DENO_DIR lead to runtimes. */
  readonly env: Readonly<Record<string, string>>;
  /** Where sums of runtimes are recorded. @default {RUNTIME_SUMS_FILE} */
  readonly sumsFile?: URL | string;
  /** Takes a line about what was done. */
  readonly say: (line: string) => void;
}

/** The name of the file with the sums of what was built. */
export const CHECKSUMS_NAME = "SHA256SUMS";

/**
 * Builds what is asked for.
 *
 * What was built before a failure stays, the bundles at least, and has its sums.
 *
 * @throws a `BuildError`, with a hint.
 */
export async function build(options: BuildOptions, host: BuildHost): Promise<void> {
  const output = resolve(options.output ?? fileURLToPath(new URL("dist/bin", PROJECT_ROOT)));
  await Deno.mkdir(output, { recursive: true });
  const built: string[] = [];
  try {
    const bundles = await buildBundles(options.programs, output);
    built.push(...bundles.values());
    for (const target of options.targets) {
      await buildTarget(target, { options, host, output, bundles, built });
    }
  } finally {
    await writeChecksums(built, { output, say: host.say });
  }
}

/** Bundles each source once; returns the folders by the source. */
async function buildBundles(
  programs: readonly ProgramBuild[],
  output: string,
): Promise<Map<string, string>> {
  const bundles = new Map<string, string>();
  for (const program of programs) {
    if (bundles.has(program.source)) continue;
    const folder = join(output, bundleNameOf(program));
    await bundleModule(program.source, folder);
    bundles.set(program.source, folder);
  }
  return bundles;
}

async function buildTarget(
  target: Target,
  { options, host, output, bundles, built }: {
    readonly options: BuildOptions;
    readonly host: BuildHost;
    readonly output: string;
    readonly bundles: ReadonlyMap<string, string>;
    readonly built: string[];
  },
): Promise<void> {
  const { version } = await readProjectConfig();
  const { env } = host;
  const base = await findRuntimeBase(target, {
    baseFolder: options.baseFolder,
    denortBin: env["DENORT_BIN"],
    denoFolder: await findDenoFolder(env),
    version: Deno.version.deno,
  });
  let isChecked = base.kind !== "download";
  if (isChecked) await checkBase(base, { options, host, target });
  for (const { name, program, source, flags } of options.programs) {
    const path = join(output, executableName(name, { version, target }));
    const bundle = bundles.get(source) ?? "";
    try {
      await compileExecutable({ bundle, output: path, flags, target, base, env });
      // What Deno fetches is there only now.
      if (!isChecked) await checkBase(base, { options, host, target });
      isChecked = true;
      const expected = target === Deno.build.target ? `${program} ${version}` : null;
      await checkExecutable(path, { target, expected });
    } catch (error) {
      await Deno.remove(path).catch(() => {});
      throw error;
    }
    built.push(path);
  }
}

/** Asks Deno where it fetches to. */
async function findDenoFolder(env: BuildHost["env"]): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json"],
    clearEnv: true,
    env: { ...env },
    stdin: "null",
    stderr: "null",
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

async function checkBase(
  base: RuntimeBase,
  { options, host, target }: {
    readonly options: BuildOptions;
    readonly host: BuildHost;
    readonly target: Target;
  },
): Promise<void> {
  const { sumsFile = RUNTIME_SUMS_FILE, say } = host;
  const version = Deno.version.deno;
  const sum = await sumOfFile(base.path);
  const known = (await readRuntimeSums(sumsFile))[version]?.[base.name];
  const isKnown = checkRuntimeSum(base.name, sum, known);
  const verdict = isKnown ? "checked" : "not checked, no sum of it is recorded";
  say(`${target}: ${base.name} from ${base.origin}, SHA-256 ${sum}, ${verdict}`);
  if (isKnown || !options.recordSums) return;
  await recordRuntimeSum(sumsFile, { version, name: base.name, sum });
  say(`recorded the sum of ${base.name}`);
}

async function writeChecksums(
  built: readonly string[],
  { output, say }: { readonly output: string; readonly say: BuildHost["say"] },
): Promise<void> {
  if (built.length === 0) return;
  const sums: string[] = [];
  for (const path of built) {
    const { isDirectory } = await Deno.stat(path);
    let bytes = 0;
    for (const file of isDirectory ? await listBundle(path) : [path]) {
      sums.push(`${await sumOfFile(file)}  ${relative(output, file)}\n`);
      bytes += (await Deno.stat(file)).size;
    }
    say(`${(bytes / 1e6).toFixed(2).padStart(7)} MB  ${path}`);
  }
  await Deno.writeTextFile(join(output, CHECKSUMS_NAME), sums.join(""));
}
