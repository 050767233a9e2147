/**
 * What an agent does that may run programs: it starts those of hooks and services, and its application.
 *
 * Loaded by such an agent alone.
 *
 * @module
 */
import type { Action, Logger } from "../../protocol/mod.ts";
import {
  applicationEnvironment,
  DeliveredFiles,
  openProcessLibrary,
  OrphanReaper,
  OwnChildren,
} from "../application/mod.ts";
import type { DiskRoots } from "../disk/mod.ts";
import { type HookPowers, runHookProgram } from "../hooks/mod.ts";
import { serviceActions } from "../services/service_actions.ts";
import { SERVICES_FILE_NAME } from "../services/services_file.ts";
import type { ServiceEvent } from "../services/service_status.ts";
import { ServicesOnDemand } from "../services/services_on_demand.ts";
import type { ProgramSettings } from "./application_settings.ts";
import { isRemembered } from "./remembered.ts";
import { ServedApplication } from "./serve_application.ts";
import type { ServeContext } from "./serve_context.ts";

/** What starts programs. */
export interface OpenedPowers {
  /** What hooks may do to processes. */
  readonly powers: HookPowers & { readonly application: ServedApplication | null };
  /** The children of this process. */
  readonly children: OwnChildren;
  /** Reaps what others leave behind; `null` where that is not this process's to do. */
  readonly reaper: Disposable | null;
}

/** What services are opened with beside that. */
export interface ServedServicesParts {
  /** Where the files are. */
  readonly disk: DiskRoots;
  /** The real path of the working folder. */
  readonly workingFolder: string;
  /** The real path of the folder of state, or `null` where there is none. */
  readonly stateFolder: string | null;
  /** Is told what happens to services. @default {nobody} */
  readonly onService?: (event: ServiceEvent) => void;
}

/** The services of an agent, and what keepers may call about them. */
export interface ServedServices {
  /** The services. */
  readonly services: ServicesOnDemand;
  /** What keepers may call about them. */
  readonly actions: readonly Action[];
}

/** Reaps what others leave behind, where that is this process's to do. */
function openReaper(
  { signals, logger }: ServeContext,
  children: OwnChildren,
): Disposable | null {
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

/** Opens what starts programs, in an agent that may. */
export function openPowers(
  context: ServeContext,
  { settings, allowed, disk }: {
    readonly settings: ProgramSettings;
    readonly disk: DiskRoots;
    readonly allowed: NonNullable<ProgramSettings["allowed"]>;
  },
): OpenedPowers {
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
  return { powers, children, reaper: openReaper(context, children) };
}

/** Opens what runs services; where an earlier agent left some behind, they are ended first. */
export async function openServices(
  context: ServeContext,
  parts: OpenedPowers & ServedServicesParts,
): Promise<ServedServices> {
  const { logger, delay } = context;
  const { disk, powers: { programs, env }, children, workingFolder, stateFolder } = parts;
  const services = new ServicesOnDemand(async () => {
    const { AgentServices, endLeftServices, openServiceJournal, ProcessLauncher } = await import(
      "../services/mod.ts"
    );
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
