/**
 * What an action is given: members on the command line, or a file with JSON.
 *
 * @module
 */
import { ConfigError } from "../../../protocol/mod.ts";
import type { CommandContext } from "../../../protocol/host/mod.ts";
import { checkInputSize, parseJson, parseMembers } from "./call_input.ts";

/** What an input is read with. */
export interface InputContext extends Pick<CommandContext, "stdin" | "signal"> {
  /** The settings of the command. */
  readonly settings: {
    /** What `--input` says, if it does. */
    readonly input?: string | undefined;
  };
}

const MAX_INPUT_BYTES = 65_536;

/**
 * Reads what an action is given; `undefined` where that is nothing.
 *
 * @throws {ConfigError} for what cannot be used; no value is repeated.
 */
export async function readInput(
  { settings, stdin, signal }: InputContext,
  members: readonly string[],
): Promise<unknown> {
  const { input: file } = settings;
  const given = parseMembers(members);
  if (file !== undefined && given !== undefined) {
    throw new ConfigError("--input has no use beside members on the command line", {
      setting: "--input",
      hint: "Leave one of them out.",
    });
  }
  if (file === undefined) {
    checkInputSize(given);
    return given;
  }
  const input = parseJson(await readText(file), file === "-" ? "standard input" : "--input");
  checkInputSize(input);
  return input;

  async function readText(path: string): Promise<string> {
    try {
      const bytes = path === "-"
        ? await stdin.readAll({ maxBytes: MAX_INPUT_BYTES, signal })
        : await Deno.readFile(path);
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch (cause) {
      if (cause instanceof ConfigError) throw cause;
      signal.throwIfAborted();
      throw new ConfigError(`the input cannot be read: ${JSON.stringify(path)}`, {
        setting: "--input",
        hint: "Name a file with JSON in UTF-8, or - for standard input.",
        cause,
      });
    }
  }
}
