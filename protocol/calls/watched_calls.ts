/**
 * Calls whose failures are in a log and cost no delivery.
 *
 * @module
 */
import { FluxVaultError } from "../errors.ts";
import type { Logger } from "../logger.ts";
import type { SessionCalls } from "./session_calls.ts";

/** The options of {@linkcode watchCalls}. */
export interface WatchCallsOptions {
  /** Takes the notes. */
  readonly logger: Logger;
  /** What is written down where an action failed that the peer called. */
  readonly onTaken: string;
  /** What is written down where what makes this side's own calls failed. */
  readonly onMade: string;
  /** What else belongs to both. @default {nothing} */
  readonly properties?: Readonly<Record<string, unknown>>;
  /** How many failures of actions are written down: the peer causes as many as it likes. @default {all} */
  readonly maxTaken?: number;
}

/**
 * Writes down what fails in calls; what fails in those of this side then does not end the session.
 *
 * @example
 * ```ts
 * import { defineAction, SILENT_LOGGER, watchCalls } from "@fluxvault/fluxvault/protocol";
 *
 * const warnings: (Record<string, unknown> | undefined)[] = [];
 * const calls = watchCalls({ actions: [defineAction("ping", { run: () => "pong" })] }, {
 *   logger: { ...SILENT_LOGGER, warn: (_message, properties) => warnings.push(properties) },
 *   onTaken: "An action failed.",
 *   onMade: "A call failed.",
 * });
 * // For `receiveAsAgent(session, store, { calls })`, which tells of what fails:
 * calls.onFailure?.({ action: "ping", code: "failed", error: new TypeError("private") });
 * console.assert(warnings[0]?.["action"] === "ping" && warnings[0]["reason"] === "TypeError");
 * ```
 */
export function watchCalls(calls: SessionCalls, options: WatchCallsOptions): SessionCalls {
  const { logger, onTaken, onMade, properties = {}, maxTaken = Infinity } = options;
  const { work, onFailure } = calls;
  let taken = 0;
  return {
    ...calls,
    onFailure: (failure) => {
      const { action, code, error } = failure;
      if (++taken <= maxTaken) {
        logger.warn(onTaken, { ...properties, action, code, ...describeError(error) });
      }
      onFailure?.(failure);
    },
    ...(work === undefined ? {} : {
      work: async (desk) => {
        try {
          await work(desk);
        } catch (error) {
          // Where the session is over, its report tells of it.
          if (desk.signal.aborted) return;
          const code = error instanceof FluxVaultError ? error.code : "failed";
          logger.warn(onMade, { ...properties, code, ...describeError(error) });
        }
      },
    }),
  };
}

/** What is no error of ours may hold anything, so it is not written down. */
function describeError(error: unknown): { readonly reason: string; readonly hint?: string } {
  if (error instanceof FluxVaultError) {
    const { message: reason, hint } = error;
    return hint === undefined ? { reason } : { reason, hint };
  }
  return { reason: error instanceof Error ? error.name : "unknown" };
}
