/**
 * The calls that the peer makes (spec, section 13).
 *
 * @module
 */
import { ProtocolError } from "../errors.ts";
import { MAX_OPEN_CALLS } from "../limits.ts";
import type { Session } from "../session.ts";
import type { ReceiveStream } from "../streams.ts";
import type { Action } from "./action.ts";
import type { CallDesk } from "./call_desk.ts";
import { type CallId, type CallMessage, encodeCallMessage } from "./call_messages.ts";
import { checkActionName } from "./call_value.ts";
import { type ActionResult, RunningAction } from "./running_action.ts";
import type { SessionCalls } from "./session_calls.ts";

/** What {@linkcode IncomingCalls} works with. */
export interface IncomingCallParts extends Pick<SessionCalls, "actions" | "source" | "onFailure"> {
  /** Calls the peer in turn. */
  readonly desk: CallDesk;
  /** Is told whenever the number of open calls changes. */
  readonly onChange: () => void;
}

/** Runs the actions that the peer calls, a limited number at a time. */
export class IncomingCalls {
  readonly #session: Session;
  readonly #parts: IncomingCallParts;
  readonly #actions: ReadonlyMap<string, Action>;
  /** The calls that are not answered yet; `null` for one that runs nothing. */
  readonly #open = new Map<CallId, RunningAction | null>();
  /** How many actions have not stopped, whether anybody waits for them or not. */
  #running = 0;
  #lastId: CallId = -1;
  /** What was said by which the peer ends its calls, or `null`. */
  #lastWord: string | null = null;

  /**
   * Has run nothing yet.
   *
   * @throws {TypeError} if a name is none, or stands twice.
   */
  constructor(session: Session, parts: IncomingCallParts) {
    this.#session = session;
    this.#parts = parts;
    this.#actions = indexActions(parts.actions ?? []);
  }

  /** How many calls are open. */
  get count(): number {
    return this.#open.size;
  }

  /** Takes a CALL of the peer. */
  take(message: CallMessage, stream: ReceiveStream | null): void {
    const { id, action: name, isOneWay = false } = message;
    if (this.#lastWord !== null) throw unexpected(`a call after ${this.#lastWord}`);
    if (id <= this.#lastId) throw unexpected("a call with a number used before");
    this.#lastId = id;
    if (!isOneWay && this.#open.size >= MAX_OPEN_CALLS) {
      throw new ProtocolError("too-many-messages", "the peer makes more calls than it may");
    }
    const action = this.#actions.get(name) ?? this.#parts.source?.find(name);
    if (action !== undefined && this.#running < MAX_OPEN_CALLS) {
      return this.#run(action, { message, stream });
    }
    stream?.cancel();
    if (isOneWay) return;
    this.#open.set(id, null);
    this.#parts.onChange();
    void this.#answer(
      id,
      action === undefined
        ? { status: "UnknownCommand", code: null }
        : { status: "Failed", code: "busy" },
    );
  }

  /** Takes a CANCEL of the peer. */
  cancel(id: CallId): void {
    if (id > this.#lastId) throw unexpected("the end of a call that was not made");
    this.#open.get(id)?.cancel();
  }

  /** The peer has said that it makes no more calls. */
  takeLastWord(state: string): void {
    if (this.#open.size > 0) throw unexpected(`${state} while a call of its own was open`);
    this.#lastWord = state;
  }

  /** Tells all actions that the session is over. */
  end(reason: unknown): void {
    for (const running of this.#open.values()) running?.end(reason);
    this.#open.clear();
    this.#parts.onChange();
  }

  #run(
    action: Action,
    { message, stream }: {
      readonly message: CallMessage;
      readonly stream: ReceiveStream | null;
    },
  ): void {
    const { desk, onFailure } = this.#parts;
    const running = new RunningAction(this.#session, {
      message,
      stream,
      desk,
      answer: (id, result) => this.#answer(id, result),
      onFailure: (code, error) => onFailure?.({ action: action.name, code, error }),
    });
    this.#running++;
    if (!running.isOneWay) {
      this.#open.set(message.id, running);
      this.#parts.onChange();
    }
    void running.run(action).finally(() => this.#running--);
  }

  /** Answers a call; it is open until that has left. */
  async #answer(id: CallId, result: ActionResult): Promise<void> {
    try {
      await this.#session.send(encodeCallMessage({ state: "RESULT", id, ...result }));
    } catch {
      // The session is over, which its own end tells.
    }
    if (this.#open.delete(id)) this.#parts.onChange();
  }
}

function indexActions(actions: readonly Action[]): ReadonlyMap<string, Action> {
  const byName = new Map(actions.map((action) => [action.name, action]));
  if (byName.size !== actions.length) throw new TypeError("two actions have one name");
  for (const name of byName.keys()) checkActionName(name);
  return byName;
}

function unexpected(what: string): ProtocolError {
  return new ProtocolError("message-unexpected", `the peer sent ${what} where it has no place`);
}
