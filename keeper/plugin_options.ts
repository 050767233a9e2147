/**
 * The options of `plugin`, as data.
 *
 * @module
 */
import { defineOptions } from "../protocol/host/mod.ts";
import { KEY_STORE, RUN_OPTIONS, STATE_DIR } from "./options.ts";

const PLUGIN = "Plugin";

/** The options of `plugin sign`. */
export const PLUGIN_SIGN_OPTIONS = defineOptions([
  {
    name: "zelid",
    aliases: ["signing-address"],
    kind: "text",
    metavar: "ADDRESS",
    group: PLUGIN,
    help: "The address whose key signs. The key is a credential of the service, a stored one " +
      "(keys add), or asked for.",
  },
  { ...KEY_STORE, group: PLUGIN },
  {
    ...STATE_DIR,
    group: PLUGIN,
    help: "The folder with the list of keys; $XDG_STATE_HOME/fluxvault where it is not given.",
  },
]);

/** The options of `plugin show`. */
export const PLUGIN_SHOW_OPTIONS = defineOptions([
  {
    name: "zelid",
    aliases: ["signing-address"],
    kind: "text",
    metavar: "ADDRESS",
    group: PLUGIN,
    help: "The address that must have signed it: 1 if it did not.",
  },
]);

/** The options of `plugin build`. */
export const PLUGIN_BUILD_OPTIONS = defineOptions([
  {
    name: "description",
    kind: "path",
    metavar: "FILE",
    sources: ["flag"],
    group: PLUGIN,
    help: "What the plugin says of itself; plugin.json beside the source where it is not given.",
  },
  {
    name: "deno",
    kind: "path",
    metavar: "FILE",
    group: PLUGIN,
    help: "The deno that bundles; the one that runs this keeper, else that of $PATH, where it is " +
      "not given.",
  },
  {
    name: "out",
    kind: "path",
    metavar: "FILE",
    sources: ["flag"],
    group: PLUGIN,
    help: "The package to write; where --zelid is given, its signature goes to FILE.sig.",
  },
  ...PLUGIN_SIGN_OPTIONS,
]);

/** The options of `x`: all of `run`, so that one config file serves both. */
export const X_OPTIONS = defineOptions([
  ...RUN_OPTIONS,
  {
    name: "input",
    kind: "path",
    metavar: "FILE|-",
    sources: ["flag"],
    group: PLUGIN,
    help: "A file with what the action is given, as JSON, in the place of members; - is standard " +
      "input.",
  },
]);
