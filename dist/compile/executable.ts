/**
 * From a bundle to an executable, and the proof that it is what it should be.
 *
 * @module
 */
import { basename, join } from "../../protocol/host/mod.ts";
import { BuildError } from "./build_error.ts";
import { BUNDLE_MAIN, listBundle } from "./bundle.ts";
import type { ProgramBuild } from "./programs.ts";
import { archivePath, RUNTIME_HINT, type RuntimeBase, targetOfFile } from "./runtime_base.ts";
import type { Target } from "./targets.ts";

/** What to compile. */
export interface ExecutableOptions {
  /** The path of the folder of the bundle. */
  readonly bundle: string;
  /** The path of the executable. */
  readonly output: string;
  /** What it may do. */
  readonly flags: ProgramBuild["flags"];
  /** The machine that it runs on. */
  readonly target: Target;
  /** What is put in front of the bundle. */
  readonly base: RuntimeBase;
  /** The variables that Deno runs with. @default those of this process */
  readonly env?: Readonly<Record<string, string>>;
}

/** A time that stands in every executable, so that the same sources make the same bytes. */
const BUNDLE_TIME = new Date("2000-01-01T00:00:00Z");

/**
 * Compiles a bundle where no project is around it.
 *
 * @throws {BuildError} where Deno cannot.
 */
export async function compileExecutable(options: ExecutableOptions): Promise<void> {
  const { bundle, output, flags, target, base } = options;
  const folder = await Deno.makeTempDir({ prefix: "fluxvault-compile-" });
  try {
    await Deno.writeTextFile(join(folder, "deno.json"), "{}");
    for (const path of await listBundle(bundle)) {
      const copy = join(folder, basename(path));
      await Deno.copyFile(path, copy);
      await Deno.utime(copy, BUNDLE_TIME, BUNDLE_TIME);
    }
    const args = ["--quiet", ...flags, "--target", target, "--output", output, BUNDLE_MAIN];
    const command = new Deno.Command(Deno.execPath(), {
      args: ["compile", ...args],
      cwd: folder,
      clearEnv: true,
      env: await environmentFor(base, { ...options, scratch: join(folder, "deno") }),
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    });
    const { success, stderr } = await command.output();
    if (!success) throw compileError(target, new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Leads Deno to the runtime. */
async function environmentFor(
  base: RuntimeBase,
  { env = Deno.env.toObject(), target, scratch }: ExecutableOptions & { readonly scratch: string },
): Promise<Record<string, string>> {
  const { DENORT_BIN: _, ...others } = env;
  const variables = { ...others, NO_COLOR: "1" };
  if (base.kind === "program") return { ...variables, DENORT_BIN: base.path };
  if (base.kind === "download") return variables;
  const place = join(scratch, archivePath(target, Deno.version.deno));
  await Deno.mkdir(join(place, ".."), { recursive: true });
  await Deno.copyFile(base.path, place);
  return { ...variables, DENO_DIR: scratch };
}

/** Says what Deno says, without where in Deno that was. */
function compileError(target: Target, text: string): BuildError {
  const [said = ""] = text.split("\nStack backtrace:");
  const lines = said.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const cause = lines.find((line) => line.startsWith("1: "))?.slice(3);
  if (cause !== undefined && said.includes("Setting up base binary")) {
    return new BuildError(`there is no runtime for ${target}: ${cause}`, RUNTIME_HINT);
  }
  return new BuildError(
    `nothing could be compiled for ${target}: ${lines.join("; ")}`,
    "the runtime may be another file than it seems",
  );
}

/** What only the command line of the whole `deno` says, which no `denort` has. */
const TEXT_OF_DENO = "Compile the script into a self contained executable";

/** How long an executable has to say its version, in milliseconds. */
const VERSION_TIMEOUT_MS = 30_000;

/**
 * Fails unless an executable is our program: with a wrong runtime it would be a Deno that asks for
 * nothing and may do everything.
 *
 * @param expected What it has to say to `--version`; `null` where it cannot run here.
 * @throws {BuildError}
 */
export async function checkExecutable(
  path: string,
  { target, expected }: { readonly target: Target; readonly expected: string | null },
): Promise<void> {
  const found = await targetOfFile(path);
  if (found !== target) throw notOurs(path, `it runs on ${found ?? "nothing"}, not on ${target}`);
  if (await holdsText(path, TEXT_OF_DENO)) throw notOurs(path, "it is a whole Deno");
  if (expected === null) return;
  const said = await readVersion(path);
  if (said !== expected) throw notOurs(path, `it says ${JSON.stringify(said.slice(0, 200))}`);
}

function notOurs(path: string, reason: string): BuildError {
  return new BuildError(
    `${basename(path)} is not our program: ${reason}`,
    "the runtime must be the denort of this version of Deno and of the target, not a deno",
  );
}

async function holdsText(path: string, text: string): Promise<boolean> {
  const { Buffer } = await import("node:buffer");
  return Buffer.from((await Deno.readFile(path)).buffer).includes(text);
}

async function readVersion(path: string): Promise<string> {
  const command = new Deno.Command(path, {
    args: ["--version"],
    // A Deno would ask here what it should do.
    stdin: "null",
    stdout: "piped",
    stderr: "null",
    signal: AbortSignal.timeout(VERSION_TIMEOUT_MS),
  });
  const { stdout } = await command.output();
  return new TextDecoder().decode(stdout).trim();
}
