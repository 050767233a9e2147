/**
 * One call on the side of the callee, from its CALL to its RESULT (spec, section 13).
 *
 * @module
 */
import { FluxVaultError } from "../errors.ts";
import { MAX_FILE_BYTES } from "../limits.ts";
import type { Session } from "../session.ts";
import type { SessionOrigin } from "../session_parts.ts";
import { type ReceiveStream, RESET_CODE, type SendStream } from "../streams.ts";
import type { Action, CallContext } from "./action.ts";
import type { CallDesk } from "./call_desk.ts";
import { CallError } from "./call_error.ts";
import {
  CALL_WORD,
  type CallId,
  type CallMessage,
  encodeCallMessage,
  type ResultMessage,
} from "./call_messages.ts";
import { checkCallValue } from "./call_value.ts";

/** What an action ends with, without the number of its call. */
export type ActionResult = Pick<ResultMessage, "status" | "code" | "output">;

/** What a {@linkcode RunningAction} works with. */
export interface RunningActionParts {
  /** The call. */
  readonly message: CallMessage;
  /** The bytes that come with it, or `null`. */
  readonly stream: ReceiveStream | null;
  /** Calls the caller in turn. */
  readonly desk: CallDesk;
  /** Answers the call. */
  readonly answer: (id: CallId, result: ActionResult) => Promise<void>;
  /** Is told what an action threw, and the code that stands for it. */
  readonly onFailure: (code: string, error: unknown) => void;
}

/** An action at work. */
export class RunningAction implements CallContext {
  /** See {@linkcode CallContext.action}. */
  readonly action: string;
  /** See {@linkcode CallContext.origin}. */
  readonly origin: SessionOrigin;
  /** See {@linkcode CallContext.isOneWay}. */
  readonly isOneWay: boolean;
  /** See {@linkcode CallContext.stream}. */
  readonly stream: ReceiveStream | null;
  /** See {@linkcode CallContext.desk}. */
  readonly desk: CallDesk;
  readonly #session: Session;
  readonly #parts: RunningActionParts;
  readonly #control = new AbortController();
  #output: SendStream | null = null;
  #announced: Promise<void> = Promise.resolve();
  #isOver = false;

  /** Does nothing yet. */
  constructor(session: Session, parts: RunningActionParts) {
    const { message, stream, desk } = parts;
    this.action = message.action;
    this.origin = session.origin;
    this.isOneWay = message.isOneWay === true;
    this.stream = stream;
    this.desk = desk;
    this.#session = session;
    this.#parts = parts;
  }

  /** See {@linkcode CallContext.signal}. */
  get signal(): AbortSignal {
    return this.#control.signal;
  }

  /** Runs the action and answers the call; never rejects. */
  async run(action: Action): Promise<void> {
    let result: ActionResult;
    try {
      const input = await parseInput(action, this.#parts.message.input);
      // Work that waits for the signal would not hear of it any more.
      this.signal.throwIfAborted();
      const output = checkOutput(await action.run(this, input));
      await this.#endOutput();
      result = { status: "Success", code: null, output };
    } catch (error) {
      const code = codeOf(error);
      if (!this.#isOver) this.#parts.onFailure(code, error);
      result = { status: "Failed", code };
    }
    await this.#finish(result);
  }

  /** The caller does not wait any more: it is answered at once, and the action told to stop. */
  cancel(): void {
    if (this.isOneWay) return;
    const reason = new CallError("cancelled", "the caller has cancelled the call");
    void this.#finish({ status: "Failed", code: reason.code });
    this.#control.abort(reason);
  }

  /** The session is over: there is nobody to be answered. */
  end(reason: unknown): void {
    if (this.isOneWay) return;
    this.#isOver = true;
    this.#control.abort(reason);
  }

  /** See {@linkcode CallContext.progress}; may be taken off its object. */
  readonly progress = async (output: unknown): Promise<void> => {
    const value = checkCallValue(output, "the progress of an action");
    if (this.isOneWay) return;
    this.#checkOpen();
    const { id } = this.#parts.message;
    await this.#session.send(
      encodeCallMessage({ state: "PROGRESS", id, output: value, stream: null }),
    );
  };

  /** See {@linkcode CallContext.openOutput}; may be taken off its object. */
  readonly openOutput = async (size?: number): Promise<SendStream> => {
    if (this.isOneWay) throw new TypeError("nobody reads what a one-way call sends");
    if (this.#output !== null) throw new TypeError("a call has one stream");
    const isSize = size === undefined ||
      (Number.isSafeInteger(size) && size >= 0 && size <= MAX_FILE_BYTES);
    if (!isSize) throw new RangeError("a stream has from 0 to 2^40 bytes");
    this.#checkOpen();
    const output = this.#session.openStream(size ?? null);
    this.#output = output;
    const { id } = this.#parts.message;
    const stream = { id: output.id, size: size ?? null };
    this.#announced = this.#session.send(encodeCallMessage({ state: "PROGRESS", id, stream }));
    await this.#announced;
    return output;
  };

  #checkOpen(): void {
    this.signal.throwIfAborted();
    if (this.#isOver) throw new CallError("call-ended", "the call was answered already");
  }

  async #finish(result: ActionResult): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.stream?.cancel();
    if (this.isOneWay) return;
    try {
      await this.#giveUpOutput();
      await this.#parts.answer(this.#parts.message.id, result);
    } catch {
      // The session is over, which its own end tells.
    }
  }

  /** An open-ended stream ends with its action; one of a size has to be whole. */
  async #endOutput(): Promise<void> {
    await this.#announced;
    if (this.#output?.isOver === false) await this.#output.end();
  }

  async #giveUpOutput(): Promise<void> {
    if (this.#output === null || this.#output.isOver) return;
    // A reset overtakes what waits for its turn, and must not overtake what opens the stream.
    await this.#announced;
    this.#output.reset(RESET_CODE.cancelled);
  }
}

async function parseInput(action: Action, input: unknown): Promise<unknown> {
  if (action.parseInput === undefined) return input;
  try {
    return await action.parseInput(input);
  } catch (cause) {
    if (cause instanceof CallError) throw cause;
    throw new CallError("input-malformed", "an action was given what it does not take", { cause });
  }
}

function checkOutput(output: unknown): unknown {
  try {
    return checkCallValue(output, "what an action answers");
  } catch (cause) {
    throw new CallError("output-malformed", "an action answers what cannot be sent", { cause });
  }
}

/** Returns all that a caller learns of a failure. */
function codeOf(error: unknown): string {
  return error instanceof FluxVaultError && CALL_WORD.test(error.code) ? error.code : "failed";
}
