/**
 * The options of the commands about the plugins of agents, as data.
 *
 * @module
 */
import { defineOptions } from "../protocol/host/mod.ts";
import { ONLY } from "./fleet_options.ts";
import { RUN_OPTIONS } from "./options.ts";

/** The options of `plugin list` and `plugin remove`: all of `run`, so that one config file serves both. */
export const PLUGIN_LIST_OPTIONS = defineOptions([...RUN_OPTIONS, ONLY]);

/** The options of `plugin push`. */
export const PLUGIN_PUSH_OPTIONS = defineOptions([
  ...PLUGIN_LIST_OPTIONS,
  {
    name: "timeout",
    kind: "seconds",
    min: 1,
    max: 3_600,
    default: 120,
    sources: ["flag"],
    group: "Call",
    help: "How long an agent may take to have the plugin in place.",
  },
]);
