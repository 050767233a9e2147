/**
 * How the programs of the system are run that keep secrets for it.
 *
 * A secret goes in by standard input and comes out by standard output, never through an argument or a
 * variable, which other programs can see.
 *
 * @module
 */
import { StorageError } from "../../../protocol/mod.ts";
import { type Environment, sanitiseText } from "../../../protocol/host/mod.ts";
import { MAX_COMPLAINT_CHARACTERS } from "../limits.ts";

/** What to run. */
export interface CommandCall {
  /** The program, by its name. */
  readonly command: string;
  /** Its arguments: none of them is a secret. */
  readonly args: readonly string[];
  /** Variables beside those that every program gets: none of them is a secret. @default {none} */
  readonly variables?: Readonly<Record<string, string>>;
  /** What it reads from standard input. @default {""} */
  readonly input?: string;
  /** How long it may take, in milliseconds. */
  readonly timeLimitMs: number;
}

/** What came of it. */
export interface CommandResult {
  /** The exit status. */
  readonly code: number;
  /** What it wrote to standard output. */
  readonly stdout: string;
  /** The beginning of what it wrote to standard error, as one harmless line. */
  readonly complaint: string;
}

/**
 * Runs a program to its end.
 *
 * @returns What came of it, or `null` where there is no such program, or none that may be run.
 * @throws {StorageError} `io-failed` if it takes too long; it is ended then.
 */
export type CommandRunner = (call: CommandCall) => Promise<CommandResult | null>;

/**
 * What these programs need to find their service and the operator. Nothing else is handed on; Deno
 * refuses to run a program by its name beside variables that change what a program loads.
 */
const VARIABLES: readonly string[] = [
  ...["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL"],
  ...["DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"],
  ...["SystemRoot", "windir", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TEMP", "TMP"],
  "PSModulePath",
];

/** The options of {@linkcode systemCommandRunner}. */
export interface CommandRunnerOptions {
  /** Ends what is run; its reason is thrown. */
  readonly signal: AbortSignal;
}

/** Makes a runner of programs of this machine. */
export function systemCommandRunner(
  env: Environment,
  { signal }: CommandRunnerOptions,
): CommandRunner {
  const variables: Record<string, string> = {};
  for (const name of VARIABLES) {
    const value = env.get(name);
    if (value !== undefined) variables[name] = value;
  }
  return async (call) => {
    signal.throwIfAborted();
    const child = spawn(call, { ...variables, ...call.variables });
    return child === null ? null : await follow(child, call, { signal });
  };
}

function spawn(call: CommandCall, env: Record<string, string>): Deno.ChildProcess | null {
  try {
    return new Deno.Command(call.command, {
      args: [...call.args],
      clearEnv: true,
      env,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) {
      return null;
    }
    throw new StorageError("io-failed", `${call.command} cannot be run`, { cause: error });
  }
}

async function follow(
  child: Deno.ChildProcess,
  { command, input = "", timeLimitMs }: CommandCall,
  { signal }: CommandRunnerOptions,
): Promise<CommandResult> {
  let isLate = false;
  const end = () => child.kill("SIGKILL");
  const timer = setTimeout(() => {
    isLate = true;
    end();
  }, timeLimitMs);
  signal.addEventListener("abort", end, { once: true });
  try {
    const [output] = await Promise.all([child.output(), send(child, input)]);
    signal.throwIfAborted();
    if (isLate) {
      const seconds = Math.round(timeLimitMs / 1000);
      throw new StorageError("io-failed", `${command} did not end within ${seconds} s`);
    }
    const { code, stdout, stderr } = output;
    const decoder = new TextDecoder();
    const result = { code, stdout: decoder.decode(stdout), complaint: firstLine(stderr) };
    stdout.fill(0);
    return result;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
}

async function send(child: Deno.ChildProcess, input: string): Promise<void> {
  const bytes = new TextEncoder().encode(input);
  const writer = child.stdin.getWriter();
  try {
    await writer.write(bytes);
    await writer.close();
  } catch {
    // It ended without reading all of it; its exit status says why.
  } finally {
    bytes.fill(0);
  }
}

function firstLine(bytes: Uint8Array): string {
  const [line = ""] = new TextDecoder().decode(bytes).trim().split("\n");
  return sanitiseText(line.trim(), { maxLength: MAX_COMPLAINT_CHARACTERS });
}
