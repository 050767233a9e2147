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
import { auditDial } from "../audit/audited_dial.ts";
import { AuditedDeliveries, AuditedKnownAgents, type AuditLog } from "../audit/mod.ts";
import { noteAuditFailure, startRunAudit } from "../audit/run_audit.ts";
import { dialAgent } from "../contact/dialer.ts";
import { type Fleet, StaticFleet } from "../fleet/fleet.ts";
import { checkTrust, readFleet } from "./fleet_settings.ts";
import { Keeper } from "../keeper.ts";
import { checkEnrolment, checkSigning, NO_KEYS, openKeys } from "./key_settings.ts";
import type { RUN_OPTIONS } from "../options.ts";
import { isPassWanted, type PassReport, updatePass } from "../report/report.ts";
import { printNews, printReport } from "../report/report_output.ts";
import type { WaitingHint } from "../report/report_text.ts";
import { openStateFolder } from "./opened_state_folder.ts";
import { type ServeContext, withSource } from "./run_context.ts";
import { DeliveriesFile } from "../original/deliveries_file.ts";
import { KnownAgentsFile } from "../trust/known_agents_file.ts";
import type { KnownAgentsStore } from "../trust/mod.ts";
import { assemble } from "../vault/assembly.ts";
import { type Declarations, declareForAll } from "../vault/declarations.ts";
import { DiskVault } from "../vault/disk_vault.ts";
import { FolderMarksFile } from "../vault/folder_marks_file.ts";
import { parseManagedFiles } from "../vault/managed_files.ts";
import { requireLevels } from "../vault/required_levels.ts";
import type { Vault, VaultSource, VaultView } from "../vault/vault.ts";
import { declareWholeFolder } from "../vault/whole_folder.ts";
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
  const declare = wholeFolder
    ? async () => declareForAll(await declareWholeFolder(settings.vaultDir))
    : readFiles(context);
  const wires = withSource(context, "wire", () => parseWires(settings.wire));
  checkTrust(context, wires);
  checkSigning(context, wires);
  const { fleet, trust, firstUseLimit } = await readFleet(context);
  const stateFolder = openStateFolder(context);
  const disk = new DiskVault(settings.vaultDir, {
    logger,
    marks: new FolderMarksFile(stateFolder),
  });
  const { vault, declarations } = await lookIntoVault(context, { disk, declare, wholeFolder });
  const knownAgents = new KnownAgentsFile(stateFolder);
  await knownAgents.load();
  if (wires.hasOriginal) warnOfOriginal(context, fleet);
  const keys = wires.isOriginalOnly
    ? NO_KEYS
    : await openKeys(context, { app: fleet.app, stateFolder });
  await checkEnrolment(context, { files: declarations.all, app: fleet.app, keys });
  const { auditLog } = settings;
  const signer = keys.signer?.address ?? null;
  const { hasOriginal } = wires;
  await using audit = await startRunAudit(
    { stateFolder, auditLog },
    { app: fleet.app, trust, signer, hasOriginal },
    { logger },
  );
  const { log, recorder } = audit;
  const keeper = new Keeper({
    ...keys,
    wires,
    deliveries: new AuditedDeliveries(new DeliveriesFile(stateFolder), recorder, fleet),
    expectsAll: !wholeFolder,
    fleet,
    vault,
    declarations: declare,
    knownAgents: new AuditedKnownAgents(knownAgents, log, { by: "keeper" }),
    dial: auditDial(dialAgent, recorder, { wires }),
    trust,
    ...(firstUseLimit === undefined ? {} : { firstUseLimit }),
    concurrency: settings.concurrency,
    pollingIntervalMs: settings.pollingIntervalMs,
    discoveryIntervalMs: settings.discoveryIntervalMs,
    logger,
  });
  const decided = new AuditedKnownAgents(knownAgents, log, { by: "operator" });
  const question = canAsk(context) ? makeQuestion(context, decided, keeper) : null;
  if (settings.runOnce) {
    const report = await passOnce(context, { keeper, question, log });
    return isPassWanted(report) ? EXIT_DONE : EXIT_FAILURE;
  }
  logger.info("The keeper serves its fleet until it is stopped.", {
    app: fleet.app,
    files: declarations.all.length,
    trust,
    state: knownAgents.path,
  });
  const watching = settings.watch ? watchVault(context, keeper) : null;
  try {
    return await keeper.run({
      signal,
      onReport: async (pass) => {
        const report = noteAuditFailure(pass, log);
        const wasPrinted = await printNews(context, report, {
          waitingHint: hintFor(question, report),
          onPrint: async () => await question?.makeRoom(),
        });
        // What is asked already is shown again below a report.
        if (wasPrinted) await question?.remind(report);
        if (question !== null) askAside(context, report, question);
      },
    });
  } finally {
    await watching;
  }
}

