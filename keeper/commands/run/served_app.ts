/**
 * An app that is served: its keeper, and where that notes what it does.
 *
 * @module
 */
import { AuditedKnownAgents, type AuditLog } from "../../audit/mod.ts";
import { type OpenedAudit, recordRun } from "../../audit/run_audit.ts";
import { Keeper } from "../../keeper.ts";
import type { AppProgress, ProgressDisplay } from "../../progress/progress_display.ts";
import { StatusFile } from "../../status/status_file.ts";
import { StatusRecorder } from "../../status/status_recorder.ts";
import type { KnownAgentsStore } from "../../trust/mod.ts";
import {
  onRecord,
  type PreparedFleet,
  prepareFleet,
  type PrepareFleetOptions,
} from "../prepared_fleet.ts";
import type { ServeContext } from "../run_context.ts";
import type { AppWish } from "./app_wish.ts";
import type { PluginHost } from "./plugin_host.ts";

/** What the apps of one process share. */
export interface SharedParts extends Omit<PrepareFleetOptions, "isVaultUnused"> {
  /** Opens the audit log, once. */
  readonly audit: () => Promise<OpenedAudit>;
  /** Shows how far deliveries have come. */
  readonly progress: ProgressDisplay;
  /** Runs plugins. @default {there are none} */
  readonly plugins?: PluginHost;
}

/** An app that can be served; it ends with a line in the audit log. */
export interface ServedApp extends AsyncDisposable {
  /** How reports name it; `null` where it is the only one. */
  readonly name: string | null;
  /** The folder of its sources. */
  readonly vaultFolder: string;
  /** What it takes to serve it. */
  readonly prepared: PreparedFleet;
  /** Serves it. */
  readonly keeper: Keeper;
  /** The audit log. */
  readonly log: AuditLog;
  /** Notes how each contact went. */
  readonly status: StatusRecorder;
  /** Shows how far its deliveries have come. */
  readonly progress: AppProgress;
  /** Takes what the operator decides. */
  readonly decisions: KnownAgentsStore;
}

/**
 * Looks whether an app can be served, and makes its keeper.
 *
 * @throws {FluxVaultError} where it cannot: what is wrong with its vault, its keys or the state.
 */
export async function openApp(
  context: ServeContext,
  wish: AppWish,
  shared: SharedParts,
): Promise<ServedApp> {
  const { settings, logger } = context;
  const { stateFolder } = shared;
  const progress = shared.progress.watchApp();
  const prepared = await prepareFleet(context, wish, shared);
  const { run } = prepared;
  const audit = await recordRun(await shared.audit(), run);
  const status = new StatusRecorder(new StatusFile(stateFolder), {
    app: run.app,
    intervalMs: settings.runOnce ? null : wish.pollingIntervalMs,
    logger,
  });
  const keeper = new Keeper({
    ...prepared.options,
    ...onRecord(prepared, audit),
    task: { watch: progress },
    onContact: (report) => {
      status.noteContact(report);
      shared.plugins?.tell(report, run.app);
    },
  });
  const reachable = shared.plugins?.noteApp({
    app: run.app,
    keeper,
    knownAgents: prepared.knownAgents,
    recorder: audit.recorder,
  });
  return {
    name: wish.name,
    vaultFolder: wish.vaultFolder,
    prepared,
    keeper,
    log: audit.log,
    status,
    progress,
    decisions: new AuditedKnownAgents(prepared.knownAgents, audit.log, { by: "operator" }),
    async [Symbol.asyncDispose](): Promise<void> {
      // What plugins were told of the last contacts may have them call the agents.
      await shared.plugins?.settle();
      reachable?.[Symbol.dispose]();
      await status[Symbol.asyncDispose]();
      await audit[Symbol.asyncDispose]();
    },
  };
}
