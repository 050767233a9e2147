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
 * import {
 *   ANY_JSON,
 *   type CallSteps,
 *   converseAsKeeper,
 *   defineAction,
 *   duplexPair,
 *   followSteps,
 *   generateIdentitySeed,
 *   handshakeAsAgent,
 *   handshakeAsKeeper,
 *   importIdentity,
 *   MemorySecretStore,
 *   randomBytes,
 *   receiveAsAgent,
 *   RsaKeyStock,
 * } from "@fluxvault/fluxvault/protocol";
 *
 * function* drain(): CallSteps<number> {
 *   let rounds = 0;
 *   let left = Number(yield { action: "queue-length" });
 *   for (; left > 0; rounds++) left = Number(yield { action: "take-some", input: { count: 10 } });
 *   return rounds;
 * }
 *
 * let queue = 25;
 * const actions = [
 *   defineAction("queue-length", { run: () => queue }),
 *   defineAction("take-some", { input: ANY_JSON, run: () => queue = Math.max(0, queue - 10) }),
 * ];
 * using keys = new RsaKeyStock();
 * const identity = await importIdentity(await generateIdentitySeed());
 * const [agentEnd, keeperEnd] = duplexPair();
 * const introduction = { identity, instance: randomBytes(16), software: "shop/1" };
 * const [agent, keeper] = await Promise.all([
 *   handshakeAsAgent(agentEnd, { keys, ...introduction, wants: ["calls"] }),
 *   handshakeAsKeeper(keeperEnd, { policy: () => null }),
 * ]);
 * const receiving = receiveAsAgent(agent, new MemorySecretStore(), { calls: { actions } });
 * const rounds = await converseAsKeeper(keeper, (desk) => followSteps(desk, drain()));
 * console.assert(rounds === 3 && queue === 0);
 * await receiving;
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
 * import {
 *   ANY_JSON,
 *   type CallSteps,
 *   converseAsKeeper,
 *   defineContract,
 *   duplexPair,
 *   followSteps,
 *   generateIdentitySeed,
 *   handshakeAsAgent,
 *   handshakeAsKeeper,
 *   implementContract,
 *   importIdentity,
 *   MemorySecretStore,
 *   randomBytes,
 *   receiveAsAgent,
 *   RsaKeyStock,
 *   type StandardSchema,
 *   stepOf,
 * } from "@fluxvault/fluxvault/protocol";
 *
 * const text: StandardSchema<string> = {
 *   "~standard": {
 *     version: 1,
 *     vendor: "shop",
 *     validate: (value) =>
 *       typeof value === "string" ? { value } : { issues: [{ message: "no text" }] },
 *   },
 * };
 * const version = defineContract("version", { output: text });
 * function* ask(): CallSteps<string> {
 *   const said = yield* stepOf(version); // A string, as the contract says.
 *   return said.toUpperCase();
 * }
 *
 * const actions = [implementContract(version, { run: () => "v2" })];
 * using keys = new RsaKeyStock();
 * const identity = await importIdentity(await generateIdentitySeed());
 * const [agentEnd, keeperEnd] = duplexPair();
 * const introduction = { identity, instance: randomBytes(16), software: "shop/1" };
 * const [agent, keeper] = await Promise.all([
 *   handshakeAsAgent(agentEnd, { keys, ...introduction, wants: ["calls"] }),
 *   handshakeAsKeeper(keeperEnd, { policy: () => null }),
 * ]);
 * const receiving = receiveAsAgent(agent, new MemorySecretStore(), { calls: { actions } });
 * console.assert(await converseAsKeeper(keeper, (desk) => followSteps(desk, ask())) === "V2");
 * await receiving;
 * ```
 */
export function* stepOf<Input, Output>(
  action: ActionContract<Input, Output>,
  options: WholeCallOptions<Input> = {},
): Generator<CallStep, Output, unknown> {
  // The desk has read the answer by the contract.
  return (yield { ...options, action }) as Output;
}
