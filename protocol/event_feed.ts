/**
 * Events for any number of listeners, none of which can hold up what it listens to.
 *
 * @module
 */
import { createDeferred, type Deferred } from "./deferred.ts";

/** How many events wait for a listener that takes none. */
const DEFAULT_CAPACITY = 256;

/** Stands where events were that a listener was too slow for. */
export interface MissedEvents {
  /** What happened. */
  readonly kind: "missed";
  /** How many events the listener did not get, since the last of these. */
  readonly count: number;
}

/** The options of a listener. */
export interface EventOptions {
  /** Ends the iteration; what waits is dropped. */
  readonly signal?: AbortSignal | undefined;
  /** How many events may wait, from 1; the oldest is dropped for one more. @default {256} */
  readonly capacity?: number;
}

/** The events of one listener, to be iterated over once. */
export type Events<Event> =
  & AsyncIterableIterator<Event | MissedEvents, undefined>
  & AsyncDisposable;

/**
 * Tells listeners what happens.
 *
 * Each has a queue of its own that is bounded: where it is full the oldest event is dropped, and a
 * {@linkcode MissedEvents} says how many were. Minor events, which strangers can cause at will, take no
 * more than half of it, so that they push out nothing else.
 *
 * @example
 * ```ts
 * import { EventFeed } from "@fluxvault/fluxvault/protocol";
 *
 * const feed = new EventFeed<{ readonly kind: "beat"; readonly at: number }>();
 * const events = feed.listen({ capacity: 2 });
 * for (const at of [1, 2, 3]) feed.tell(() => ({ kind: "beat", at }));
 * feed.end();
 * const seen = [];
 * for await (const event of events) seen.push(event.kind === "missed" ? -event.count : event.at);
 * console.assert(`${seen}` === "-1,2,3");
 * ```
 */
export class EventFeed<Event> {
  readonly #queues = new Set<EventQueue<Event>>();
  #isClosed = false;

  /** Whether anybody listens. */
  get isHeard(): boolean {
    return this.#queues.size > 0;
  }

  /**
   * Tells everybody who listens; where nobody does, the event is not even made.
   *
   * @param isMinor Whether a stranger can cause it at will.
   */
  tell(make: () => Event, { isMinor = false }: { readonly isMinor?: boolean } = {}): void {
    if (this.#queues.size === 0) return;
    const event = make();
    for (const queue of this.#queues) queue.add(event, isMinor);
  }

  /**
   * Listens from now on, until the iteration is left, the signal fires, or the feed ends.
   *
   * @throws {RangeError} if the capacity is no whole number from 1.
   */
  listen(options: EventOptions = {}): Events<Event> {
    const { signal, capacity = DEFAULT_CAPACITY } = options;
    if (!(Number.isSafeInteger(capacity) && capacity >= 1)) {
      throw new RangeError("capacity must be a whole number from 1");
    }
    const queue: EventQueue<Event> = new EventQueue(capacity, () => {
      this.#queues.delete(queue);
      signal?.removeEventListener("abort", onAbort);
    });
    const onAbort = () => queue.leave();
    if (this.#isClosed || signal?.aborted) {
      queue.leave();
      return queue;
    }
    this.#queues.add(queue);
    signal?.addEventListener("abort", onAbort, { once: true });
    return queue;
  }

  /** Ends all iterations, each after what still waits; who listens later hears what comes then. */
  end(): void {
    for (const queue of [...this.#queues]) queue.finish();
  }

  /** Ends all iterations for good: who listens later hears nothing. */
  close(): void {
    this.#isClosed = true;
    this.end();
  }
}

/** The events that wait for one listener. */
class EventQueue<Event> implements AsyncIterableIterator<Event | MissedEvents, undefined> {
  readonly #capacity: number;
  readonly #onEnd: () => void;
  #events: Event[] = [];
  readonly #waiting: Deferred<IteratorResult<Event | MissedEvents, undefined>>[] = [];
  #missed = 0;
  #hasEnded = false;

  constructor(capacity: number, onEnd: () => void) {
    this.#capacity = capacity;
    this.#onEnd = onEnd;
  }

  add(event: Event, isMinor: boolean): void {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) return waiting.resolve({ done: false, value: event });
    if (isMinor && 2 * this.#events.length >= this.#capacity) {
      this.#missed++;
      return;
    }
    this.#events.push(event);
    if (this.#events.length > this.#capacity) {
      this.#events.shift();
      this.#missed++;
    }
  }

  /** No further event comes. */
  finish(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#onEnd();
    for (const waiting of this.#waiting.splice(0)) waiting.resolve(END);
  }

  /** Nobody takes any further event. */
  leave(): void {
    this.finish();
    this.#events = [];
    this.#missed = 0;
  }

  next(): Promise<IteratorResult<Event | MissedEvents, undefined>> {
    if (this.#missed > 0) {
      const value: MissedEvents = { kind: "missed", count: this.#missed };
      this.#missed = 0;
      return Promise.resolve({ done: false, value });
    }
    if (this.#events.length > 0) {
      return Promise.resolve({ done: false, value: this.#events.shift() as Event });
    }
    if (this.#hasEnded) return Promise.resolve(END);
    const waiting = createDeferred<IteratorResult<Event | MissedEvents, undefined>>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  return(): Promise<IteratorResult<Event | MissedEvents, undefined>> {
    this.leave();
    return Promise.resolve(END);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.leave();
    return Promise.resolve();
  }
}

const END = { done: true, value: undefined } as const;
