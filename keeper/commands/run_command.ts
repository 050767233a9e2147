/**
 * `fluxvault-keeper run`: serves a fleet, once or until it is stopped.
 *
 * @module
 */
import { StorageError } from "../../protocol/mod.ts";
import {
  type CommandContext,
  EXIT_DONE,
  EXIT_FAILURE,
  settingError,
  StopRequested,
} from "../../protocol/host/mod.ts";
import { ApprovalQuestion } from "./approval_question.ts";
import { dialAgent } from "../contact/dialer.ts";
import { type Fleet, StaticFleet } from "../fleet/fleet.ts";
import { checkTrust, readFleet } from "./fleet_settings.ts";
import { Keeper } from "../keeper.ts";
import { checkEnrolment, checkSigning, NO_KEYS, openKeys } from "./key_settings.ts";
import type { RUN_OPTIONS } from "../options.ts";
import { isPassWanted, type PassReport, updatePass } from "../report/report.ts";
import { printNews, printReport } from "../report/report_output.ts";
import { type ServeContext, withSource } from "./run_context.ts";
import { findStateFolder } from "../state_folder.ts";
import { DeliveriesFile } from "../original/deliveries_file.ts";
import { KnownAgentsFile } from "../trust/known_agents_file.ts";
import type { KnownAgentsStore } from "../trust/mod.ts";
import { DiskVault } from "../vault/disk_vault.ts";
import { type ManagedFile, parseManagedFiles } from "../vault/managed_files.ts";
import { requireLevels } from "../vault/required_levels.ts";
import type { Vault, VaultView } from "../vault/vault.ts";
import { WholeFolderVault } from "../vault/whole_folder_vault.ts";
import { parseWires } from "../contact/wire.ts";

/** What `--managed-files` says instead of names where every file of the vault is offered. */
export interface ServeOptions {
  /** Whether every file of the vault folder is offered, as the original did. @default {false} */
  readonly wholeFolder?: boolean;
}

/** Runs the command. */
export function run(context: CommandContext<typeof RUN_OPTIONS>): Promise<number> {
  return serve(context);
}

/** Serves a fleet, once or until it is stopped. */
export async function serve(context: ServeContext, options: ServeOptions = {}): Promise<number> {
  try {
    return await serveFleet(context, options);
  } catch (error) {
    if (!context.settings.runOnce || !(error instanceof StopRequested)) throw error;
    // Unlike a service, what was to be done once is not done where it was stopped.
    context.logger.warn("The keeper was stopped before its one pass had ended.");
    return error.exitCode;
  }
}

async function serveFleet(context: ServeContext, options: ServeOptions): Promise<number> {
  const { settings, logger, signal } = context;
  const { wholeFolder = false } = options;
  const files = wholeFolder ? [] : readFiles(context);
  const wires = withSource(context, "wire", () => parseWires(settings.wire));
  checkTrust(context, wires);
  checkSigning(context, wires);
  const { fleet, trust, firstUseLimit } = await readFleet(context);
  const stateFolder = findStateFolder(context.env, { stateDir: settings.stateDir });
  const vault = wholeFolder
    ? new WholeFolderVault(settings.vaultDir, { logger })
    : new DiskVault(settings.vaultDir, { logger });
  const view = await lookIntoVault(context, { vault, files, wholeFolder });
  const knownAgents = new KnownAgentsFile(stateFolder);
  await knownAgents.load();
  if (wires.hasOriginal) warnOfOriginal(context, fleet);
  const keys = wires.isOriginalOnly
    ? NO_KEYS
    : await openKeys(context, { app: fleet.app, stateFolder });
  checkEnrolment(context, { files, app: fleet.app, keys });
  const keeper = new Keeper({
    ...keys,
    wires,
    deliveries: new DeliveriesFile(stateFolder),
    expectsAll: !wholeFolder,
    fleet,
    vault: startingWith(view, vault),
    files,
    knownAgents,
    dial: dialAgent,
    trust,
    ...(firstUseLimit === undefined ? {} : { firstUseLimit }),
    concurrency: settings.concurrency,
    pollingIntervalMs: settings.pollingIntervalMs,
    discoveryIntervalMs: settings.discoveryIntervalMs,
    logger,
  });
  const question = canAsk(context) ? makeQuestion(context, knownAgents) : null;
  if (settings.runOnce) {
    const report = await passOnce(context, keeper, question);
    return isPassWanted(report) ? EXIT_DONE : EXIT_FAILURE;
  }
  logger.info("The keeper serves its fleet until it is stopped.", {
    app: fleet.app,
    files: files.length,
    trust,
    state: knownAgents.path,
  });
  return await keeper.run({
    signal,
    onReport: async (report) => {
      // What is asked already is shown again below a report.
      if (await printNews(context, report)) await question?.remind();
      if (question !== null) askAside(context, report, { keeper, question });
    },
  });
}

