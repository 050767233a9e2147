/**
 * The commands about plugins, as data.
 *
 * @module
 */
import { type Command, defineCommand } from "../protocol/host/mod.ts";
import {
  PLUGIN_BUILD_OPTIONS,
  PLUGIN_SHOW_OPTIONS,
  PLUGIN_SIGN_OPTIONS,
} from "./plugin_options.ts";

/** The commands about plugins. */
export const PLUGIN_COMMANDS: readonly Command[] = [
  defineCommand({
    path: ["plugin", "build"],
    summary: "Makes the package of a plugin from its source and the plugin.json beside it.",
    operands: "SOURCE",
    options: PLUGIN_BUILD_OPTIONS,
    load: async () => ({
      run: (await import("./commands/plugins/build_command.ts")).buildPlugin,
    }),
  }),
  defineCommand({
    path: ["plugin", "sign"],
    summary: "Signs the package of a plugin: the signature goes to FILE.sig.",
    operands: "FILE",
    options: PLUGIN_SIGN_OPTIONS,
    load: async () => ({ run: (await import("./commands/plugins/sign_command.ts")).signPlugin }),
  }),
  defineCommand({
    path: ["plugin", "show"],
    summary: "Shows what the package of a plugin says of itself, and who signed it.",
    operands: "FILE",
    options: PLUGIN_SHOW_OPTIONS,
    load: async () => ({ run: (await import("./commands/plugins/show_command.ts")).showPlugin }),
  }),
];
