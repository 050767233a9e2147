/**
 * A session without a delivery, in the keeper's role (spec, section 13).
 *
 * @module
 */
import { finishing, sendMessage, unexpected, WorkInbox } from "../exchange.ts";
import type { Session } from "../session.ts";
import type { CallDesk } from "./call_desk.ts";
import { RunningCalls } from "./running_calls.ts";
import type { SessionCalls } from "./session_calls.ts";

/** The options of {@linkcode converseAsKeeper}. */
export type ConverseOptions = Omit<SessionCalls, "work">;

/** How the work went. */
type Outcome<T> = { readonly value: T } | { readonly error: unknown };

/**
 * Calls an agent, and is called by it, in place of a delivery; ends the session when the work is done.
 *
 * The agent has to say `calls` in `session.origin.readiness.wants`; the session needs no turn there.
 *
 * @returns What the work returns.
 * @throws What the work throws, once the session has ended as it should; what ended it early.
 *
 * @example
 * ```ts
 * import {
 *   converseAsKeeper,
 *   defineAction,
 *   duplexPair,
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
 * using keys = new RsaKeyStock();
 * const identity = await importIdentity(await generateIdentitySeed());
 * const [agentEnd, keeperEnd] = duplexPair();
 * const wants = ["calls"]; // Says that it can be called.
 * const introduction = { identity, instance: randomBytes(16), software: "example/1", wants };
 * const [agent, keeper] = await Promise.all([
 *   handshakeAsAgent(agentEnd, { keys, ...introduction }),
 *   handshakeAsKeeper(keeperEnd, { policy: () => null }),
 * ]);
 * const calls = { actions: [defineAction("ping", { run: () => "pong" })] };
 * const receiving = receiveAsAgent(agent, new MemorySecretStore(), { calls });
 * const answer = await converseAsKeeper(keeper, (desk) => desk.call("ping"));
 * console.assert(answer === "pong" && (await receiving).isCallsOnly === true);
 * ```
 */
export async function converseAsKeeper<T>(
  session: Session,
  work: (desk: CallDesk) => Promise<T>,
  options: ConverseOptions = {},
): Promise<T> {
  const outcomes: Outcome<T>[] = [];
  await finishing(session, async () => {
    const calls = new RunningCalls(session, {
      ...options,
      work: async (desk) => void outcomes.push(await runWork(work, desk)),
    });
    try {
      await converse(session, calls);
    } catch (error) {
      // The work ends with the session.
      await session.fail(error);
      await calls.settle();
      throw error;
    }
  });
  const [outcome] = outcomes;
  if (outcome === undefined) throw new TypeError("a session ended before its work");
  if ("error" in outcome) throw outcome.error;
  return outcome.value;
}

/** Ends the session when the work is done. */
async function converse(session: Session, calls: RunningCalls): Promise<void> {
  const inbox = new WorkInbox(session);
  await calls.finish();
  await sendMessage(session, { state: "END" });
  const { message } = await inbox.next();
  if (message.state !== "END-REPLY") throw unexpected(message.state);
}

async function runWork<T>(
  work: (desk: CallDesk) => Promise<T>,
  desk: CallDesk,
): Promise<Outcome<T>> {
  try {
    return { value: await work(desk) };
  } catch (error) {
    return { error };
  }
}
