/**
 * From a command line to an exit status.
 *
 * @module
 */
import { ConfigError, StorageError } from "../../errors.ts";
import { type Operand, parseArguments } from "./arguments.ts";
import { type Environment, SYSTEM_ENVIRONMENT } from "../environment.ts";
import { GLOBAL_OPTIONS } from "./global_options.ts";
import type { Logger } from "../../logger.ts";
import type { ProgramLog } from "../log_setup.ts";
import { type SettingsOf, variableName } from "./option_table.ts";
import {
  allOptionsOf,
  type Command,
  findCommand,
  type Program,
  startsWithWords,
  type WithGlobalOptions,
} from "./program.ts";
import { type ResolvedSettings, resolveSettings, settingError } from "./settings.ts";
import {
  listenForShutdown,
  type ShutdownOptions,
  StopRequested,
  SYSTEM_SIGNALS,
} from "../shutdown.ts";
import { PatientOutput } from "../patient_output.ts";
import { DISCLOSED_HINT, holdsPrivateKey } from "../private_key_text.ts";
import { storageError } from "../storage_error.ts";
import { suggestName } from "./suggestion.ts";
import {
  EXIT_CHANGES,
  EXIT_DONE,
  reportError,
  streamArea,
  streamOutput,
  type TextOutput,
} from "../terminal.ts";
import { streamInput, type TextInput } from "../terminal_input.ts";

/** What of a process a program sees; a test makes its own. */
export interface ProgramHost {
  /** The arguments, without the program's name. */
  readonly args: readonly string[];
  /** The environment variables. */
  readonly env: Environment;
  /** Standard input. */
  readonly stdin: TextInput;
  /** Standard output. */
  readonly stdout: TextOutput;
  /** Standard error. */
  readonly stderr: TextOutput;
  /**
   * Where signals come from and how the process ends at the second one.
   *
   * @default the process's own
   */
  readonly shutdown?: ShutdownOptions;
}

/** Returns the process that this code runs in. */
export function systemHost(): ProgramHost {
  const area = streamArea(Deno.stderr, SYSTEM_ENVIRONMENT);
  const stderr = streamOutput(Deno.stderr, SYSTEM_ENVIRONMENT, { area });
  return {
    args: Deno.args,
    env: SYSTEM_ENVIRONMENT,
    stdin: streamInput(Deno.stdin, stderr),
    stdout: streamOutput(Deno.stdout, SYSTEM_ENVIRONMENT, { area }),
    stderr,
  };
}

/**
 * Runs the command that the arguments call and returns the exit status.
 *
 * Whatever is thrown ends up as text on standard error and a status ({@linkcode reportError});
 * `--help` and `--version` load none of the program's code. Never rejects.
 */
export async function runProgram(program: Program, host: ProgramHost): Promise<number> {
  const format = { json: isOn(host, "json"), debug: isOn(host, "debug") };
  try {
    const before = await answerAtOnce(program, host);
    const code = before ?? await runCommand(callOf(program, host.args), { program, host });
    checkWritten(host, code);
    return code;
  } catch (error) {
    return await reportError(error, { output: host.stderr, ...format });
  }
}

/** What was to be read and was not written is no success, whatever else was done. */
function checkWritten({ stdout: { failure } }: ProgramHost, code: number): void {
  if (failure === undefined || (code !== EXIT_DONE && code !== EXIT_CHANGES)) return;
  throw storageError(failure, "write all of it to standard output");
}

/** Answers what must work whatever else is on the command line. */
async function answerAtOnce(program: Program, host: ProgramHost): Promise<number | null> {
  const [args] = splitAtDashes(host.args);
  if (args.includes("--help") || args.includes("-h")) {
    const words = wordsOf(program, args.filter((arg) => !arg.startsWith("-")));
    const command = findCommand(program, words) ?? program.commands[0];
    const { formatHelp } = await import("./help.ts");
    if (command !== undefined) await host.stdout.write(formatHelp(program, command));
    return EXIT_DONE;
  }
  if (args.includes("--version")) {
    await host.stdout.write(`${program.name} ${program.version}\n`);
    return EXIT_DONE;
  }
  return null;
}