/** A person can be asked where he reads what is printed and types what is read. */
function canAsk({ settings, stdin, stdout, stderr }: ServeContext): boolean {
  return !settings.json && !settings.quiet &&
    [stdin, stdout, stderr].every(({ isTerminal }) => isTerminal);
}

function makeQuestion(
  { stdin, stderr, signal }: ServeContext,
  knownAgents: KnownAgentsStore,
): ApprovalQuestion {
  return new ApprovalQuestion({ stdin, stderr, signal, knownAgents });
}

/** Serves the fleet once, and then those whom the operator lets in. */
async function passOnce(
  context: ServeContext,
  keeper: Keeper,
  question: ApprovalQuestion | null,
): Promise<PassReport> {
  const { signal } = context;
  const report = await keeper.pass({ signal });
  await printReport(context, report);
  if (question === null || await question.ask(report) === 0) return report;
  await keeper.noticeDecisions();
  const later = await keeper.passDue({ signal });
  await printReport(context, later);
  return updatePass(report, later);
}

/** Asks without holding up the passes. */
function askAside(
  { logger, signal }: ServeContext,
  report: PassReport,
  { keeper, question }: { readonly keeper: Keeper; readonly question: ApprovalQuestion },
): void {
  void question.ask(report).then(async (approved) => {
    if (approved > 0) await keeper.noticeDecisions();
  }).catch((error) => {
    if (signal.aborted) return;
    logger.error("What was answered cannot be kept.", { error: String(error) });
  });
}

function readFiles(context: ServeContext): ManagedFile[] {
  const { settings, resolved } = context;
  if (settings.managedFiles.length === 0) {
    throw settingError(resolved, {
      name: "managed-files",
      problem: "is missing: there is nothing to deliver",
      hint: "Name the files of the vault, for example --managed-files db.password,tls/key.pem.",
    });
  }
  const files = withSource(context, "managed-files", () => {
    return parseManagedFiles(settings.managedFiles);
  });
  return withSource(context, "require", () => requireLevels(settings.require, files));
}

/** Says once what the wire cannot do, whatever its two ends do. */
function warnOfOriginal({ logger }: ServeContext, fleet: Fleet): void {
  const anybody = fleet instanceof StaticFleet
    ? "an agent is known by its address alone"
    : "any node can put itself into the list of the app; an agent is known by its address alone";
  logger.warn(
    "The wire of the original FluxVault is on: whoever is on the path to such an agent can read " +
      `and change every file; ${anybody}, and notices no message that is played again; ` +
      "the lengths of files show. Serve agents by protocol 2 as they are replaced.",
  );
}

/** Looks into the vault before any agent is dialled: what is wrong with it is the operator's. */
async function lookIntoVault(
  { settings, resolved, logger, signal }: ServeContext,
  { vault, files, wholeFolder }: {
    readonly vault: Vault;
    readonly files: readonly ManagedFile[];
    readonly wholeFolder: boolean;
  },
): Promise<VaultView> {
  let view: VaultView;
  try {
    view = await vault.inspect(files, { signal });
  } catch (cause) {
    signal.throwIfAborted();
    throw settingError(resolved, {
      name: "vault-dir",
      problem: `names no folder that can be read: ${JSON.stringify(settings.vaultDir)}`,
      hint: (cause instanceof StorageError ? cause.hint : undefined) ??
        "Make the folder and put the secret files into it, or name another.",
      cause,
    });
  }
  const [first] = view.faults;
  if (first === undefined) return view;
  const names = view.faults.map(({ file, code }) => `${JSON.stringify(file.local)} (${code})`);
  if (settings.runOnce && !wholeFolder) {
    throw settingError(resolved, {
      name: "managed-files",
      problem: `names what the vault cannot give: ${names.join(", ")}`,
      hint: `Put it below ${settings.vaultDir}, as a file that this program may read.`,
    });
  }
  for (const { file, code } of view.faults) {
    logger.warn("A managed file cannot be delivered.", { file: file.local, code });
  }
  return view;
}

/** A vault whose first look was taken already. */
function startingWith(view: VaultView, vault: Vault): Vault {
  let first: VaultView | null = view;
  return {
    inspect(files, options): Promise<VaultView> {
      if (first === null) return vault.inspect(files, options);
      const taken = first;
      first = null;
      return Promise.resolve(taken);
    },
  };
}
