/**
 * The settings of one run: a flag goes before a variable, a variable before the config file, the file
 * before the default, and each value remembers which it was.
 *
 * @module
 */
import { ConfigError } from "../../errors.ts";
import { type Flag, parseArguments } from "./arguments.ts";
import type { ConfigFile, ConfigFileOptions } from "./config_file.ts";
import type { Environment } from "../environment.ts";
import {
  allowsSource,
  namesOf,
  type Option,
  type OptionTable,
  type OptionValue,
  settingKey,
  type SettingsOf,
  VARIABLE_PREFIX,
  variableName,
} from "./option_table.ts";
import { readOptionJson, readOptionText } from "./option_value.ts";
import { suggestName } from "./suggestion.ts";

/** Where a value came from. */
export interface SettingSource {
  /** The kind of the place. */
  readonly kind: "flag" | "variable" | "file" | "default";
  /** The place in words, for example `variable FLUXVAULT_BIND_PORT`. */
  readonly text: string;
}

/** The value of one option and where it came from. */
export interface SettingEntry {
  /** The option. */
  readonly option: Option;
  /** Its value in the unit of the option; `undefined` where there is none. */
  readonly value: OptionValue | undefined;
  /** Where the value came from. */
  readonly source: SettingSource;
}

/** The settings of one run. */
export interface ResolvedSettings<Table extends OptionTable = OptionTable> {
  /** The settings by their keys in camel case; times are in milliseconds. */
  readonly values: SettingsOf<Table>;
  /** Each option's value and source, by the name of the option, in the order of the table. */
  readonly entries: ReadonlyMap<string, SettingEntry>;
  /** The arguments that belong to no flag. */
  readonly operands: readonly string[];
  /** What the operator may want to know, as sentences: variables that no option reads. */
  readonly warnings: readonly string[];
}

/** What settings are resolved from. */
export interface SettingsInput {
  /** The arguments of the command line, without the program's name. */
  readonly args: readonly string[];
  /** The environment variables. */
  readonly env: Environment;
  /**
   * Parses the text of a config file to plain values; may throw anything, may be asynchronous.
   *
   * @default JSON.parse
   */
  readonly parseConfig?: (text: string) => unknown;
  /**
   * Whether arguments that belong to no flag are allowed.
   *
   * @default false
   */
  readonly allowOperands?: boolean;
  /**
   * Options that others read from the same environment, so that nobody is warned of their variables.
   *
   * @default []
   */
  readonly otherOptions?: OptionTable;
}

const DEFAULT_SOURCE: SettingSource = Object.freeze({ kind: "default", text: "default" });

/**
 * Works out the value of every option.
 *
 * The file is the one that an option named `config` gives, if the table has it. An empty variable
 * counts as unset. A value that another one goes before is not looked at.
 *
 * @throws {ConfigError} for whatever the operator has to correct.
 */
export async function resolveSettings<Table extends OptionTable>(
  options: Table,
  input: SettingsInput,
): Promise<ResolvedSettings<Table>> {
  const { flags, operands } = parseArguments(input.args, options);
  const first = operands[0];
  if (first !== undefined && !input.allowOperands) throw unexpectedOperand(options, first.index);
  const configOption = options.find((option) => option.name === "config");
  const given = (option: Option) => fromFlags(option, flags) ?? fromVariable(option, input.env);
  const configPath = configOption && given(configOption)?.value;
  const reading = { options, parse: input.parseConfig ?? JSON.parse };
  const file = typeof configPath === "string" ? await loadConfigFile(configPath, reading) : null;

  const entries = new Map<string, SettingEntry>();
  const values: Record<string, unknown> = {};
  for (const option of options) {
    const entry = given(option) ?? fromFile(option, file) ?? fromDefault(option);
    entries.set(option.name, entry);
    const { value } = entry;
    values[settingKey(option)] = option.kind === "seconds" && typeof value === "number"
      ? Math.round(value * 1000)
      : value;
  }
  return {
    // The keys and types follow from the same table.
    values: Object.freeze(values) as unknown as SettingsOf<Table>,
    entries,
    operands: operands.map((operand) => operand.text),
    warnings: unknownVariables([...options, ...input.otherOptions ?? []], input.env),
  };
}

/** Loads what reads a config file only where there is one. */
async function loadConfigFile(path: string, options: ConfigFileOptions): Promise<ConfigFile> {
  const { readConfigFile } = await import("./config_file.ts");
  return await readConfigFile(path, options);
}

/** Tells whether the operator gave a value, be it the same as the default. */
export function isGiven(resolved: ResolvedSettings, name: string): boolean {
  return (resolved.entries.get(name) ?? missing(name)).source.kind !== "default";
}

function missing(name: string): never {
  throw new RangeError(`there is no option --${name}`);
}

