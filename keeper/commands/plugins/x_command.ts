/**
 * `fluxvault-keeper x`: has a plugin of the keeper do something, or lists what there is.
 *
 * @module
 */
import { CallError, ConfigError } from "../../../protocol/mod.ts";
import {
  type CommandContext,
  EXIT_DONE,
  EXIT_FAILURE,
  EXIT_MISTAKE,
  sanitiseText,
  settingError,
  suggestName,
} from "../../../protocol/host/mod.ts";
import { openAudit } from "../../audit/run_audit.ts";
import type { X_OPTIONS } from "../../plugin_options.ts";
import { readInput } from "../calls/given_input.ts";
import { openStateFolder } from "../opened_state_folder.ts";
import { type NamedPlugin, readNamedPlugins, startNamedPlugins } from "./named_plugins.ts";
import { openReach } from "./reach_of_command.ts";
import { describeAnswer, describePlugin, describePlugins, type XAnswer } from "./x_text.ts";

type XContext = CommandContext<typeof X_OPTIONS>;

/** What is the operator's mistake. */
const MISTAKES: ReadonlySet<string> = new Set(["unknown-action", "input-malformed"]);
const MAX_PROGRESS_LENGTH = 1_000;

/** Runs the command. */
export async function run(context: XContext): Promise<number> {
  const { operands, settings: { json }, resolved, stdout } = context;
  const named = await readNamedPlugins(context);
  if (named.length === 0) {
    throw settingError(resolved, {
      name: "plugin",
      problem: "is missing: this keeper has no plugin",
      hint: "Name one: --plugin FILE. How to make one: fluxvault-keeper plugin build --help.",
    });
  }
  const [name, action, ...members] = operands;
  const meant = name === undefined ? named : [findPlugin(named, name)];
  const [plugin] = meant;
  if (plugin === undefined || name === undefined || action === undefined) {
    const isOne = plugin !== undefined && name !== undefined && !json;
    await stdout.write(isOne ? describePlugin(plugin) : describePlugins(meant, { json }));
    return EXIT_DONE;
  }
  checkAction(plugin, action);
  const input = await readInput(context, members);
  const answer = await call(context, plugin, { action, input });
  await stdout.write(describeAnswer(answer, { json }));
  if (answer.error === null) return EXIT_DONE;
  return MISTAKES.has(answer.error.code) ? EXIT_MISTAKE : EXIT_FAILURE;
}

function findPlugin(named: readonly NamedPlugin[], name: string): NamedPlugin {
  const found = named.find(({ plugin }) => plugin.manifest.name === name);
  if (found !== undefined) return found;
  const names = named.map(({ plugin }) => plugin.manifest.name);
  const [before = "", ...after] = name.split("-");
  const hint = names.includes(before) && after.length > 0
    ? `Write x ${before} ${sanitiseText(after.join("-"))}.`
    : hintFor(name, names);
  throw new ConfigError(`there is no plugin ${say(name)}`, { hint });
}

function checkAction({ plugin: { manifest } }: NamedPlugin, action: string): void {
  const names = manifest.actions.map(({ name }) => name);
  if (names.includes(action)) return;
  const { name } = manifest;
  const problem = action.includes("=")
    ? `an action of ${name} has to be named before what it is given`
    : `${name} has no action ${say(action)}`;
  throw new ConfigError(problem, { hint: hintFor(action, names) });
}

function hintFor(written: string, names: readonly string[]): string {
  const near = suggestName(written, names);
  if (near !== null) return `Did you mean ${near}?`;
  return names.length === 0 ? "There is none." : `There is: ${names.join(", ")}.`;
}

/** Writes a word that may be anything. */
function say(word: string): string {
  return JSON.stringify(sanitiseText(word, { maxLength: 64 }));
}

async function call(
  context: XContext,
  named: NamedPlugin,
  order: { readonly action: string; readonly input: unknown },
): Promise<XAnswer> {
  const { settings: { auditLog, quiet }, logger, signal, stderr } = context;
  const { name } = named.plugin.manifest;
  const { action } = order;
  const stateFolder = openStateFolder(context);
  const audit = await openAudit({ stateFolder, auditLog }, { logger });
  await audit.log.append([{ event: "command", command: "x", plugin: name, action }]);
  const reach = openReach(context, audit);
  await using running = await startNamedPlugins([named], { stateFolder, reach, logger });
  const telling: Promise<void>[] = [];
  const onProgress = (output: unknown) => {
    if (quiet) return;
    const text = sanitiseText(JSON.stringify(output) ?? "", { maxLength: MAX_PROGRESS_LENGTH });
    telling.push(stderr.write(`${name}: ${text}\n`));
  };
  const beganMs = performance.now();
  const answer = { plugin: named.plugin.manifest, action };
  try {
    const output = await running.call(name, order, { signal, onProgress });
    await Promise.all(telling);
    return { ...answer, output, error: null, durationMs: Math.round(performance.now() - beganMs) };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof CallError)) throw error;
    return { ...answer, output: null, error, durationMs: Math.round(performance.now() - beganMs) };
  }
}
