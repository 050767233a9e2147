/**
 * The one table that describes a program's options.
 *
 * Flags, `FLUXVAULT_` variables, the keys of the config file, `--help`, shell completions, the type
 * of the settings object and `--show-config` are all read off it.
 *
 * @module
 */

/** Where the value of an option may come from. */
export type OptionSource = "flag" | "variable" | "file";

interface OptionBase {
  /** The name in kebab case: the flag without its dashes, and the key in a config file. */
  readonly name: string;
  /** What the option is for, as a sentence without the default. */
  readonly help: string;
  /**
   * The heading in `--help` under which the option stands.
   *
   * @default "Options"
   */
  readonly group?: string;
  /** Further names in kebab case; each is a flag, a variable and a key like the name itself. */
  readonly aliases?: readonly string[];
  /**
   * Further environment variables, by their whole names, that set the option; they count after the
   * option's own.
   */
  readonly variables?: readonly string[];
  /** One letter that may stand for the flag. */
  readonly short?: string;
  /** What `--help` shows in the place of the value. */
  readonly metavar?: string;
  /** What `--help` shows as the default where the program works it out. */
  readonly defaultText?: string;
  /** Whether the value must never be shown, in a listing or an error. */
  readonly secret?: boolean;
  /**
   * Where a value may come from.
   *
   * @default ["flag", "variable", "file"]
   */
  readonly sources?: readonly OptionSource[];
}

/** An option whose value is taken as it is written. */
export interface TextOption extends OptionBase {
  /** `path` is completed by the shell as a file; otherwise the two are alike. */
  readonly kind: "text" | "path";
  /** The value where none is given; without it the setting may be `undefined`. */
  readonly default?: string;
}

/** An option whose value is a number. */
export interface NumberOption extends OptionBase {
  /**
   * `integer` is a whole number. `seconds` is a length of time, in seconds or with a unit (`90s`,
   * `5m`, `1h`, `2d`); its setting is in milliseconds and its key ends in `Ms`.
   */
  readonly kind: "integer" | "seconds";
  /** The value where none is given, in the unit of the option. */
  readonly default?: number;
  /** The least value that is allowed, in the unit of the option. */
  readonly min?: number;
  /** The greatest value that is allowed, in the unit of the option. */
  readonly max?: number;
}

/** An option that is on or off; `--no-NAME` switches it off. */
export interface BooleanOption extends OptionBase {
  /** Tells this option from the others. */
  readonly kind: "boolean";
  /**
   * The value where none is given.
   *
   * @default false
   */
  readonly default?: boolean;
}

/** An option with several values: separated by commas, or the flag given again. */
export interface ListOption extends OptionBase {
  /** Tells this option from the others. */
  readonly kind: "list";
  /**
   * The values where none are given.
   *
   * @default []
   */
  readonly default?: readonly string[];
}

/** An option whose value is one of a few words. */
export interface ChoiceOption extends OptionBase {
  /** Tells this option from the others. */
  readonly kind: "choice";
  /** The words. */
  readonly choices: readonly string[];
  /** The word where none is given; without it the setting may be `undefined`. */
  readonly default?: string;
}

/** One option of a program. */
export type Option = TextOption | NumberOption | BooleanOption | ListOption | ChoiceOption;

/** The options of a program or of one of its commands. */
export type OptionTable = readonly Option[];

/** What an option can be set to. */
export type OptionValue = string | number | boolean | readonly string[];

type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

type SettingKey<O extends Option> = O["kind"] extends "seconds" ? `${CamelCase<O["name"]>}Ms`
  : CamelCase<O["name"]>;

type SettingType<O extends Option> = O extends { kind: "boolean" } ? boolean
  : O extends { kind: "list" } ? readonly string[]
  : O extends { kind: "integer" | "seconds" } ? number
  : O extends { kind: "choice"; choices: readonly (infer Choice)[] } ? Choice
  : string;

type SettingValue<O extends Option> = O extends { kind: "boolean" | "list" } ? SettingType<O>
  : O extends { default: OptionValue } ? SettingType<O>
  : SettingType<O> | undefined;

/**
 * The settings object of a table: a member for each option, its key in camel case.
 *
 * An option without a default may be `undefined`, but a boolean is `false` and a list is empty.
 */
export type SettingsOf<Table extends OptionTable> = {
  readonly [O in Table[number] as SettingKey<O>]: SettingValue<O>;
};

const NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const VARIABLE = /^[A-Z][A-Z0-9_]*$/;

/**
 * Checks a table of options and keeps its exact type.
 *
 * @throws {RangeError} if a name is not in kebab case, is used twice, or begins with `no-`, if a
 * further variable is not in upper case, is used twice, or begins with `FLUXVAULT_`, or if a default
 * is not a value that the option allows.
 */
export function defineOptions<const Table extends OptionTable>(table: Table): Table {
  const seen = new Set<string>();
  for (const option of table) {
    claimFlags(seen, option);
    claimVariables(seen, option);
    checkDefault(option);
  }
  return table;
}

function claimFlags(seen: Set<string>, option: Option): void {
  for (const name of namesOf(option)) {
    if (!NAME.test(name) || name.startsWith("no-")) {
      throw new RangeError(`"${name}" cannot be the name of an option`);
    }
    claim(seen, `--${name}`);
  }
  if (option.short !== undefined) {
    if (!/^[a-zA-Z]$/.test(option.short)) {
      throw new RangeError(`"${option.short}" is not one letter`);
    }
    claim(seen, `-${option.short}`);
  }
}

function claimVariables(seen: Set<string>, option: Option): void {
  for (const variable of option.variables ?? []) {
    if (!VARIABLE.test(variable) || variable.startsWith(VARIABLE_PREFIX)) {
      throw new RangeError(`"${variable}" cannot be a further variable of an option`);
    }
    claim(seen, variable);
  }
}

function claim(seen: Set<string>, name: string): void {
  if (seen.has(name)) throw new RangeError(`${name} is claimed twice`);
  seen.add(name);
}

function checkDefault(option: Option): void {
  const wrong = () => new RangeError(`the default of --${option.name} is not allowed by itself`);
  if (option.kind === "integer" || option.kind === "seconds") {
    const { default: value, min = -Infinity, max = Infinity } = option;
    if (value !== undefined && !(value >= min && value <= max)) throw wrong();
    if (option.kind === "integer" && value !== undefined && !Number.isSafeInteger(value)) {
      throw wrong();
    }
  }
  if (option.kind === "choice" && option.default !== undefined) {
    if (!option.choices.includes(option.default)) throw wrong();
  }
}

/** Returns the name of an option and its aliases. */
export function namesOf(option: Option): readonly string[] {
  return [option.name, ...option.aliases ?? []];
}

/** Tells whether an option may be given in this way. */
export function allowsSource(option: Option, source: OptionSource): boolean {
  return option.sources === undefined || option.sources.includes(source);
}

/** The start of the names of an option's own environment variables. */
export const VARIABLE_PREFIX = "FLUXVAULT_";

/** Returns the environment variable for a name: `bind-port` is `FLUXVAULT_BIND_PORT`. */
export function variableName(name: string): string {
  return VARIABLE_PREFIX + name.replaceAll("-", "_").toUpperCase();
}

/** Returns the member of the settings object that holds the option. */
export function settingKey(option: Option): string {
  const camel = option.name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return option.kind === "seconds" ? `${camel}Ms` : camel;
}
