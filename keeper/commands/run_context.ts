/**
 * What the commands that serve a fleet are given, and how they say where a mistake is.
 *
 * @module
 */
import { ConfigError } from "../../protocol/mod.ts";
import type { CommandContext } from "../../protocol/host/mod.ts";
import type { RUN_OPTIONS } from "../options.ts";

/** What serves a fleet is given. */
export interface ServeContext extends Omit<CommandContext, "settings"> {
  /** The settings of `run`. */
  readonly settings: CommandContext<typeof RUN_OPTIONS>["settings"];
}

/** Adds to a parser's complaint where the value came from. */
export function withSource<T>(
  { resolved }: Pick<ServeContext, "resolved">,
  name: string,
  read: () => T,
): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const source = resolved.entries.get(name)?.source.text;
    throw new ConfigError(error.message, {
      setting: `--${name}`,
      ...(source === undefined ? {} : { source }),
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}
