/**
 * One call on the side of the caller, from its CALL to its RESULT (spec, section 13).
 *
 * @module
 */
import { createDeferred, type Deferred } from "../deferred.ts";
import { ProtocolError } from "../errors.ts";
import type { Session } from "../session.ts";
import { type ReceiveStream, RESET_CODE, type SendStream } from "../streams.ts";
import {
  type CallId,
  encodeCallMessage,
  type ProgressMessage,
  type ResultMessage,
} from "./call_messages.ts";

/** What a caller asks for. */
export interface CallRequest {
  /** The name of the action. */
  readonly action: string;
  /** What the action is given, checked; `undefined` for nothing. */
  readonly input: unknown;
  /** How many bytes follow: `null` where that is open, `undefined` where none do. */
  readonly size?: number | null;
  /** Is told how far the action is. */
  readonly onProgress?: (output: unknown) => void;
  /** Is given the bytes of the action; they are given up where it is not there. */
  readonly onOutput?: (stream: ReceiveStream) => void;
}

/** A call that was made. */
export class OpenCall {
  /** Its number. */
  readonly id: CallId;
  /** The bytes for the action, or `null`. */
  readonly input: SendStream | null;
  /** When CALL has left: nothing of the call may be sent before. */
  readonly sent: Promise<void>;
  readonly #session: Session;
  readonly #request: CallRequest;
  readonly #answer: Deferred<ResultMessage> = createDeferred<ResultMessage>();
  #output: ReceiveStream | null = null;
  #isOver = false;
  #isCancelled = false;

  /** Sends CALL; throws what the session throws when a stream is opened. */
  constructor(session: Session, id: CallId, request: CallRequest) {
    const { action, input, size } = request;
    this.id = id;
    this.#session = session;
    this.#request = request;
    this.input = size === undefined ? null : session.openStream(size);
    const stream = this.input === null ? null : { id: this.input.id, size: size ?? null };
    const message = encodeCallMessage({ state: "CALL", id, action, input, stream });
    this.#answer.promise.catch(() => {});
    this.sent = session.send(message);
    this.sent.catch((error) => this.fail(error));
  }

  /** What the callee answers; rejects with what ended the session. */
  get answer(): Promise<ResultMessage> {
    return this.#answer.promise;
  }

  /** Takes a PROGRESS. */
  takeProgress({ output, stream: announced }: ProgressMessage, stream: ReceiveStream | null): void {
    if (announced !== null && this.#output !== null) {
      throw new ProtocolError("message-unexpected", "a call has more than one stream");
    }
    this.#output ??= stream;
    const { onProgress, onOutput } = this.#request;
    if (this.#isCancelled) return void stream?.cancel();
    if (output !== undefined) onProgress?.(output);
    if (stream === null) return;
    if (onOutput === undefined) stream.cancel();
    else onOutput(stream);
  }

  /** Takes the RESULT. */
  takeResult(message: ResultMessage): void {
    if (this.#output?.isOver === false) {
      throw new ProtocolError("message-unexpected", "a call ended before its stream");
    }
    this.#isOver = true;
    this.input?.reset(RESET_CODE.cancelled);
    this.#answer.resolve(message);
  }

  /** Ends the call without an answer: the session is over. */
  fail(reason: unknown): void {
    this.#isOver = true;
    this.#answer.reject(reason);
  }

  /** Gives the call up; it stays open until the callee has answered. */
  cancel(): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    if (this.#isOver) this.#output?.cancel();
    else this.#sendCancel().catch(() => {}).finally(() => this.#output?.cancel());
  }

  async #sendCancel(): Promise<void> {
    // A reset overtakes what waits for its turn: not before CALL, which opens the stream, and not
    // before CANCEL, by which the action learns that the end of its streams is no failure.
    await this.sent;
    if (this.#isOver) return;
    await this.#session.send(encodeCallMessage({ state: "CANCEL", id: this.id }));
    this.input?.reset(RESET_CODE.cancelled);
  }
}
