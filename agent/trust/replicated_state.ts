/**
 * Whether the agent's state lies where the Flux network copies it to other nodes.
 *
 * @module
 */
import {
  delay as waitFor,
  FluxVaultError,
  type Logger,
  SILENT_LOGGER,
} from "../../protocol/mod.ts";
import {
  type AppSpecification,
  type AppSpecificationAnswer,
  isReplicatedPath,
} from "../../flux/mod.ts";
import { askPauseMs } from "./ask_pause.ts";

/** Where an agent keeps its state. */
export interface StatePlace {
  /** The component that the agent is, or `null` where it does not know. */
  readonly component: string | null;
  /** The real path of the folder of state. */
  readonly folder: string;
}

/**
 * Tells whether the folder of state is in a volume that every node of the app gets, also one that only
 * claims to run it. A component that is not known counts only where the app has no other.
 */
export function isStateReplicated(
  { components }: AppSpecification,
  { component, folder }: StatePlace,
): boolean {
  const [only, ...others] = components;
  const found = component === null
    ? others.length === 0 ? only : undefined
    : components.find(({ name }) => name === component);
  return found !== undefined && isReplicatedPath(found.mounts, folder);
}

/** The options of {@linkcode warnIfReplicated}. */
export interface ReplicationOptions {
  /** Asks the network once for the app's specification. */
  readonly ask: (options: { readonly signal: AbortSignal }) => Promise<AppSpecificationAnswer>;
  /** Ends the questions. */
  readonly signal: AbortSignal;
  /** Is told where the state is replicated. @default {SILENT_LOGGER} */
  readonly logger?: Logger;
  /** Waits; rejects with the reason of the signal. The real clock by default. */
  readonly delay?: (durationMs: number, signal: AbortSignal) => Promise<void>;
  /** Returns a number from 0 up to but excluding 1. @default {Math.random} */
  readonly random?: () => number;
}

/**
 * Says so where the state is copied to other nodes; asks until there is an answer, with growing pauses.
 *
 * Once the signal is aborted it returns without one.
 */
export async function warnIfReplicated(
  place: StatePlace,
  options: ReplicationOptions,
): Promise<void> {
  const { signal, logger = SILENT_LOGGER, delay = waitFor, random = Math.random } = options;
  try {
    for (let round = 0;; round++) {
      signal.throwIfAborted();
      const answer = await askOnce(options);
      if (answer === null) {
        await delay(askPauseMs(round, random), signal);
        continue;
      }
      if (answer.kind !== "found" || !isStateReplicated(answer.specification, place)) return;
      logger.warn(
        "the state folder lies in a volume that the Flux network replicates: every node that is " +
          "listed for the app, rightly or not, gets a copy of this agent's identity; put --state-dir " +
          "elsewhere",
        { folder: place.folder },
      );
      return;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Asks once; `null` where there is no answer of use yet. */
async function askOnce(
  { ask, signal, logger = SILENT_LOGGER }: ReplicationOptions,
): Promise<AppSpecificationAnswer | null> {
  try {
    return await ask({ signal });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof FluxVaultError)) throw error;
    const properties = { code: error.code, reason: error.message };
    logger.debug("the app's specification could not be asked for; asking again", properties);
    return null;
  }
}
