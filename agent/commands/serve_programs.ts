/**
 * All of the agent program that has to do with programs: the hooks and the services of manifests, and
 * the application where the agent is its entrypoint.
 *
 * @module
 */
import type { Action } from "../../protocol/mod.ts";
import { EXIT_DONE } from "../../protocol/host/mod.ts";
import type { AgentSessionReport } from "../delivery/session_report.ts";
import { type DiskSecretStore, openDiskRoots } from "../disk/mod.ts";
import { HOOKS_FILE_NAME, HooksOnDemand } from "../hooks/mod.ts";
import type { ServiceEvent } from "../services/service_status.ts";
import type { ServicesOnDemand } from "../services/services_on_demand.ts";
import type { RestoredState } from "../trust/mod.ts";
import type { ProgramSettings } from "./application_settings.ts";
import { isRemembered } from "./remembered.ts";
import type { ServedApplication, ServedLife } from "./serve_application.ts";
import type { ServeContext } from "./serve_context.ts";
import type { ServedServices } from "./serve_powers.ts";

/** What programs are opened with. */
export interface ServedProgramsParts {
  /** What the operator says. */
  readonly settings: ProgramSettings;
  /** The real path of the working folder. */
  readonly workingFolder: string;
  /** The real path of the folder of state, or `null` where there is none. */
  readonly stateFolder: string | null;
  /** Where the files are. */
  readonly store: Pick<DiskSecretStore, "held" | "haveExpired">;
  /** Is told what happens to services. @default {nobody} */
  readonly onService?: (event: ServiceEvent) => void;
}

/** The hooks, the services and the application of an agent. */
export class ServedPrograms {
  /** The hooks. */
  readonly hooks: HooksOnDemand;
  /** The services; `null` in an agent that may run no program. */
  readonly services: ServicesOnDemand | null;
  /** What keepers may call about services. */
  readonly actions: readonly Action[];
  readonly #store: ServedProgramsParts["store"];
  readonly #application: ServedApplication | null;
  readonly #reaper: Disposable | null;

  private constructor(parts: {
    readonly hooks: HooksOnDemand;
    readonly served: ServedServices | null;
    readonly store: ServedProgramsParts["store"];
    readonly application: ServedApplication | null;
    readonly reaper: Disposable | null;
  }) {
    this.hooks = parts.hooks;
    this.services = parts.served?.services ?? null;
    this.actions = parts.served?.actions ?? [];
    this.#store = parts.store;
    this.#application = parts.application;
    this.#reaper = parts.reaper;
  }

  /**
   * Opens them; nothing runs yet.
   *
   * @throws {StorageError} where a folder cannot be used.
   */
  static async open(context: ServeContext, parts: ServedProgramsParts): Promise<ServedPrograms> {
    const { settings: { allowAbsolute }, logger, delay } = context;
    const { settings, workingFolder, stateFolder, store } = parts;
    const disk = await openDiskRoots({
      workingFolder,
      stateFolder,
      absoluteFolders: allowAbsolute,
    });
    const { allowed } = settings;
    const powerful = allowed === null ? null : await import("./serve_powers.ts");
    const programs = allowed === null
      ? null
      : powerful?.openPowers(context, { settings, disk, allowed }) ?? null;
    const { held } = store;
    const hooks = await HooksOnDemand.open({
      held: held === null ? null : { ...held.manifest, declaredBy: held.declaredBy },
      mayBeDue: isRemembered(stateFolder, HOOKS_FILE_NAME),
      load: async (held) => {
        const { AgentHooks, HookActions, HookFiles, openHookJournal } = await import(
          "../hooks/mod.ts"
        );
        return new AgentHooks({
          performer: new HookActions({
            files: new HookFiles(disk),
            powers: programs?.powers ?? null,
            workingFolder,
            ownPid: Deno.pid,
            ownUid: Deno.uid(),
          }),
          journal: await openHookJournal(stateFolder, logger),
          held,
          logger,
          ...(delay === undefined ? {} : { delay }),
        });
      },
    });
    const application = programs?.powers.application ?? null;
    const served = programs === null
      ? null
      : await powerful?.openServices(context, { ...parts, disk, ...programs }) ?? null;
    const reaper = programs?.reaper ?? null;
    return new ServedPrograms({ hooks, served, store, application, reaper });
  }

  /** Takes how a session ended. */
  noteReport(report: AgentSessionReport): void {
    this.#application?.noteReport(report);
  }

  /** Takes what was removed since no keeper has renewed it. */
  noteExpired(paths: readonly string[]): void {
    void this.services?.noteGone(paths);
    this.#application?.noteExpired(paths);
  }

  /** Takes what the agent vouches for after a restart: what is due of it runs. */
  async noteRestored(state: RestoredState): Promise<void> {
    if (state.isVouched) {
      const wanted = { ...state.manifest.manifest, declaredBy: state.signer };
      const departed = state.departed.map(({ path }) => path);
      // What has expired is not there, as it should be.
      if (this.#store.haveExpired(departed)) await this.hooks.resume(wanted);
      await this.services?.resume(wanted, departed);
    }
    this.#application?.noteRestored(state);
  }

  /**
   * Runs the application, where there is one, and ends hooks and services when the agent ends.
   *
   * @returns The exit status of the program. Resolves when nothing runs any more.
   * @throws as {@linkcode ServedApplication.run} does.
   */
  async run(life: ServedLife): Promise<number> {
    const ended = Promise.withResolvers<void>();
    if (life.signal.aborted) ended.resolve();
    else life.signal.addEventListener("abort", () => ended.resolve(), { once: true });
    const stopping = ended.promise.then(() => {
      return Promise.all([this.hooks.stop(), this.services?.stop()]);
    });
    try {
      return await this.#application?.run(life) ?? EXIT_DONE;
    } finally {
      await stopping;
      this.#reaper?.[Symbol.dispose]();
    }
  }
}
