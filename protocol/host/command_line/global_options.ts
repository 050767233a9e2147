/**
 * The options that every command of both programs has.
 *
 * @module
 */
import { defineOptions } from "./option_table.ts";

const GROUP = "Global options";

/** Help, version, configuration, log. */
export const GLOBAL_OPTIONS = defineOptions([
  {
    name: "config",
    kind: "path",
    metavar: "FILE",
    sources: ["flag", "variable"],
    group: GROUP,
    help: "Read settings from this file; flags and variables go before it.",
  },
  {
    name: "log-to-file",
    kind: "boolean",
    group: GROUP,
    help: "Write the log to a file as well.",
  },
  {
    name: "logfile-path",
    kind: "path",
    metavar: "FILE",
    default: "./fluxvault.log",
    group: GROUP,
    help: "The file that --log-to-file appends to.",
  },
  {
    name: "debug",
    kind: "boolean",
    group: GROUP,
    help: "Log every step, never what a file holds.",
  },
  {
    name: "json",
    kind: "boolean",
    group: GROUP,
    help: "Print reports, logs and errors as lines of JSON.",
  },
  {
    name: "quiet",
    kind: "boolean",
    group: GROUP,
    help: "Log warnings and errors only.",
  },
  {
    name: "show-config",
    kind: "boolean",
    sources: ["flag"],
    group: GROUP,
    help: "Print each setting with where it came from, and stop.",
  },
  {
    name: "completions",
    kind: "choice",
    choices: ["bash", "zsh", "fish"],
    sources: ["flag"],
    group: GROUP,
    help: "Print a script that completes this program in a shell, and stop.",
  },
  {
    name: "version",
    kind: "boolean",
    sources: ["flag"],
    group: GROUP,
    help: "Print the version, and stop.",
  },
  {
    name: "help",
    kind: "boolean",
    short: "h",
    sources: ["flag"],
    group: GROUP,
    help: "Print this help, and stop.",
  },
]);