function wordsOf(program: Program, words: readonly string[]): readonly string[] {
  return words[0] === program.leadingWord ? words.slice(1) : words;
}

interface Call {
  readonly command: Command;
  /** The arguments without the words of the command. */
  readonly args: readonly string[];
  /** What stands behind `--`, where the command takes it. */
  readonly rest: readonly string[] | null;
}

/** Tells what is before the first `--` from what is behind it; `null` where there is none. */
function splitAtDashes(
  args: readonly string[],
): readonly [before: readonly string[], behind: readonly string[] | null] {
  const end = args.indexOf("--");
  return end < 0 ? [args, null] : [args.slice(0, end), args.slice(end + 1)];
}

function callOf(program: Program, args: readonly string[]): Call {
  const [before, behind] = splitAtDashes(args);
  refuseKeys(before);
  const call = behind === null ? null : matchCall(program, before);
  if (call !== null && "command" in call && call.command.rest !== undefined) {
    return { ...call, rest: behind };
  }
  refuseKeys(behind ?? []);
  const whole = matchCall(program, args);
  if ("words" in whole) throw unknownCommand(program, whole.words);
  return { ...whole, rest: null };
}

/** Refuses a private key in whatever place, before anything else could repeat it. */
function refuseKeys(args: readonly string[]): void {
  if (!args.some(holdsPrivateKey)) return;
  throw new ConfigError("a private key stands on the command line, where it must not", {
    hint: DISCLOSED_HINT,
  });
}

/** Finds the command that arguments call, or else the words that call none. */
function matchCall(
  program: Program,
  args: readonly string[],
): Omit<Call, "rest"> | { readonly words: readonly Operand[] } {
  const { operands } = parseArguments(args, allOptionsOf(program));
  const start = operands[0]?.text === program.leadingWord ? 1 : 0;
  const words = operands.slice(start);
  const command = findCommand(program, words.map((operand) => operand.text));
  const extra = words.length > (command?.path.length ?? 0);
  if (command === null || (extra && command.operands === undefined)) return { words };
  const used = new Set(operands.slice(0, start + command.path.length).map(({ index }) => index));
  return { command, args: args.filter((_, index) => !used.has(index)) };
}

/** Says which word is the first that leads to no command. */
function unknownCommand(program: Program, words: readonly Operand[]): ConfigError {
  const texts = words.map((word) => word.text);
  let depth = 0;
  while (depth < texts.length && leadsOn(program, texts.slice(0, depth + 1))) depth++;
  const known = wordsAfter(program, texts.slice(0, depth));
  const word = words[depth];
  if (word === undefined) {
    const before = depth === 0 ? program.name : texts.slice(0, depth).join(" ");
    return new ConfigError(`${before} needs a command`, {
      hint: `Add one of: ${known.join(", ")}.`,
    });
  }
  const source = `argument ${word.index + 1}`;
  const close = suggestName(word.text.toLowerCase(), known);
  if (close !== null) {
    return new ConfigError(`there is no command ${texts.slice(0, depth + 1).join(" ")}`, {
      source,
      hint: `Did you mean ${close}?`,
    });
  }
  // Unlike every command, the word may be a value, even a secret one: it is not repeated.
  return new ConfigError("an argument is neither a command nor part of an option", {
    source,
    hint: "Run with --help for commands and options; write --NAME=false to switch an option off.",
  });
}

/** Tells whether words are the beginning of a command's, or all of them. */
function leadsOn(program: Program, words: readonly string[]): boolean {
  return program.commands.some(({ path }) => startsWithWords(path, words));
}

/** Returns the words that may follow these on the way to a command. */
function wordsAfter(program: Program, words: readonly string[]): string[] {
  const next = program.commands
    .filter(({ path }) => path.length > words.length && startsWithWords(path, words))
    .map(({ path }) => path[words.length] ?? "");
  return [...new Set(next)];
}