/** A mistake in a setting that only the program itself can see. */
export interface SettingProblem {
  /** The name of the option. */
  readonly name: string;
  /** What is wrong, as the end of a sentence that begins with the option. */
  readonly problem: string;
  /** What to do about it. */
  readonly hint?: string;
  /** What went wrong one layer below. */
  readonly cause?: unknown;
}

/**
 * Makes the error for a mistake that the program found in a setting; it names the source.
 *
 * Never put the value of a secret option into the problem.
 */
export function settingError(
  resolved: ResolvedSettings,
  { name, problem, ...options }: SettingProblem,
): ConfigError {
  const { source } = resolved.entries.get(name) ?? missing(name);
  const setting = `--${name}`;
  return new ConfigError(`${setting} ${problem}`, { ...options, setting, source: source.text });
}

function fromFlags(option: Option, flags: readonly Flag[]): SettingEntry | null {
  const given = flags.filter((flag) => flag.option === option);
  const readings = given.map(({ written, text }): SettingEntry => {
    const source = { kind: "flag", text: `flag ${written}` } as const;
    return { option, value: readOptionText(option, text, source.text), source };
  });
  if (option.kind === "list") return joined(readings);
  return agreeing(option, readings);
}

function fromVariable(option: Option, env: Environment): SettingEntry | null {
  if (!allowsSource(option, "variable")) return null;
  const own = readVariables(option, { names: namesOf(option).map(variableName), env });
  if (own !== null) return own;
  return readVariables(option, { names: option.variables ?? [], env });
}

/** Reads variables of one rank. */
function readVariables(
  option: Option,
  { names, env }: { names: readonly string[]; env: Environment },
): SettingEntry | null {
  const readings: SettingEntry[] = [];
  for (const variable of names) {
    const text = env.get(variable);
    if (text === undefined || text.trim() === "") continue;
    const source = { kind: "variable", text: `variable ${variable}` } as const;
    readings.push({ option, value: readOptionText(option, text, source.text), source });
  }
  return agreeing(option, readings);
}

function fromFile(option: Option, file: ConfigFile | null): SettingEntry | null {
  const readings = (file?.members ?? []).filter((member) => member.option === option)
    .map(({ key, value }): SettingEntry => {
      const source = { kind: "file", text: `file ${file?.path}, ${key}` } as const;
      return { option, value: readOptionJson(option, value, source.text), source };
    });
  return agreeing(option, readings);
}

function fromDefault(option: Option): SettingEntry {
  const absent = option.kind === "boolean" ? false : option.kind === "list" ? [] : undefined;
  return { option, value: option.default ?? absent, source: DEFAULT_SOURCE };
}

function joined(readings: readonly SettingEntry[]): SettingEntry | null {
  const [first] = readings;
  if (first === undefined) return null;
  return { ...first, value: readings.flatMap(({ value }) => Array.isArray(value) ? value : []) };
}

/** Returns the one reading, or the first of several that agree. */
function agreeing(option: Option, readings: readonly SettingEntry[]): SettingEntry | null {
  const [first, ...others] = readings;
  if (first === undefined) return null;
  const other = others.find(({ value }) => String(value) !== String(first.value));
  if (other !== undefined) {
    const places = first.source.text === other.source.text
      ? `${first.source.text} twice`
      : `${first.source.text} and ${other.source.text}`;
    throw new ConfigError(`--${option.name} is given different values`, {
      setting: `--${option.name}`,
      source: places,
      hint: "Leave one of them out.",
    });
  }
  return first;
}

function unexpectedOperand(options: OptionTable, index: number): ConfigError {
  // The argument itself is not shown where it may be a secret that slipped from its flag.
  const booleans = options.some((option) => option.kind === "boolean");
  return new ConfigError(`argument ${index + 1} belongs to no option`, {
    source: `argument ${index + 1}`,
    hint: booleans
      ? "Quote values that hold spaces; write --NAME=false to switch an option off."
      : "Quote values that hold spaces.",
  });
}

function unknownVariables(options: OptionTable, env: Environment): string[] {
  const known = new Set<string>();
  for (const option of options) {
    if (!allowsSource(option, "variable")) continue;
    for (const name of namesOf(option)) known.add(variableName(name));
  }
  const warnings: string[] = [];
  for (const name of env.names()) {
    if (!name.startsWith(VARIABLE_PREFIX) || known.has(name)) continue;
    const close = suggestName(
      name.slice(VARIABLE_PREFIX.length),
      [...known].map((variable) => {
        return variable.slice(VARIABLE_PREFIX.length);
      }),
    );
    const question = close === null ? "" : `; did you mean ${VARIABLE_PREFIX}${close}?`;
    warnings.push(`no option reads the variable ${name}${question}`);
  }
  return warnings.sort();
}
