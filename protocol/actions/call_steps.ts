/**
 * Calls in a row, written as a function that yields the next one until it is done.
 *
 * @module
 */
import type { ActionContract } from "../calls/action_contract.ts";
import type { CallDesk } from "../calls/call_desk.ts";
import type { WholeCallOptions } from "../calls/call_options.ts";

/** The next call. */
export interface CallStep extends WholeCallOptions {
  /** What is called: its name, or its contract. */
  readonly action: string | ActionContract;
}

/**
 * A function at work that yields calls: each `yield` has the answer, or throws what the call failed with;
 * what it returns is what comes of them all.
 */
export type CallSteps<T> =
  | AsyncGenerator<CallStep, T, unknown>
  | Generator<CallStep, T, unknown>;

/**
 * Makes the calls that a function yields, one after the other.
 *
 * @returns What the function returns.
 * @throws What the function throws: what a call failed with, unless it catches that.
 *
 * @example
 * ```ts
 * import { type CallDesk, type CallSteps, followSteps } from "@fluxvault/fluxvault/protocol";
 *
 * function* drain(): CallSteps<number> {
 *   let left = Number(yield { action: "queue-length" });
 *   while (left > 0) left = Number(yield { action: "take-some", input: { count: 10 } });
 *   return left;
 * }
 * const work = async (desk: CallDesk): Promise<number> => await followSteps(desk, drain());
 * console.assert(work.length === 1);
 * ```
 */
export async function followSteps<T>(desk: CallDesk, steps: CallSteps<T>): Promise<T> {
  let next = await steps.next();
  while (next.done !== true) {
    const { action, ...options } = next.value;
    const outcome = await attempt(desk, action, options);
    next = "error" in outcome ? await steps.throw(outcome.error) : await steps.next(outcome.answer);
  }
  return next.value;
}

async function attempt(
  desk: CallDesk,
  action: string | ActionContract,
  options: WholeCallOptions,
): Promise<{ readonly answer: unknown } | { readonly error: unknown }> {
  try {
    const contract = typeof action === "string" ? { name: action } : action;
    return { answer: await desk.call(contract, options) };
  } catch (error) {
    return { error };
  }
}

/**
 * Yields one call whose answer has the type that its contract says.
 *
 * @example
 * ```ts
 * import { type CallSteps, defineContract, type ListedAction, LIST_ACTIONS, stepOf } from "@fluxvault/fluxvault/protocol";
 *
 * const ping = defineContract("ping");
 * function* steps(): CallSteps<number> {
 *   const actions: readonly ListedAction[] = yield* stepOf(LIST_ACTIONS);
 *   yield* stepOf(ping);
 *   return actions.length;
 * }
 * console.assert(typeof steps().next === "function");
 * ```
 */
export function* stepOf<Input, Output>(
  action: ActionContract<Input, Output>,
  options: WholeCallOptions<Input> = {},
): Generator<CallStep, Output, unknown> {
  // The desk has read the answer by the contract.
  return (yield { ...options, action }) as Output;
}
