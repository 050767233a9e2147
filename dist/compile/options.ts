/**
 * The command line of the build.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { BuildError } from "./build_error.ts";
import { type ProgramBuild, PROGRAMS } from "./programs.ts";
import { isTarget, type Target, TARGETS } from "./targets.ts";

/** What to build. */
export interface BuildOptions {
  /** The executables, or those whose bundles are wanted. */
  readonly programs: readonly ProgramBuild[];
  /** The machines; empty where bundles are all that is wanted. */
  readonly targets: readonly Target[];
  /** A folder with runtimes. */
  readonly baseFolder: string | undefined;
  /** Whether to record the sums of the runtimes that were used. */
  readonly recordSums: boolean;
  /** The folder for what is built; that of the project where it is not given. */
  readonly output: string | undefined;
}

/** The text of `--help`. */
export const BUILD_HELP = `Usage: deno task compile [OPTION]...

Builds executables, and the bundles that they are made of, into dist/bin/.

  --target TARGET       for this machine; may be given several times
  --all                 for all machines: ${TARGETS.slice(0, 3).join(", ")},
                        ${TARGETS.slice(3).join(", ")}
  --program NAME        only this: ${PROGRAMS.map(({ name }) => name).join(", ")}
  --bundle              only the bundles, which run under plain Deno
  --base-folder FOLDER  where the runtimes are, denort-TARGET.zip, as Deno has them for download;
                        else the file that DENORT_BIN names, else Deno fetches them
  --record-sums         record the SHA-256 sums of the runtimes, once you have compared them
  --output FOLDER       another folder than dist/bin/
`;

/** The mistakes of a command line. */
export class UsageError extends BuildError {}

/**
 * Reads the command line of the build.
 *
 * @param here The target that this machine is.
 * @returns `null` where help is asked for.
 * @throws {UsageError}
 */
export function parseBuildOptions(
  args: readonly string[],
  here: string = Deno.build.target,
): BuildOptions | null {
  const values = readValues(args);
  if (values.help) return null;
  const { all, bundle, target: named = [], program = [] } = values;
  if (bundle && (all || named.length > 0)) {
    throw new UsageError("--bundle makes nothing for a target", "leave one of them out");
  }
  if (all && named.length > 0) {
    throw new UsageError("--all has every --target already", "leave one of them out");
  }
  return {
    programs: program.length === 0 ? PROGRAMS : program.map(findProgram),
    targets: bundle ? [] : all ? TARGETS : readTargets(named.length > 0 ? named : [here]),
    baseFolder: values["base-folder"],
    recordSums: values["record-sums"],
    output: values.output,
  };
}

function readValues(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        all: { type: "boolean", default: false },
        "base-folder": { type: "string" },
        bundle: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
        output: { type: "string" },
        program: { type: "string", multiple: true },
        "record-sums": { type: "boolean", default: false },
        target: { type: "string", multiple: true },
      },
    }).values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(error.message, "deno task compile --help");
  }
}

function findProgram(name: string): ProgramBuild {
  const found = PROGRAMS.find((program) => program.name === name);
  if (found !== undefined) return found;
  const known = PROGRAMS.map((program) => program.name).join(", ");
  throw new UsageError(`there is no program ${name}`, `the programs are ${known}`);
}

function readTargets(names: readonly string[]): Target[] {
  const targets = [...new Set(names)];
  const unknown = targets.find((name) => !isTarget(name));
  if (unknown === undefined) return targets.filter(isTarget);
  throw new UsageError(
    `nothing can be compiled for ${unknown}`,
    `the targets are ${TARGETS.join(", ")}; the bundles run under plain Deno elsewhere`,
  );
}
