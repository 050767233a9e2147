/**
 * Where a keeper keeps what it must not forget.
 *
 * @module
 */
import { isAbsolute, join } from "node:path";
import { ConfigError } from "../protocol/mod.ts";
import type { Environment } from "../protocol/host/mod.ts";

/** The options of {@linkcode findStateFolder}. */
export interface StateFolderOptions {
  /** What `--state-dir` says, if it does. */
  readonly stateDir: string | undefined;
  /** The operating system. @default {Deno.build.os} */
  readonly os?: typeof Deno.build.os;
}

/**
 * Finds the folder of state: `--state-dir`, else `$XDG_STATE_HOME/fluxvault`, else the place that the
 * system has for it.
 *
 * @throws {ConfigError} where the environment names no home.
 */
export function findStateFolder(env: Environment, options: StateFolderOptions): string {
  const { stateDir, os = Deno.build.os } = options;
  if (stateDir !== undefined) return stateDir;
  const folder = (variable: string, ...rest: readonly string[]): string | null => {
    const base = env.get(variable);
    return base !== undefined && isAbsolute(base) ? join(base, ...rest, "fluxvault") : null;
  };
  const found = folder("XDG_STATE_HOME") ??
    (os === "windows"
      ? folder("LOCALAPPDATA")
      : os === "darwin"
      ? folder("HOME", "Library", "Application Support")
      : folder("HOME", ".local", "state"));
  if (found !== null) return found;
  throw new ConfigError("there is no place for the known agents: no home folder is set", {
    setting: "--state-dir",
    hint: "Name a folder with --state-dir.",
  });
}
