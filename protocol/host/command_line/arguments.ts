/**
 * The arguments of a command line, told apart by a table of options.
 *
 * `node:util` cuts them into tokens; what is allowed is decided here, so that each mistake is a
 * {@linkcode ConfigError} that says what to do.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { ConfigError } from "../../errors.ts";
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
  const config: Record<string, { type: "boolean" | "string"; short?: string; multiple: true }> = {};
  for (const option of options) {
    for (const name of namesOf(option)) {
      byName.set(name, option);
      config[name] = { type: option.kind === "boolean" ? "boolean" : "string", multiple: true };
    }
    if (option.short !== undefined) {
      config[option.name] = { ...config[option.name] ?? TEXT_CONFIG, short: option.short };
    }
  }
  const { tokens } = parseArgs({
    args: [...args],
    options: config,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const flags: Flag[] = [];
  const operands: Operand[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") operands.push({ text: token.value, index: token.index });
    if (token.kind === "option") flags.push(readFlag(token, byName));
  }
  return { flags, operands };
}

const TEXT_CONFIG = { type: "string", multiple: true } as const;

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function readFlag(token: OptionToken, byName: ReadonlyMap<string, Option>): Flag {
  const { name, rawName: written, value } = token;
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
  if (!token.inlineValue && /^-[^\d]/.test(value)) {
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
