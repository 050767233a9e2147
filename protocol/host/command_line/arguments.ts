/**
 * The arguments of a command line, told apart by a table of options.
 *
 * What is allowed is decided here, so that each mistake is a {@linkcode ConfigError} that says what to
 * do.
 *
 * @module
 */
import { ConfigError } from "../../errors.ts";
import { cutArguments, type FlagToken } from "./argument_tokens.ts";
import {
  allowsSource,
  namesOf,
  type Option,
  type OptionTable,
  variableName,
} from "./option_table.ts";
import { suggestName } from "./suggestion.ts";

/** One flag on the command line. */
export interface Flag {
  /** The option that it sets. */
  readonly option: Option;
  /** The flag as it was written, without its value, for example `--bind-port`. */
  readonly written: string;
  /** The text of its value; the word `true` or `false` for a boolean without one. */
  readonly text: string;
}

/** An argument that belongs to no flag. */
export interface Operand {
  /** The argument. */
  readonly text: string;
  /** Its place among the arguments, from 0. */
  readonly index: number;
}

/** A command line, told apart. */
export interface ParsedArguments {
  /** The flags, in their order. */
  readonly flags: readonly Flag[];
  /** The other arguments, in their order. */
  readonly operands: readonly Operand[];
}

/**
 * Tells flags and operands apart.
 *
 * @throws {ConfigError} for a flag that the table does not have, one without its value, and a value
 * for `--no-NAME`.
 */
export function parseArguments(args: readonly string[], options: OptionTable): ParsedArguments {
  const byName = new Map<string, Option>();
  const byLetter = new Map<string, string>();
  for (const option of options) {
    for (const name of namesOf(option)) byName.set(name, option);
    if (option.short !== undefined) byLetter.set(option.short, option.name);
  }
  const tokens = cutArguments(args, {
    longNameOf: (letter) => byLetter.get(letter),
    takesValue: (name) => (byName.get(name)?.kind ?? "boolean") !== "boolean",
  });
  const flags: Flag[] = [];
  const operands: Operand[] = [];
  for (const token of tokens) {
    if (token.kind === "operand") operands.push({ text: token.text, index: token.index });
    else flags.push(readFlag(token, byName));
  }
  return { flags, operands };
}

function readFlag(token: FlagToken, byName: ReadonlyMap<string, Option>): Flag {
  const { name, written, value } = token;
  const negated = name.startsWith("no-") ? byName.get(name.slice(3)) : undefined;
  const option = byName.get(name) ?? (negated?.kind === "boolean" ? negated : undefined);
  if (option === undefined) throw unknownFlag(written, byName);
  if (!allowsSource(option, "flag")) {
    throw new ConfigError(`${written} cannot be given on the command line`, {
      setting: written,
      source: `flag ${written}`,
      hint: `Set the variable ${variableName(option.name)}, or ${option.name} in the config file.`,
    });
  }
  if (option === negated) {
    if (value !== undefined) {
      throw wrongFlag(written, "takes no value", `Write --${name.slice(3)}.`);
    }
    return { option, written, text: "false" };
  }
  if (option.kind === "boolean") return { option, written, text: value ?? "true" };
  if (value === undefined) throw wrongFlag(written, "needs a value", `Write ${written} VALUE.`);
  if (!token.isInline && /^-[^\d]/.test(value)) {
    throw wrongFlag(
      written,
      "needs a value, and an option follows",
      `If the value begins with a dash, write ${written}=VALUE.`,
    );
  }
  return { option, written, text: value };
}

function wrongFlag(written: string, problem: string, hint: string): ConfigError {
  return new ConfigError(`${written} ${problem}`, {
    setting: written,
    source: `flag ${written}`,
    hint,
  });
}

function unknownFlag(written: string, byName: ReadonlyMap<string, Option>): ConfigError {
  const close = suggestName(written.replace(/^-+/, "").toLowerCase().replaceAll("_", "-"), [
    ...byName.keys(),
  ]);
  return new ConfigError(`there is no option ${written}`, {
    setting: written,
    source: `flag ${written}`,
    hint: close === null ? "Run with --help for the options." : `Did you mean --${close}?`,
  });
}
