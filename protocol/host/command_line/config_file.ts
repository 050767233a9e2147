/**
 * The config file that `--config` names.
 *
 * @module
 */
import { decodeUtf8 } from "../../bytes.ts";
import { ConfigError } from "../../errors.ts";
import { readOptionalFile } from "../atomic_file.ts";
import { allowsSource, namesOf, type Option, type OptionTable } from "./option_table.ts";
import { suggestName } from "./suggestion.ts";

/** One setting in a config file. */
export interface ConfigMember {
  /** The option that it sets. */
  readonly option: Option;
  /** The key as it is written in the file. */
  readonly key: string;
  /** The value, not yet checked; never `null` or `undefined`, which count as unset. */
  readonly value: unknown;
}

/** A config file whose keys are all known. */
export interface ConfigFile {
  /** The path of the file as the operator gave it. */
  readonly path: string;
  /** Its settings. */
  readonly members: readonly ConfigMember[];
}

/** The options of {@linkcode readConfigFile}. */
export interface ConfigFileOptions {
  /** The options that the file may set. */
  readonly options: OptionTable;
  /** Parses the text of the file to plain values; may throw anything, may be asynchronous. */
  readonly parse: (text: string) => unknown;
}

/**
 * Reads a config file: one object whose keys are names of options, with dashes or underscores.
 *
 * @throws {ConfigError} if it cannot be read or parsed, or has a key that no option has.
 */
export async function readConfigFile(
  path: string,
  { options, parse }: ConfigFileOptions,
): Promise<ConfigFile> {
  const content = await parseConfigText(path, { text: await readConfigText(path), parse });
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    throw fileError(path, "must hold one object with a member for each setting");
  }
  const byKey = new Map<string, Option>();
  for (const option of options) {
    for (const name of namesOf(option)) byKey.set(name, option);
  }
  const members: ConfigMember[] = [];
  for (const [key, value] of Object.entries(content)) {
    const option = byKey.get(key.replaceAll("_", "-"));
    if (option === undefined) throw unknownKey(path, { key, names: byKey.keys() });
    if (!allowsSource(option, "file")) {
      throw fileError(path, `cannot set ${key}`, "Use the flag on the command line.");
    }
    if (value !== null && value !== undefined) members.push({ option, key, value });
  }
  return { path, members };
}

async function readConfigText(path: string): Promise<string> {
  let bytes: Uint8Array | null;
  try {
    bytes = await readOptionalFile(path);
  } catch (cause) {
    throw fileError(path, "cannot be read", undefined, cause);
  }
  if (bytes === null) {
    throw fileError(path, "does not exist", "Correct the path that --config names.");
  }
  try {
    return decodeUtf8(bytes).replace(/^\uFEFF/, "");
  } catch {
    throw fileError(path, "is not UTF-8 text");
  }
}

async function parseConfigText(
  path: string,
  { text, parse }: { text: string; parse: (text: string) => unknown },
): Promise<unknown> {
  try {
    return await parse(text);
  } catch (error) {
    // A parser's message quotes the file, which may hold secrets: only the place is passed on.
    throw fileError(path, `cannot be parsed${placeOf(error)}`);
  }
}

function placeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const match = /\bline (\d{1,9}),? column (\d{1,9})/.exec(error.message);
  return match ? ` (line ${match[1]}, column ${match[2]})` : "";
}

function unknownKey(
  path: string,
  { key, names }: { key: string; names: Iterable<string> },
): ConfigError {
  const close = suggestName(key.replaceAll("_", "-").toLowerCase(), names);
  return new ConfigError(
    `the config file sets ${JSON.stringify(key.slice(0, 60))}, which is no option`,
    {
      setting: key,
      source: `file ${path}`,
      hint: close === null ? "Run with --help for the options." : `Did you mean ${close}?`,
    },
  );
}

function fileError(path: string, problem: string, hint?: string, cause?: unknown): ConfigError {
  return new ConfigError(`the config file ${problem}`, {
    setting: "--config",
    source: `file ${path}`,
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  });
}
