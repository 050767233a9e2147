/**
 * What a program is made of: its commands, each with its table of options.
 *
 * A program is data. Its help, completions and settings are read off it before any of its code is
 * loaded.
 *
 * @module
 */
import type { Logger } from "../../logger.ts";
import type { Environment } from "../environment.ts";
import { GLOBAL_OPTIONS } from "./global_options.ts";
import { namesOf, type Option, type OptionTable, type SettingsOf } from "./option_table.ts";
import type { ResolvedSettings } from "./settings.ts";
import type { SignalSource } from "../shutdown.ts";
import type { TextOutput } from "../terminal.ts";
import type { TextInput } from "../terminal_input.ts";

/** The options of a command together with those that every command has. */
export type WithGlobalOptions<Table extends OptionTable> = readonly [
  ...Table,
  ...typeof GLOBAL_OPTIONS,
];

/** All that a command is given; it touches nothing of the process by itself. */
export interface CommandContext<Table extends OptionTable = OptionTable> {
  /** The settings by their keys in camel case. */
  readonly settings: SettingsOf<WithGlobalOptions<Table>>;
  /** The settings with their sources, for `settingError`. */
  readonly resolved: ResolvedSettings;
  /** The arguments behind the command's words. */
  readonly operands: readonly string[];
  /** What stands behind `--`, untouched, or `null` where there is none or the command takes none. */
  readonly rest: readonly string[] | null;
  /** The environment variables. */
  readonly env: Environment;
  /** The program's log. */
  readonly logger: Logger;
  /** Is aborted when the operator or the system asks to stop; the reason is a `StopRequested`. */
  readonly signal: AbortSignal;
  /** The signals of the process. */
  readonly signals: SignalSource;
  /**
   * Leaves the signals that end a program to the command, which listens for them itself: `signal` is
   * not aborted from now on.
   */
  leaveSignals(): void;
  /** Gives what the operator types, or another program sends. */
  readonly stdin: TextInput;
  /** Takes reports. */
  readonly stdout: TextOutput;
  /** Takes notes to the operator that are no report; the log goes here too. */
  readonly stderr: TextOutput;
}

/** The code of a command. */
export interface CommandModule<Table extends OptionTable = OptionTable> {
  /** Runs the command and returns the exit status. */
  run(context: CommandContext<Table>): Promise<number>;
}

/** A command of a program. */
export interface Command<Table extends OptionTable = OptionTable> {
  /**
   * The words that call it, in whichever case they are written, for example `["agents", "list"]`;
   * none for the program's own work.
   */
  readonly path: readonly string[];
  /** What it does, as one sentence. */
  readonly summary: string;
  /** Its operands as the usage shows them, for example `AGENT...`; without it there are none. */
  readonly operands?: string;
  /**
   * What may stand behind `--`, as the usage shows it, for example `COMMAND ARG...`; without it what is
   * behind `--` are operands.
   */
  readonly rest?: string;
  /** Its own options. */
  readonly options: Table;
  /**
   * Whether it runs until it is asked to stop, so that being stopped is success.
   *
   * @default false
   */
  readonly service?: boolean;
  /** Loads its code: `() => import("../serve_command.ts")`. */
  load(): Promise<CommandModule<Table>>;
}

/** A program. */
export interface Program {
  /** The name of its file, for example `fluxvault-agent`. */
  readonly name: string;
  /** A first argument that is skipped, so that a link named `fluxvault` can call the program. */
  readonly leadingWord: string;
  /** Its version. */
  readonly version: string;
  /** What it is for, as one sentence. */
  readonly summary: string;
  /** Its commands. */
  readonly commands: readonly Command[];
  /**
   * Parses the text of a config file to plain values; may throw anything, may be asynchronous.
   *
   * @default JSON.parse
   */
  readonly parseConfig?: (text: string) => unknown;
  /**
   * The kind of config file, as the help calls it.
   *
   * @default "JSON"
   */
  readonly configFormat?: string;
}

/** Checks a command against its own options and returns it without their type. */
export function defineCommand<const Table extends OptionTable>(command: Command<Table>): Command {
  return command;
}

/** Returns the options of a command, its own first and then the global ones. */
export function optionsOf(command: Command): OptionTable {
  return [...command.options, ...GLOBAL_OPTIONS];
}

/**
 * Returns the options of all commands of a program, each once and with all its names.
 *
 * @throws {RangeError} if two commands have options of one name that take a value in different ways.
 */
export function allOptionsOf(program: Program): OptionTable {
  const byName = new Map<string, Option>();
  const options: Option[] = [];
  for (
    const option of [...program.commands.flatMap((command) => command.options), ...GLOBAL_OPTIONS]
  ) {
    for (const name of namesOf(option)) {
      const other = byName.get(name);
      if (other !== undefined && (other.kind === "boolean") !== (option.kind === "boolean")) {
        throw new RangeError(`--${name} is both with and without a value`);
      }
      byName.set(name, option);
    }
    const at = options.findIndex(({ name }) => name === option.name);
    const first = options[at];
    if (first === undefined) options.push(option);
    else options[at] = withNamesOf(first, option);
  }
  return options;
}

/** Adds to an option the further names that another command has for it. */
function withNamesOf(first: Option, other: Option): Option {
  const aliases = [...new Set([...first.aliases ?? [], ...other.aliases ?? []])];
  const short = first.short ?? other.short;
  return {
    ...first,
    ...(aliases.length === 0 ? {} : { aliases }),
    ...(short === undefined ? {} : { short }),
  };
}

/** Tells whether words begin with others; the case in which they are written does not count. */
export function startsWithWords(words: readonly string[], start: readonly string[]): boolean {
  return start.every((word, i) => words[i]?.toLowerCase() === word.toLowerCase());
}

/**
 * Finds the command that words call: the one whose path is the longest beginning of them.
 *
 * @returns The command, or `null` where no path fits.
 */
export function findCommand(program: Program, words: readonly string[]): Command | null {
  let found: Command | null = null;
  for (const command of program.commands) {
    const fits = startsWithWords(words, command.path);
    if (fits && command.path.length >= (found?.path.length ?? 0)) found = command;
  }
  return found;
}