async function runCommand(
  { command, args, rest }: Call,
  { program, host }: { program: Program; host: ProgramHost },
): Promise<number> {
  const options: WithGlobalOptions<typeof command.options> = [
    ...command.options,
    ...GLOBAL_OPTIONS,
  ];
  const resolved = await resolveSettings(options, {
    args,
    env: host.env,
    allowOperands: command.operands !== undefined,
    // A service and what is asked of it share an environment, in a container for example.
    otherOptions: program.commands
      .filter(({ service = false }) => !service || !command.service)
      .flatMap((other) => other.options),
    ...(program.parseConfig === undefined ? {} : { parseConfig: program.parseConfig }),
  });
  const { values: settings, operands } = resolved;
  const globals: SettingsOf<typeof GLOBAL_OPTIONS> = settings;
  if (globals.completions !== undefined) {
    const { formatCompletions } = await import("./completion.ts");
    await host.stdout.write(formatCompletions(program, globals.completions));
    return EXIT_DONE;
  }
  if (globals.showConfig) {
    const { formatSettings } = await import("./show_config.ts");
    await host.stdout.write(formatSettings(resolved, { json: globals.json }));
    return EXIT_DONE;
  }
  const log = await openLog(resolved, { globals, stderr: host.stderr });
  using shutdown = listenForShutdown(host.shutdown);
  const { signal } = shutdown;
  const outputs: CommandOutputs = command.service ? patientOutputs(host, log.logger) : host;
  let isDone = false;
  try {
    for (const warning of resolved.warnings) log.logger.warn(warning);
    const module = await command.load();
    const { env, stdin } = host;
    const code = await module.run({
      settings,
      resolved,
      operands,
      rest,
      env,
      logger: log.logger,
      signal,
      signals: host.shutdown?.signals ?? SYSTEM_SIGNALS,
      leaveSignals: () => shutdown[Symbol.dispose](),
      stdin,
      stdout: outputs.stdout,
      stderr: outputs.stderr,
    });
    isDone = true;
    return code;
  } catch (error) {
    if (command.service && error instanceof StopRequested) return EXIT_DONE;
    throw error;
  } finally {
    // What was to be done once ends when its report was taken; what broke off waits for nobody.
    await outputs.flush?.(isDone ? signal : AbortSignal.abort());
    await log.close();
  }
}

/** Where a command writes. */
interface CommandOutputs extends Pick<ProgramHost, "stdout" | "stderr"> {
  /** Waits until all is written; once the signal is aborted not for long. */
  flush?(signal: AbortSignal): Promise<void>;
}

/** A service has more to do than to be read. */
function patientOutputs(host: ProgramHost, logger: Logger): CommandOutputs {
  const stdout = new PatientOutput(host.stdout, { name: "standard output", logger });
  const stderr = new PatientOutput(host.stderr, { name: "standard error", logger });
  return {
    stdout,
    stderr,
    async flush(signal): Promise<void> {
      await Promise.all([stdout.flush(signal), stderr.flush(signal)]);
    },
  };
}

async function openLog(
  resolved: ResolvedSettings,
  { globals, stderr }: { globals: SettingsOf<typeof GLOBAL_OPTIONS>; stderr: TextOutput },
): Promise<ProgramLog> {
  if (globals.debug && globals.quiet) {
    throw settingError(resolved, {
      name: "quiet",
      problem: "contradicts --debug",
      hint: "Leave one of them out.",
    });
  }
  const { setUpLog } = await import("../log_setup.ts");
  try {
    return await setUpLog(globals, { stderr });
  } catch (cause) {
    if (!(cause instanceof StorageError)) throw cause;
    throw settingError(resolved, {
      name: "logfile-path",
      problem: "names a file that cannot be written",
      hint: "Name another file, or leave --log-to-file out.",
      cause,
    });
  }
}

/** Guesses a switch where the settings may be what is wrong. */
function isOn(host: ProgramHost, name: string): boolean {
  const variable = host.env.get(variableName(name))?.trim().toLowerCase() ?? "";
  const [args] = splitAtDashes(host.args);
  return args.includes(`--${name}`) || ["1", "true", "yes"].includes(variable);
}
