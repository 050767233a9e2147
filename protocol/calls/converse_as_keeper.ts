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
