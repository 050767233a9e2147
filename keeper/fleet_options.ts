/**
 * The options of the commands that look at a fleet before it is changed, and after: data.
 *
 * @module
 */
import { defineOptions } from "../protocol/host/mod.ts";
import { RUN_OPTIONS, STATE_DIR } from "./options.ts";

const CHOICE = "Choice";

/** Which agents a command is about. */
export const ONLY = {
  name: "only",
  kind: "list",
  metavar: "APP[/COMPONENT],...",
  sources: ["flag"],
  group: CHOICE,
  help: "Only these agents; * stands for any characters, - for no name at all.",
} as const;

const ALL = {
  name: "all",
  kind: "boolean",
  sources: ["flag"],
  group: CHOICE,
  help: "Show every agent and every change, however long that gets.",
} as const;

const YES = {
  name: "yes",
  kind: "boolean",
  sources: ["flag"],
  group: CHOICE,
  help: "Do it without asking back.",
} as const;

/** The options of `plan`: all of `run`, so that one config file serves both. */
export const PLAN_OPTIONS = defineOptions([...RUN_OPTIONS, ONLY, ALL]);

/** The options of `apply` and `wipe`. */
export const APPLY_OPTIONS = defineOptions([...PLAN_OPTIONS, YES]);

/** The options of `status`. */
export const STATUS_OPTIONS = defineOptions([STATE_DIR, ONLY, ALL]);
