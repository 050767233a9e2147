/**
 * The calls that one end of a session makes (spec, section 13).
 *
 * @module
 */
import { createDeferred, type Deferred } from "../deferred.ts";
import { ProtocolError } from "../errors.ts";
import { MAX_OPEN_CALLS } from "../limits.ts";
import { Semaphore } from "../semaphore.ts";
import type { Session } from "../session.ts";
import type { ReceiveStream } from "../streams.ts";
import { CallError } from "./call_error.ts";
import {
  type CallId,
  encodeCallMessage,
  MAX_CALL_ID,
  type ProgressMessage,
  type ResultMessage,
} from "./call_messages.ts";
import { type CallRequest, OpenCall } from "./open_call.ts";
import { untilAborted } from "../until_aborted.ts";

/** Makes calls, a limited number at a time, and hands each its answers. */
export class OutgoingCalls {
  readonly #session: Session;
  readonly #onChange: () => void;
  readonly #places = new Semaphore(MAX_OPEN_CALLS);
  readonly #open = new Map<CallId, OpenCall>();
  #nextId: CallId = 0;
  #isEnding = false;
  #over: { readonly reason: unknown } | null = null;
  #drained: Deferred<void> | null = null;

  /** Has made none yet; the function is told whenever the number of open calls changes. */
  constructor(session: Session, onChange: () => void) {
    this.#session = session;
    this.#onChange = onChange;
  }

  /** How many calls are open. */
  get count(): number {
    return this.#open.size;
  }

  /**
   * Makes a call once there is a place for it.
   *
   * @throws {CallError} `session-ended` if the session takes no more calls.
   * @throws The reason of the signal; what ended the session.
   */
  async open(
    request: CallRequest,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<OpenCall> {
    this.#checkTime();
    const place = this.#places.acquire();
    try {
      await untilAborted(place, signal);
    } catch (error) {
      void place.then(() => this.#places.release());
      throw error;
    }
    try {
      this.#checkTime();
      const call = new OpenCall(this.#session, this.#takeId(), request);
      this.#open.set(call.id, call);
      this.#onChange();
      return call;
    } catch (error) {
      this.#places.release();
      throw error;
    }
  }

  /**
   * Makes a call that nothing answers; resolves when it has left.
   *
   * @throws As {@linkcode OutgoingCalls.open}.
   */
  async openOneWay({ action, input, size }: CallRequest): Promise<OneWayStream | null> {
    this.#checkTime();
    const id = this.#takeId();
    const sending = size === undefined ? null : this.#session.openStream(size);
    const stream = sending === null ? null : { id: sending.id, size: size ?? null };
    await this.#session.send(
      encodeCallMessage({ state: "CALL", id, action, input, isOneWay: true, stream }),
    );
    return sending;
  }

  /** Takes a PROGRESS of the peer. */
  takeProgress(message: ProgressMessage, stream: ReceiveStream | null): void {
    const call = this.#open.get(message.id);
    if (call === undefined) throw answersNothing();
    call.takeProgress(message, stream);
  }

  /** Takes a RESULT of the peer. */
  takeResult(message: ResultMessage): void {
    const { id, status } = message;
    const call = this.#open.get(id);
    if (call === undefined) {
      // A side that takes no calls may answer what needs no answer.
      if (status === "UnknownCommand" && id < this.#nextId) return;
      throw answersNothing();
    }
    call.takeResult(message);
    this.#open.delete(id);
    this.#places.release();
    this.#onChange();
    if (this.#open.size === 0) this.#drained?.resolve();
  }

  /** Waits until no call is open; from then on none is made. */
  async drain(): Promise<void> {
    while (this.#open.size > 0 && this.#over === null) {
      this.#drained = createDeferred<void>();
      await this.#drained.promise;
    }
    if (this.#over !== null) throw this.#over.reason;
    this.#isEnding = true;
  }

  /** Ends all calls: the session is over. */
  end(reason: unknown): void {
    this.#over = { reason };
    for (const call of this.#open.values()) {
      call.fail(reason);
      this.#places.release();
    }
    this.#open.clear();
    this.#drained?.resolve();
    this.#onChange();
  }

  #checkTime(): void {
    if (this.#over !== null) throw this.#over.reason;
    if (!this.#isEnding) return;
    throw new CallError("session-ended", "the session is at its end and takes no more calls");
  }

  #takeId(): CallId {
    if (this.#nextId > MAX_CALL_ID) throw new RangeError("the session has used up its calls");
    return this.#nextId++;
  }
}

/** The bytes that go with a call which nothing answers. */
type OneWayStream = NonNullable<OpenCall["input"]>;

function answersNothing(): ProtocolError {
  return new ProtocolError("message-unexpected", "the peer answered a call that is not open");
}
