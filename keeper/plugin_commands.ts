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
  X_OPTIONS,
} from "./plugin_options.ts";
import { PLUGIN_LIST_OPTIONS, PLUGIN_PUSH_OPTIONS } from "./plugin_fleet_options.ts";

/** The commands about the plugins of agents. */
const FLEET_COMMANDS: readonly Command[] = [
  defineCommand({
    path: ["plugin", "push"],
    summary: "Puts a plugin into the agents in reach: 0 if all have it, else 1.",
    operands: "FILE",
    options: PLUGIN_PUSH_OPTIONS,
    load: async () => ({ run: (await import("./commands/plugins/push_command.ts")).pushPlugin }),
  }),
  defineCommand({
    path: ["plugin", "list"],
    summary: "Lists the plugins of the agents in reach, and how each is.",
    options: PLUGIN_LIST_OPTIONS,
    load: async () => ({ run: (await import("./commands/plugins/list_command.ts")).listPlugins }),
  }),
  defineCommand({
    path: ["plugin", "remove"],
    summary: "Removes a plugin from the agents in reach, with all that it kept.",
    operands: "NAME",
    options: PLUGIN_LIST_OPTIONS,
    load: async () => ({
      run: (await import("./commands/plugins/remove_command.ts")).removePlugin,
    }),
  }),
];

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
  ...FLEET_COMMANDS,
  defineCommand({
    path: ["x"],
    summary: "Has a plugin of the keeper do something, and shows its answer; lists what there is " +
      "where nothing is named.",
    operands: "[PLUGIN [ACTION [KEY=TEXT|KEY:=JSON...]]]",
    options: X_OPTIONS,
    load: () => import("./commands/plugins/x_command.ts"),
  }),
];
