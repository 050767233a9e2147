/**
 * Processes of services that an agent left behind which was killed: they are ended before any service
 * is started, so that none runs twice.
 *
 * @module
 */
import { delay as waitFor, type Logger } from "../../protocol/mod.ts";
import { signalProcess } from "../application/process_group.ts";
import { hasVariable, type ListedProcess, listProcesses } from "./process_list.ts";
import type { RunningService } from "./services_file.ts";

/** The variable by which processes of services are known again. */
export const RUN_VARIABLE = "FLUXVAULT_SERVICE_RUN";

/** The options of {@linkcode endLeftServices}. */
export interface LeftServicesOptions {
  /** Is told what was found. */
  readonly logger: Logger;
  /** Waits. The real clock by default. */
  readonly delay?: (durationMs: number) => Promise<void>;
}

const LOOK_INTERVAL_MS = 50;

/** Ends what is left of services; resolves when it is gone, or was killed. */
export async function endLeftServices(
  known: readonly RunningService[],
  options: LeftServicesOptions,
): Promise<void> {
  await Promise.all(known.map((running) => endLeft(running, options)));
}

async function endLeft(
  running: RunningService,
  { logger, delay = waitFor }: LeftServicesOptions,
): Promise<void> {
  const { service, stopSignal, stopTimeoutS } = running;
  let left = findLeft(running);
  if (left === null) {
    logger.warn("it cannot be known whether a service of an earlier agent still runs", { service });
    return;
  }
  if (left.length === 0) return;
  logger.warn("a service that an earlier agent left behind is ended", {
    service,
    processes: left.length,
  });
  signalAll(left, stopSignal as Deno.Signal);
  for (let waitedMs = 0; left.length > 0 && waitedMs < stopTimeoutS * 1_000;) {
    await delay(LOOK_INTERVAL_MS);
    waitedMs += LOOK_INTERVAL_MS;
    left = findLeft(running) ?? [];
  }
  // What is killed may have started another just before.
  for (let round = 0; left.length > 0 && round < 20; round++) {
    signalAll(left, "SIGKILL");
    await delay(LOOK_INTERVAL_MS);
    left = findLeft(running) ?? [];
  }
}

function signalAll(processes: readonly ListedProcess[], signal: Deno.Signal): void {
  for (const { pid } of processes) signalProcess(pid, signal);
}

/**
 * Finds the processes of a service: its own by when it was started, all others by what is in their
 * environment. A number alone proves nothing: it may be another's by now.
 */
function findLeft({ run, pid, start }: RunningService): readonly ListedProcess[] | null {
  const listed = listProcesses();
  if (listed === null) return null;
  const isLeader = listed.some((each) => each.pid === pid && each.start === start);
  return listed.filter((each) => {
    if (each.isZombie || each.pid === Deno.pid) return false;
    if (isLeader && (each.group === pid || each.session === pid)) return true;
    return hasVariable(each.pid, `${RUN_VARIABLE}=${run}`);
  });
}
