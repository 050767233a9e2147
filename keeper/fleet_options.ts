/**
 * The options of the commands that look at a fleet before it is changed, and after: data.
 *
 * @module
 */
import { defineOptions } from "../protocol/host/mod.ts";
import { RUN_OPTIONS, STATE_DIR } from "./options.ts";

const CHOICE = "Choice";

const ONLY = {
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

const CALL = "Call";

/** The options of `actions`: all of `run`, so that one config file serves both. */
export const ACTIONS_OPTIONS = defineOptions([...RUN_OPTIONS]);

/** The options of `call`. */
export const CALL_OPTIONS = defineOptions([
  ...RUN_OPTIONS,
  {
    name: "one",
    kind: "boolean",
    sources: ["flag"],
    group: CALL,
    help: "Call one agent alone, the first of them that is reached.",
  },
  {
    name: "input",
    kind: "path",
    metavar: "FILE|-",
    sources: ["flag"],
    group: CALL,
    help: "A file with what the action is given, as JSON, in the place of members; - is standard " +
      "input.",
  },
  {
    name: "stream",
    kind: "path",
    metavar: "FILE",
    sources: ["flag"],
    group: CALL,
    help: "A file whose bytes the action is sent.",
  },
  {
    name: "out",
    kind: "path",
    metavar: "FILE",
    sources: ["flag"],
    group: CALL,
    help: "Where the bytes are put that the action sends; one agent alone is called.",
  },
  {
    name: "timeout",
    kind: "seconds",
    min: 1,
    max: 86_400,
    default: 120,
    sources: ["flag"],
    group: CALL,
    help: "How long an agent may take to answer.",
  },
]);

/** The options of `status`. */
export const STATUS_OPTIONS = defineOptions([STATE_DIR, ONLY, ALL]);
