/**
 * One end of a session: makes its calls, and takes those of the peer (spec, section 13).
 *
 * @module
 */
import type { IncomingMessage, MessageTaker } from "../message_queue.ts";
import type { Session } from "../session.ts";
import { type ReceiveStream, RESET_CODE, type SendStream, StreamResetError } from "../streams.ts";
import { createDeferred } from "../deferred.ts";
import type { ActionContract } from "./action_contract.ts";
import type { CallDesk } from "./call_desk.ts";
import { type CallDuplex, readableOf, writableOf } from "./call_duplex.ts";
import { CallError, UNKNOWN_ACTION } from "./call_error.ts";
import { CallLimit } from "./call_limit.ts";
import { decodeCallMessage, type ResultMessage } from "./call_messages.ts";
import type { CallOptions, OneWayCallOptions, WholeCallOptions } from "./call_options.ts";
import { checkActionName, checkCallValue } from "./call_value.ts";
import { IncomingCalls } from "./incoming_calls.ts";
import { OutgoingCalls } from "./outgoing_calls.ts";
import type { SessionCalls } from "./session_calls.ts";
import { untilAborted } from "../until_aborted.ts";

/** By what each role says that it makes no more calls. */
const LAST_WORDS: Readonly<Record<Session["role"], ReadonlySet<unknown>>> = {
  agent: new Set(["DONE", "END-REPLY"]),
  keeper: new Set(["DONE-REPLY", "END"]),
};

/** Makes calls over a session, and takes those of the peer. */
export class SessionCallDesk implements CallDesk, MessageTaker {
  readonly #session: Session;
  readonly #outgoing: OutgoingCalls;
  readonly #incoming: IncomingCalls;
  /** Calls that nothing answers, as long as something of them has not left. */
  readonly #leaving = new Set<Promise<void>>();
  readonly #over = new AbortController();

