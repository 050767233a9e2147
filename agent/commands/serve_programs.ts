/**
 * All of the agent program that has to do with programs: the hooks and the services of manifests, and
 * the application where the agent is its entrypoint.
 *
 * @module
 */
import type { Action, Logger } from "../../protocol/mod.ts";
import { EXIT_DONE, join } from "../../protocol/host/mod.ts";
import type { OwnChildren } from "../application/mod.ts";
import type { AgentSessionReport } from "../delivery/session_report.ts";
import { type DiskRoots, type DiskSecretStore, openDiskRoots } from "../disk/mod.ts";
import { type HookPowers, HOOKS_FILE_NAME, HooksOnDemand } from "../hooks/mod.ts";
import type { ServiceEvent } from "../services/service_status.ts";
import type { ServicesOnDemand } from "../services/services_on_demand.ts";
import type { RestoredState } from "../trust/mod.ts";
import type { ProgramSettings } from "./application_settings.ts";
import type { ServedApplication, ServedLife } from "./serve_application.ts";
import type { ServeContext } from "./serve_context.ts";

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
    const programs = allowed === null
      ? null
      : await openPowers(context, { ...parts, disk, allowed });
    const { held } = store;
    const hooks = await HooksOnDemand.open({
      held: held === null ? null : { ...held.manifest, declaredBy: held.declaredBy },
      mayBeDue: mayHooksBeDue(stateFolder),
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
      : await openServices(context, { ...parts, disk, ...programs });
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

/** Tells whether an earlier process remembered hooks; what is wrong with that is said when it is read. */
function mayHooksBeDue(stateFolder: string | null): boolean {
  return isRemembered(stateFolder, HOOKS_FILE_NAME);
}

function isRemembered(stateFolder: string | null, name: string): boolean {
  if (stateFolder === null) return false;
  try {
    Deno.statSync(join(stateFolder, name));
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

/** Reaps what others leave behind, where that is this process's to do. */
async function openReaper(
  { signals, logger }: ServeContext,
  children: OwnChildren,
): Promise<Disposable | null> {
  const { openProcessLibrary, OrphanReaper } = await import("../application/mod.ts");
  const library = openProcessLibrary();
  if (library === null) {
    if (Deno.pid === 1) logger.warn("processes that others leave behind stay there as zombies");
    return null;
  }
  if (Deno.pid !== 1 && !library.isSubreaper()) {
    library[Symbol.dispose]();
    return null;
  }
  const reaper = new OrphanReaper({ library, children, signals });
  return {
    [Symbol.dispose](): void {
      reaper[Symbol.dispose]();
      library[Symbol.dispose]();
    },
  };
}

/** Loads what starts programs, in an agent that may. */
async function openPowers(
  context: ServeContext,
  { settings, allowed, disk }: ServedProgramsParts & {
    readonly disk: DiskRoots;
    readonly allowed: NonNullable<ProgramSettings["allowed"]>;
  },
) {
  const { ServedApplication } = await import("./serve_application.ts");
  const { applicationEnvironment, OwnChildren } = await import("../application/mod.ts");
  const { runHookProgram } = await import("../hooks/mod.ts");
  const children = new OwnChildren();
  const { env } = context;
  const variables = Object.fromEntries(env.names().map((name) => [name, env.get(name) ?? ""]));
  const application = settings.application === null
    ? null
    : new ServedApplication(context, { settings: settings.application, disk, children });
  const powers = {
    programs: allowed,
    runProgram: (program: Parameters<typeof runHookProgram>[0], signal: AbortSignal) =>
      runHookProgram(program, { signal, children }),
    kill: Deno.kill,
    ownerOf: ownerOfProcess,
    application,
    env: applicationEnvironment(variables),
  };
  return { powers, children, reaper: await openReaper(context, children) };
}

/** The services of an agent, and what keepers may call about them. */
interface ServedServices {
  readonly services: ServicesOnDemand;
  readonly actions: readonly Action[];
}

/** Opens what runs services; where an earlier agent left some behind, they are ended first. */
async function openServices(
  context: ServeContext,
  parts: Omit<ServedProgramsParts, "settings"> & {
    readonly disk: DiskRoots;
    readonly powers: Pick<HookPowers, "programs" | "env">;
    readonly children: OwnChildren;
  },
): Promise<ServedServices> {
  const { logger, delay } = context;
  const { disk, powers: { programs, env }, children, workingFolder, stateFolder } = parts;
  const { ServicesOnDemand } = await import("../services/services_on_demand.ts");
  const { serviceActions } = await import("../services/service_actions.ts");
  const services = new ServicesOnDemand(async () => {
    const { AgentServices, endLeftServices, openServiceJournal, ProcessLauncher } = await import(
      "../services/mod.ts"
    );
    const { DeliveredFiles } = await import("../application/mod.ts");
    const journal = await openServiceJournal(stateFolder, logger);
    await endLeftServices(journal.known, { logger });
    const files = new DeliveredFiles(disk);
    const launcher = new ProcessLauncher({
      ...{ programs, files, workingFolder, env, children, journal },
    });
    return new AgentServices({
      launcher,
      onEvent: (event) => {
        logService(event, logger);
        parts.onService?.(event);
      },
      ...(delay === undefined ? {} : { delay }),
    });
  });
  const { SERVICES_FILE_NAME } = await import("../services/services_file.ts");
  if (isRemembered(stateFolder, SERVICES_FILE_NAME)) await services.open();
  const actions = serviceActions({ services: () => Promise.resolve(services.loaded) });
  return { services, actions };
}

/** Writes down what happened to a service, and never what it wrote. */
function logService({ state, ...event }: ServiceEvent, logger: Logger): void {
  const isTrouble = state === "pausing" || state === "refused" ||
    event.code === "service-unhealthy" || event.code === "service-memory";
  logger[isTrouble ? "warn" : "info"](`a service is ${state}`, event);
}

/** Returns the user whom a process belongs to; only Linux says so in its files. */
function ownerOfProcess(pid: number): number | null {
  try {
    return Deno.statSync(`/proc/${pid}`).uid;
  } catch {
    return null;
  }
}
