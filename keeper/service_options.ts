/**
 * The options of the commands about services, as data.
 *
 * @module
 */
import { defineOptions } from "../protocol/host/mod.ts";
import { RUN_OPTIONS } from "./options.ts";

/** The options of `service list`, `restart`, `stop` and `start`: all of `run`. */
export const SERVICE_OPTIONS = defineOptions([...RUN_OPTIONS]);

/** The options of `service logs`. */
export const SERVICE_LOGS_OPTIONS = defineOptions([
  ...RUN_OPTIONS,
  {
    name: "follow",
    kind: "boolean",
    sources: ["flag"],
    group: "Services",
    help: "Go on with what the service writes from now on, until it is interrupted.",
  },
]);
