/**
 * Which processes of services run, on disk, so that an agent that was killed finds them when it is
 * started again.
 *
 * A file `services.json` (0600) in the state folder, one JSON object:
 * `{"version":1,"running":[{"service":"web","run":"<32 hex>","pid":42,"start":"1234",
 * "stopSignal":"SIGTERM","stopTimeoutS":10}]}`. `pid` and `start` are null before the process is known.
 *
 * @module
 */
import { encodeUtf8, type Logger } from "../../protocol/mod.ts";
import { join, readOptionalFile, writeFileAtomically } from "../../protocol/host/mod.ts";
import { MAX_SERVICES_FILE_BYTES } from "../limits.ts";

/** The name of the file in the state folder. */
export const SERVICES_FILE_NAME = "services.json";

/** A process of a service that runs, or ran when the agent ended. */
export interface RunningService {
  /** The name of the service. */
  readonly service: string;
  /** Tells its processes from all others: 32 digits of hex, in their environment. */
  readonly run: string;
  /** The number of the process, or `null` where it is not known yet. */
  readonly pid: number | null;
  /** When it was started, as the system says it, or `null`. */
  readonly start: string | null;
  /** The signal that asks it to end. */
  readonly stopSignal: string;
  /** How long it may take to end then, in seconds. */
  readonly stopTimeoutS: number;
}

/** What is remembered of the processes of services. */
export interface ServiceJournal {
  /** What ran when the agent ended. */
  readonly known: readonly RunningService[];
  /** Makes what runs outlast a crash before it resolves, in place of what was saved before. */
  readonly save: (running: readonly RunningService[]) => Promise<void>;
}

const VERSION = 1;
const RUN = /^[0-9a-f]{32}$/;
const MAX_STOP_S = 300;

/**
 * Opens what is remembered of services; a file that is damaged says nothing.
 *
 * @param stateFolder The state folder, or `null` to keep everything in memory.
 */
export async function openServiceJournal(
  stateFolder: string | null,
  logger: Logger,
): Promise<ServiceJournal> {
  if (stateFolder === null) return { known: [], save: () => Promise.resolve() };
  const path = join(stateFolder, SERVICES_FILE_NAME);
  let known: readonly RunningService[] = [];
  try {
    const bytes = await readOptionalFile(path, { maxBytes: MAX_SERVICES_FILE_BYTES });
    if (bytes !== null) known = parseServices(new TextDecoder().decode(bytes));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger.warn("which services an earlier agent ran cannot be read", { reason });
  }
  return {
    known,
    save: async (running) => {
      const text = `${JSON.stringify({ version: VERSION, running })}\n`;
      try {
        await writeFileAtomically(path, encodeUtf8(text));
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        logger.warn("which services run is kept in memory only", { reason });
      }
    },
  };
}

function parseServices(text: string): RunningService[] {
  const file: Record<string, unknown> = JSON.parse(text);
  if (file["version"] !== VERSION || !Array.isArray(file["running"])) {
    throw new Error("it is malformed");
  }
  return file["running"].map(readRunning);
}

function readRunning(json: Record<string, unknown>): RunningService {
  const { service, run, pid, start, stopSignal, stopTimeoutS } = json;
  const isSound = typeof service === "string" && typeof run === "string" && RUN.test(run) &&
    (pid === null || (Number.isSafeInteger(pid) && (pid as number) > 1)) &&
    (start === null || typeof start === "string") && typeof stopSignal === "string" &&
    Number.isSafeInteger(stopTimeoutS) && (stopTimeoutS as number) <= MAX_STOP_S;
  if (!isSound) throw new Error("it is malformed");
  return {
    service,
    run,
    pid: pid as number | null,
    start,
    stopSignal,
    stopTimeoutS: stopTimeoutS as number,
  };
}
