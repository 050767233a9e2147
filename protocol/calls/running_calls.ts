/**
 * The calls of one end of a session, from its beginning to its end.
 *
 * @module
 */
import { createDeferred } from "../deferred.ts";
import { FAREWELL_TIMEOUT_MS } from "../limits.ts";
import type { Session } from "../session.ts";
import type { CallDesk } from "./call_desk.ts";
import { SessionCallDesk } from "./session_call_desk.ts";
import type { SessionCalls } from "./session_calls.ts";
import { untilAborted } from "../until_aborted.ts";

/** Takes the calls of the peer, and runs what makes this side's own. */
export class RunningCalls {
  readonly #desk: SessionCallDesk;
  readonly #work: Promise<void>;

  /** Begins with both; a session has one of these at most. */
  constructor(session: Session, calls: SessionCalls) {
    const desk = new SessionCallDesk(session, calls);
    this.#desk = desk;
    session.divert(desk);
    this.#work = runWork(calls, desk);
    this.#work.catch((error) => session.fail(error));
  }

  /** Makes calls beside the work; none once {@linkcode RunningCalls.finish} has begun. */
  get desk(): CallDesk {
    return this.#desk;
  }

  /**
   * Waits until the work is done and no call of this side is open; from then on it makes none.
   *
   * @throws What the work throws, or what ended the session.
   */
  async finish(): Promise<void> {
    await untilAborted(this.#work, this.#desk.signal);
    await this.#desk.drain();
  }

  /**
   * Waits until the work does nothing any more, for a while; call it when the session is over.
   *
   * @param graceMs How long work is waited for that does not notice the end, in milliseconds.
   */
  async settle(graceMs: number = FAREWELL_TIMEOUT_MS): Promise<void> {
    const { promise: isOver, resolve } = createDeferred<void>();
    const timer = setTimeout(resolve, graceMs);
    await Promise.race([this.#work.catch(() => {}), isOver]);
    clearTimeout(timer);
  }
}

/** Begins with the calls of a session, `null` where there are none. */
export function startCalls(session: Session, calls: SessionCalls | undefined): RunningCalls | null {
  return calls === undefined ? null : new RunningCalls(session, calls);
}

async function runWork({ work }: SessionCalls, desk: CallDesk): Promise<void> {
  // Work that waits for the signal would not hear of it any more.
  desk.signal.throwIfAborted();
  await work?.(desk);
}