/** Brings changes of the vault at once. */
async function watchVault(
  { settings, signal, logger }: ServeContext,
  keeper: Keeper,
): Promise<void> {
  const { watchPaths } = await import("../watch/path_watch.ts");
  await watchPaths([{ path: settings.vaultDir, isFile: false }], {
    signal,
    logger,
    onChange: async () => {
      try {
        await keeper.noticeVault({ signal });
      } catch (error) {
        // The next pass reports it.
        logger.debug("The vault cannot be looked at.", { error: String(error) });
      }
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
  keeper: Keeper,
): ApprovalQuestion {
  const onApproved = () => keeper.noticeDecisions();
  return new ApprovalQuestion({ stdin, stderr, signal, knownAgents, onApproved });
}

/** Whoever can be asked is not shown commands as well. */
function hintFor(question: ApprovalQuestion | null, report: PassReport): WaitingHint {
  if (question === null) return "commands";
  return question.willAsk(report) ? "none" : "list";
}

/** Serves the fleet once, and then those whom the operator lets in. */
async function passOnce(
  context: ServeContext,
  { keeper, question, log }: {
    readonly keeper: Keeper;
    readonly question: ApprovalQuestion | null;
    readonly log: AuditLog;
  },
): Promise<PassReport> {
  const { signal } = context;
  const report = noteAuditFailure(await keeper.pass({ signal }), log);
  await printReport(context, report, { waitingHint: hintFor(question, report) });
  if (question === null || await question.ask(report) === 0) return report;
  const later = noteAuditFailure(await keeper.passDue({ signal }), log);
  await printReport(context, later, { waitingHint: "list" });
  return updatePass(report, later);
}

/** Asks without holding up the passes. */
function askAside(
  { logger, signal }: ServeContext,
  report: PassReport,
  question: ApprovalQuestion,
): void {
  void question.ask(report).catch((error) => {
    if (signal.aborted) return;
    logger.error("What was answered cannot be kept.", { error: String(error) });
  });
}

function readFiles(context: ServeContext): Declarations {
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
  const all = withSource(context, "require", () => requireLevels(settings.require, files));
  return declareForAll(all);
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
  { disk, declare, wholeFolder }: {
    readonly disk: Vault;
    readonly declare: Declarations | (() => Promise<Declarations>);
    readonly wholeFolder: boolean;
  },
): Promise<{ readonly vault: Vault; readonly declarations: Declarations }> {
  let view: VaultView;
  let declarations: Declarations;
  try {
    declarations = typeof declare === "function" ? await declare() : declare;
    view = await disk.inspect(declarations.all, { signal });
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
  const { faults } = assemble(declarations.all, view, "enrolled");
  const say = (some: typeof faults) =>
    some.map(({ source, code }) => `${JSON.stringify(source)} (${code})`).join(", ");
  const taken = faults.filter(({ code }) => code === "target-taken");
  if (taken.length > 0) {
    throw settingError(resolved, {
      name: "managed-files",
      problem: `puts something below what is a file: ${say(taken)}`,
      hint: "Give one of them another target.",
    });
  }
  if (settings.runOnce && !wholeFolder && faults.length > 0) {
    throw settingError(resolved, {
      name: "managed-files",
      problem: `names what the vault cannot give: ${say(faults)}`,
      hint: `Put it below ${settings.vaultDir}, as files that this program may read.`,
    });
  }
  for (const { source, code, reason } of faults) {
    logger.warn("A managed file cannot be delivered.", { file: source, code, reason });
  }
  return { declarations, vault: startingWith(view, { vault: disk, sources: declarations.all }) };
}

/** A vault whose first look was taken already. */
function startingWith(
  view: VaultView,
  { vault, sources }: { readonly vault: Vault; readonly sources: readonly VaultSource[] },
): Vault {
  let first: VaultView | null = view;
  const nameOf = ({ source, symlinks }: VaultSource) => `${symlinks}:${source}`;
  const names = new Set(sources.map(nameOf));
  return {
    inspect(wanted, options): Promise<VaultView> {
      const taken = first;
      first = null;
      const isEnough = taken !== null && wanted.every((source) => names.has(nameOf(source)));
      return isEnough ? Promise.resolve(taken) : vault.inspect(wanted, options);
    },
  };
}
