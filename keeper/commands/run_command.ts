/**
 * `fluxvault-keeper run`: serves one app or those of a loadout, once or until it is stopped.
 *
 * @module
 */
import {
  type CommandContext,
  EXIT_DONE,
  EXIT_FAILURE,
  StopRequested,
} from "../../protocol/host/mod.ts";
import { openAudit } from "../audit/run_audit.ts";
import { parseWires } from "../contact/wire.ts";
import type { RUN_OPTIONS } from "../options.ts";
import { isPassWanted } from "../report/report.ts";
import type { ProgressDisplay } from "../progress/progress_display.ts";
import { makeProgress } from "./command_progress.ts";
import { CertificateDesk, declareCertificates } from "./certificate_desk.ts";
import { KeyDesk } from "./key_desk.ts";
import { openStateFolder } from "./opened_state_folder.ts";
import { AppRun } from "./run/app_run.ts";
import type { AppWish } from "./run/app_wish.ts";
import { ApprovalTurns } from "./run/approval_turns.ts";
import { chooseLoadout, type ChosenLoadout } from "./run/chosen_loadout.ts";
import { readFlagApp } from "./run/flag_app.ts";
import { LoadoutRun } from "./run/loadout_run.ts";
import { openPluginHost } from "./run/plugin_host.ts";
import { openApp, type SharedParts } from "./run/served_app.ts";
import type { ServeContext } from "./run_context.ts";
import { tellWarnings } from "./selected_loadout.ts";

/** What `--managed-files` says instead of names where every file of the vault is offered. */
export interface ServeOptions {
  /** Whether every file of the vault folder is offered, as the original did. @default {false} */
  readonly wholeFolder?: boolean;
}

/** Runs the command. */
export async function run(context: CommandContext<typeof RUN_OPTIONS>): Promise<number> {
  const stateFolder = findOnce(context);
  const chosen = await chooseLoadout(context, { stateFolder });
  return chosen === null
    ? await serveFlags(context, { isWholeFolder: false, stateFolder })
    : await serveLoadout(context, chosen, stateFolder());
}

/** Serves the one app of the flags, once or until it is stopped. */
export async function serve(context: ServeContext, options: ServeOptions = {}): Promise<number> {
  const { wholeFolder: isWholeFolder = false } = options;
  return await serveFlags(context, { isWholeFolder, stateFolder: findOnce(context) });
}

/** Finds the folder of state once, since what is wrong with it is told each time. */
function findOnce(context: ServeContext): () => string {
  let folder: string | null = null;
  return () => folder ??= openStateFolder(context);
}

async function serveFlags(
  context: ServeContext,
  { isWholeFolder, stateFolder }: {
    readonly isWholeFolder: boolean;
    readonly stateFolder: () => string;
  },
): Promise<number> {
  return await serveWish(context, () => readFlagApp(context, { isWholeFolder }), stateFolder);
}

/** Serves the one app of a command, once or until it is stopped. */
export async function serveWish(
  context: ServeContext,
  wishFor: () => Promise<AppWish>,
  stateFolder: () => string = findOnce(context),
): Promise<number> {
  return await tellWhereStopped(context, async () => {
    const wish = await wishFor();
    return await serveApp(context, { wish, stateFolder: stateFolder() });
  });
}

/** Serves one app, once or until it is stopped. */
async function serveApp(
  context: ServeContext,
  { wish, stateFolder }: { readonly wish: AppWish; readonly stateFolder: string },
): Promise<number> {
  const desk = new KeyDesk(context, stateFolder);
  await using progress = makeProgress(context);
  const shared = shareParts(context, { stateFolder, desk, progress });
  await using plugins = await openPluginHost(context, shared);
  const parts = { ...shared, ...(plugins === null ? {} : { plugins }) };
  await using app = await openApp(context, wish, parts);
  await parts.certificates.prepare({ isNeeded: await declareCertificates([wish]) });
  desk.end();
  const run = new AppRun(context, app, new ApprovalTurns());
  if (!context.settings.runOnce) return await run.forever();
  return isPassWanted(await run.once()) ? EXIT_DONE : EXIT_FAILURE;
}

/** Serves the apps of a loadout, once or until it is stopped. */
async function serveLoadout(
  context: ServeContext,
  chosen: ChosenLoadout,
  stateFolder: string,
): Promise<number> {
  return await tellWhereStopped(context, async () => {
    const { settings: { runOnce }, logger } = context;
    const { loadout } = chosen.opened;
    tellWarnings(logger, loadout.warnings);
    const desk = new KeyDesk(context, stateFolder);
    for (const { app, signWith = null, wire } of loadout.apps.filter(chosen.isMeant)) {
      if (!parseWires(wire).isOriginalOnly) await desk.prepare({ app, signWith });
    }
    await using progress = makeProgress(context);
    const shared = shareParts(context, { stateFolder, desk, progress });
    await using plugins = await openPluginHost(context, shared);
    const parts = { ...shared, ...(plugins === null ? {} : { plugins }) };
    const meant = loadout.apps.filter(chosen.isMeant);
    await parts.certificates.prepare({
      isNeeded: meant.some(({ certificates }) => certificates.length > 0),
    });
    desk.end();
    const run = new LoadoutRun(context, parts, chosen);
    return runOnce ? await run.once() : await run.forever();
  });
}

function shareParts(
  context: ServeContext,
  { stateFolder, desk, progress }: {
    readonly stateFolder: string;
    readonly desk: KeyDesk;
    readonly progress: ProgressDisplay;
  },
): SharedParts & { readonly certificates: CertificateDesk } {
  const { settings: { auditLog }, logger } = context;
  let opened: ReturnType<typeof openAudit> | null = null;
  const audit = () => {
    opened ??= openAudit({ stateFolder, auditLog }, { logger }).catch((error) => {
      opened = null;
      throw error;
    });
    return opened;
  };
  return {
    stateFolder,
    progress,
    keysFor: ({ fleet: { app }, signWith }) => desk.open({ app, signWith }),
    certificates: new CertificateDesk(context, { stateFolder, keys: desk, audit }),
    audit,
  };
}

/** Unlike a service, what was to be done once is not done where it was stopped. */
async function tellWhereStopped(
  { settings, logger }: ServeContext,
  work: () => Promise<number>,
): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!settings.runOnce || !(error instanceof StopRequested)) throw error;
    logger.warn("The keeper was stopped before its one pass had ended.");
    return error.exitCode;
  }
}
