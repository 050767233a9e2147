/**
 * The options of the commands that call agents, as data.
 *
 * @module
 */
import { defineOptions } from "../protocol/host/mod.ts";
import { RUN_OPTIONS } from "./options.ts";

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