  /** Takes the session's messages only once it is given to {@linkcode Session.divert}. */
  constructor(session: Session, options: Omit<SessionCalls, "work"> = {}) {
    const { onOpen } = options;
    const onChange = () => onOpen?.(this.#outgoing.count + this.#incoming.count);
    this.#session = session;
    this.#outgoing = new OutgoingCalls(session, onChange);
    this.#incoming = new IncomingCalls(session, { ...options, desk: this, onChange });
  }

  /** See {@linkcode CallDesk.signal}. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** See {@linkcode CallDesk.call}. */
  call<Input, Output>(
    action: ActionContract<Input, Output>,
    options?: WholeCallOptions<Input>,
  ): Promise<Output>;
  /** See {@linkcode CallDesk.call}. */
  call(action: string, options?: WholeCallOptions): Promise<unknown>;
  async call(
    action: string | ActionContract,
    options: WholeCallOptions = {},
  ): Promise<unknown> {
    const contract = contractOf(action);
    const input = checkCallValue(options.input, "the input of a call");
    if (contract.checkInput !== undefined) await contract.checkInput(input);
    const { bytes, takeOutput, onProgress = () => {} } = options;
    const limit = new CallLimit(contract.name, options);
    try {
      const readings: Promise<void>[] = [];
      const onOutput = (stream: ReceiveStream) => {
        const reading = Promise.resolve(stream).then(takeOutput);
        reading.catch((error) => endBy(limit, error));
        readings.push(reading);
      };
      const call = await this.#outgoing.open({
        action: contract.name,
        input,
        ...(bytes === undefined ? {} : { size: options.size ?? null }),
        onProgress: (output) => tellSafely(limit, () => onProgress(output)),
        ...(takeOutput === undefined ? {} : { onOutput }),
      }, limit);
      try {
        if (bytes !== undefined && call.input !== null) {
          send(bytes, call.input, call.sent).catch((error) => endBy(limit, error));
        }
        const output = valueOf(await untilAborted(call.answer, limit.signal));
        for (const reading of readings) await untilAborted(reading, limit.signal);
        return await parseOutput(contract, output);
      } finally {
        call.cancel();
      }
    } finally {
      limit.clear();
    }
  }

  /** See {@linkcode CallDesk.callOneWay}. */
  async callOneWay<Input>(
    action: string | ActionContract<Input>,
    options: OneWayCallOptions<Input> = {},
  ): Promise<void> {
    const leaving = this.#sendOneWay(contractOf(action), options);
    this.#leaving.add(leaving);
    try {
      await leaving;
    } finally {
      this.#leaving.delete(leaving);
    }
  }

  /** See {@linkcode CallDesk.openDuplex}. */
  async openDuplex<Input>(
    action: string | ActionContract<Input>,
    options: CallOptions<Input> = {},
  ): Promise<CallDuplex> {
    const contract = contractOf(action);
    const input = checkCallValue(options.input, "the input of a call");
    if (contract.checkInput !== undefined) await contract.checkInput(input);
    const limit = new CallLimit(contract.name, options);
    try {
      const opened = createDeferred<ReceiveStream>();
      opened.promise.catch(() => {});
      const onOutput = (stream: ReceiveStream) => opened.resolve(stream);
      const request = { action: contract.name, input, size: null, onOutput };
      const call = await this.#outgoing.open(request, limit);
      limit.signal.addEventListener("abort", () => call.cancel(), { once: true });
      if (limit.signal.aborted) call.cancel();
      const result = untilAborted(call.answer, limit.signal).then((message) =>
        parseOutput(contract, valueOf(message))
      ).finally(() => limit.clear());
      result.then(
        () => opened.reject(new CallError("output-missing", "an action opened no stream")),
        (error) => opened.reject(error),
      );
      const output = await opened.promise;
      limit.clearTime();
      if (call.input === null) throw new TypeError("a duplex without its stream");
      return {
        readable: readableOf(output),
        writable: writableOf(call.input),
        result,
        close: (reason) => limit.abort(reason ?? new CallError("cancelled", "the call was closed")),
      };
    } catch (error) {
      limit.abort(error);
      throw error;
    }
  }

  /**
   * Waits until no call of this side is open; from then on it makes none.
   *
   * @throws What ended the session.
   */
  async drain(): Promise<void> {
    await Promise.allSettled(this.#leaving);
    await this.#outgoing.drain();
  }

  /** Takes the messages of calls. */
  take({ fields, stream }: IncomingMessage): boolean {
    const message = decodeCallMessage(fields);
    switch (message?.state) {
      case undefined:
        this.#takeLastWord(fields.raw("State"));
        return false;
      case "CALL":
        this.#incoming.take(message, stream);
        return true;
      case "PROGRESS":
        this.#outgoing.takeProgress(message, stream);
        return true;
      case "RESULT":
        stream?.cancel();
        this.#outgoing.takeResult(message);
        return true;
      case "CANCEL":
        stream?.cancel();
        this.#incoming.cancel(message.id);
        return true;
    }
  }

  /** Ends all calls of both sides. */
  end(reason: unknown): void {
    this.#outgoing.end(reason);
    this.#incoming.end(reason);
    this.#over.abort(reason);
  }

  #takeLastWord(state: unknown): void {
    const peer = this.#session.role === "agent" ? "keeper" : "agent";
    if (LAST_WORDS[peer].has(state)) this.#incoming.takeLastWord(String(state));
  }

  async #sendOneWay(contract: ActionContract, options: OneWayCallOptions): Promise<void> {
    const { bytes, size = null } = options;
    const { name: action } = contract;
    const input = checkCallValue(options.input, "the input of a call");
    if (contract.checkInput !== undefined) await contract.checkInput(input);
    const sizing = bytes === undefined ? {} : { size };
    const stream = await this.#outgoing.openOneWay({ action, input, ...sizing });
    if (bytes === undefined || stream === null) return;
    try {
      await send(bytes, stream, Promise.resolve());
    } catch (error) {
      // The peer dropped the call, or has no use for its bytes.
      if (!(error instanceof StreamResetError)) throw error;
    }
  }
}

function contractOf(action: string | ActionContract): ActionContract {
  const contract = typeof action === "string" ? { name: action } : action;
  checkActionName(contract.name);
  return contract;
}

/** Sends bytes on a stream, once what announces it has left. */
async function send(
  bytes: AsyncIterable<Uint8Array>,
  stream: SendStream,
  sent: Promise<void>,
): Promise<void> {
  await sent;
  try {
    for await (const chunk of bytes) await stream.write(chunk);
    await stream.end();
  } catch (error) {
    stream.reset(RESET_CODE.storage);
    throw error;
  }
}

/** Ends a call because of what failed in it; a stream that the peer gives up is no failure by itself. */
function endBy(limit: CallLimit, error: unknown): void {
  if (!(error instanceof StreamResetError)) limit.abort(error);
}

function tellSafely(limit: CallLimit, tell: () => void): void {
  try {
    tell();
  } catch (error) {
    limit.abort(error);
  }
}

/** Returns what an action answered. */
function valueOf({ status, code, output }: ResultMessage): unknown {
  if (status === "Success") return output;
  if (status === "UnknownCommand") {
    throw new CallError(UNKNOWN_ACTION, "the peer has no such action, or takes no calls");
  }
  throw new CallError(code ?? "failed", `the action failed (${code ?? "failed"})`);
}

async function parseOutput(contract: ActionContract, output: unknown): Promise<unknown> {
  if (contract.parseOutput === undefined) return output;
  try {
    return await contract.parseOutput(output);
  } catch (cause) {
    throw new CallError("output-malformed", "an action answered something else", { cause });
  }
}
