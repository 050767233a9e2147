/** A folder with the source of a plugin and a stored key, for the tests of the commands about plugins. */
import { openKeyRing } from "../../../../keeper/keys/system_key_ring.ts";
import type { CommandCall, CommandResult } from "../../../../keeper/keys/stores/command_runner.ts";
import { buildPlugin } from "../../../../keeper/commands/plugins/build_command.ts";
import { signPlugin } from "../../../../keeper/commands/plugins/sign_command.ts";
import { showPlugin } from "../../../../keeper/commands/plugins/show_command.ts";
import {
  PLUGIN_BUILD_OPTIONS,
  PLUGIN_SHOW_OPTIONS,
  PLUGIN_SIGN_OPTIONS,
} from "../../../../keeper/plugin_options.ts";
import { defineCommand, type Program } from "../../../../protocol/host/mod.ts";
import { MemoryInput } from "../../../support/memory_input.ts";
import { type ProgramRun, runInProcess } from "../../../support/program.ts";
import { temporaryFolder } from "../../../support/temporary_folder.ts";
import { KEY, NOW_MS, playSecretTool, QUICK } from "../../keys/key_fixtures.ts";

/** A script that is a plugin. */
export const SCRIPT = "plugin({ actions: { greet: (name) => `Hello, ${name}` } });\n";

/** What is said of it. */
export const DESCRIPTION = {
  Name: "greeter",
  Version: "1.2.3",
  Actions: [{ Name: "greet" }],
};

/** Where a test builds plugins. */
export interface PluginSite {
  /** The folder. */
  readonly folder: string;
  /** What was asked of `deno`. */
  readonly calls: CommandCall[];
  /** What `deno` answers; `null` where there is none. */
  result: CommandResult | null;
  /** The programs that `deno` is looked for as and that are none. */
  readonly missing: Set<string>;
  /** Runs a command. */
  run(...args: readonly string[]): Promise<ProgramRun>;
}

/** Runs a test in a folder with a script, its source and its description; the key of KEY is stored. */
export async function withPlugin(work: (site: PluginSite) => Promise<void>): Promise<void> {
  await using temporary = await temporaryFolder();
  const folder = temporary.path;
  await Deno.writeTextFile(`${folder}/plugin.js`, SCRIPT);
  await Deno.writeTextFile(`${folder}/plugin.ts`, SCRIPT);
  await Deno.writeTextFile(`${folder}/plugin.json`, JSON.stringify(DESCRIPTION));
  const secrets = new Map<string, string>();
  const site: PluginSite = {
    folder,
    calls: [],
    result: null,
    missing: new Set(),
    run: (...args) => {
      const stdin = new MemoryInput([KEY.wif]);
      const state = args[0] === "show" ? [] : ["--state-dir", folder];
      return runInProcess(programOf(site, secrets), [...args, ...state], { stdin });
    },
  };
  await work(site);
}

function programOf(site: PluginSite, secrets: Map<string, string>): Program {
  const parts = { run: playSecretTool(secrets), cost: QUICK, now: () => NOW_MS };
  const run = (call: CommandCall) => {
    site.calls.push(call);
    return Promise.resolve(site.missing.has(call.command) ? null : site.result);
  };
  return {
    name: "fluxvault-keeper",
    leadingWord: "keeper",
    version: "0",
    summary: "Makes plugins.",
    commands: [
      defineCommand({
        path: ["build"],
        summary: "Builds.",
        operands: "SOURCE",
        options: PLUGIN_BUILD_OPTIONS,
        load: () =>
          Promise.resolve({
            run: (context) => {
              const ring = openKeyRing({ ...context, stateFolder: site.folder }, parts);
              return buildPlugin(context, { run, ring, execPath: "/opt/deno" });
            },
          }),
      }),
      defineCommand({
        path: ["sign"],
        summary: "Signs.",
        operands: "FILE",
        options: PLUGIN_SIGN_OPTIONS,
        load: () =>
          Promise.resolve({
            run: (context) =>
              signPlugin(context, openKeyRing({ ...context, stateFolder: site.folder }, parts)),
          }),
      }),
      defineCommand({
        path: ["show"],
        summary: "Shows.",
        operands: "FILE",
        options: PLUGIN_SHOW_OPTIONS,
        load: () => Promise.resolve({ run: showPlugin }),
      }),
    ],
  };
}
