/**
 * The messages of a peer that wait for this side to take them (spec, section 7).
 *
 * @module
 */
import { createDeferred } from "./deferred.ts";
import { ProtocolError } from "./errors.ts";
import { MAX_WAITING_MESSAGE_BYTES, MAX_WAITING_MESSAGES } from "./limits.ts";
import type { MessageFields } from "./message_fields.ts";
import type { ReceiveStream } from "./streams.ts";

/** A message of the peer, with the stream that it announced, if it did. */
export interface IncomingMessage {
  /** The members of the message. */
  readonly fields: MessageFields;
  /** The stream, or `null`. */
  readonly stream: ReceiveStream | null;
}

/** Takes some of the messages of a session at once, before they wait for anybody. */
export interface MessageTaker {
  /**
   * Returns whether it has taken a message; others wait for {@linkcode MessageQueue.take}.
   *
   * @throws {ProtocolError} if the peer broke the protocol: that ends the session.
   */
  take(message: IncomingMessage): boolean;
  /** Is told once that no further message comes, and why. */
  end(reason: unknown): void;
}

interface WaitingMessage {
  readonly message: IncomingMessage;
  readonly bytes: number;
}

/** Holds messages in the order in which they came, in bounded number and size. */
export class MessageQueue {
  readonly #waiting: WaitingMessage[] = [];
  #bytes = 0;
  #wake: (() => void) | null = null;
  #end: { readonly reason: unknown } | null = null;

  /** Why no further message will come, or `null` while some may. */
  get end(): { readonly reason: unknown } | null {
    return this.#end;
  }

  /**
   * Checks that a further message may wait.
   *
   * @throws {ProtocolError} `too-many-messages`.
   */
  checkRoom(bytes: number): void {
    const hasRoom = this.#waiting.length < MAX_WAITING_MESSAGES &&
      this.#bytes + bytes <= MAX_WAITING_MESSAGE_BYTES;
    if (hasRoom) return;
    throw new ProtocolError("too-many-messages", "the peer sends faster than it is answered");
  }

  /** Appends a message whose JSON has so many bytes. */
  push(message: IncomingMessage, bytes: number): void {
    this.#waiting.push({ message, bytes });
    this.#bytes += bytes;
    this.#wake?.();
  }

  /** Takes out what the function keeps; what is left stays in its order. */
  extract(take: (message: IncomingMessage) => boolean): void {
    for (const each of this.#waiting.splice(0)) {
      if (take(each.message)) this.#bytes -= each.bytes;
      else this.#waiting.push(each);
    }
  }

  /** Ends the queue behind what waits: a reason is thrown, `null` is a clean end. */
  finish(reason: unknown): void {
    this.#end = { reason };
    this.#wake?.();
  }

  /**
   * Takes the next message; one caller at a time.
   *
   * @returns `null` after a clean end.
   * @throws The reason of any other end.
   */
  async take(): Promise<IncomingMessage | null> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) {
        this.#bytes -= next.bytes;
        return next.message;
      }
      if (this.#end !== null) {
        if (this.#end.reason === null) return null;
        throw this.#end.reason;
      }
      const { promise, resolve } = createDeferred<void>();
      this.#wake = resolve;
      await promise;
    }
  }
}
