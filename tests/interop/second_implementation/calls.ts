/**
 * Calls, for both sides of them: section 13.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import { Failure, require } from "./failure.ts";
import { type Fields, isAbsent, MAX_UINT32, numberOf, textOf, truthOf, wordOf } from "./json.ts";
import type { Session } from "./session.ts";

const WORD = /^[a-z][a-z0-9-]{0,63}$/;
const MAX_OPEN = 64;

/** A call, as what answers it sees it. */
export interface Called {
  /** What it was given. */
  readonly input: unknown;
  /** All bytes that came with it, or null. */
  readonly bytes: (() => Promise<Buffer>) | null;
  /** Whether its caller has cancelled it. */
  readonly isCancelled: () => boolean;
  /** Tells how far it is. */
  readonly progress: (Output: unknown) => Promise<void>;
  /** Sends bytes back. */
  readonly send: (bytes: AsyncIterable<Buffer>) => Promise<void>;
}

/** What answers calls, by the names of the actions; what it throws is a code. */
export type Answers = Readonly<Record<string, (call: Called) => Promise<unknown>>>;

/** What a caller asks for. */
export interface Asked {
  /** What goes with it. */
  readonly input?: unknown;
  /** Bytes that go with it. */
  readonly bytes?: AsyncIterable<Buffer>;
  /** Whether it has an answer. */
  readonly isOneWay?: boolean;
}

/** A call that was made. */
export class Made {
  /** What the other side told on the way. */
  readonly progress: unknown[] = [];
  /** The RESULT. */
  result: Fields | null = null;
  /** The message that opened the other side's stream. */
  opening: Fields | null = null;
  constructor(readonly id: number) {}
}

/** The calls of one end of a session. */
export class Calls {
  readonly #session: Session;
  readonly #answers: Answers;
  readonly #made = new Map<number, Made>();
  readonly #open = new Map<number, { isCancelled: boolean }>();
  readonly #running = new Set<Promise<void>>();
  #nextId = 0;
  #leastId = 0;
  #lastWord: string | null = null;

  constructor(session: Session, answers: Answers = {}) {
    this.#session = session;
    this.#answers = answers;
    session.divert((fields) => this.#take(fields));
  }

  /** Makes a call; what becomes of it is in what is returned. */
  async make(Action: string, asked: Asked = {}): Promise<Made> {
    const { input, bytes, isOneWay = false } = asked;
    const made = new Made(this.#nextId++);
    if (!isOneWay) this.#made.set(made.id, made);
    const fields = {
      State: "CALL",
      Id: made.id,
      Action,
      ...(input === undefined ? {} : { Input: input }),
      ...(isOneWay ? { OneWay: true } : {}),
    };
    if (bytes === undefined) await this.#session.send(fields);
    else this.#keep(this.#session.sendOpenEnded(fields, bytes));
    return made;
  }

  /** Makes a call and waits for its RESULT. */
  async ask(action: string, asked: Asked = {}): Promise<Fields> {
    return await this.resultOf(await this.make(action, asked));
  }

  /** Waits for the RESULT of a call. */
  async resultOf(made: Made): Promise<Fields> {
    await this.#session.until(() => made.result !== null);
    return made.result as Fields;
  }

  /** Takes all bytes of the stream that a call brings. */
  async bytesOf(made: Made): Promise<Buffer> {
    await this.#session.until(() => made.opening !== null);
    return await this.#session.stream(made.opening as Fields);
  }

  /** Cancels a call. */
  async cancel(made: Made): Promise<void> {
    await this.#session.send({ State: "CANCEL", Id: made.id });
  }

  /** Waits until no call of this side is open, and nothing of one is left to be sent. */
  async idle(): Promise<void> {
    await this.#session.until(() =>
      [...this.#made.values()].every(({ result }) => result !== null)
    );
    await Promise.all(this.#running);
  }

  #keep(work: Promise<void>): void {
    const kept = work.catch(() => {}).finally(() => this.#running.delete(kept));
    this.#running.add(kept);
  }

  #take(fields: Fields): boolean {
    switch (fields.State) {
      case "CALL":
        this.#takeCall(fields);
        return true;
      case "PROGRESS":
        this.#takeProgress(fields);
        return true;
      case "RESULT":
        this.#takeResult(fields);
        return true;
      case "CANCEL": {
        const id = numberOf(fields, "Id", MAX_UINT32);
        require(id < this.#leastId, "message-unexpected", "the end of no call");
        const call = this.#open.get(id);
        if (call === undefined) return true;
        call.isCancelled = true;
        this.#keep(this.#answer(id, { Status: "Failed", Code: "cancelled" }));
        return true;
      }
      case "DONE":
      case "DONE-REPLY":
      case "END":
      case "END-REPLY":
        require(this.#open.size === 0, "message-unexpected", "an end with open calls");
        this.#lastWord = fields.State;
        return false;
      default:
        return false;
    }
  }

  #takeCall(fields: Fields): void {
    const id = numberOf(fields, "Id", MAX_UINT32);
    const name = textOf(fields, "Action");
    const isOneWay = !isAbsent(fields.OneWay) && truthOf(fields, "OneWay");
    require(WORD.test(name), "message-malformed", "Action");
    require(this.#lastWord === null, "message-unexpected", `a call after ${this.#lastWord}`);
    require(id >= this.#leastId, "message-unexpected", "an Id that does not grow");
    this.#leastId = id + 1;
    if (!isOneWay) require(this.#open.size < MAX_OPEN, "too-many-messages", "open calls");
    const call = { isCancelled: false };
    if (!isOneWay) this.#open.set(id, call);
    const run = this.#answers[name];
    const work = run === undefined
      ? this.#refuse(fields)
      : this.#run(run, { fields, call, isOneWay });
    this.#keep(work.then((result) => isOneWay ? undefined : this.#answer(id, result)));
  }

  async #refuse(fields: Fields): Promise<Fields> {
    if (fields.Stream !== undefined) await this.#session.giveUp(fields);
    return { Status: "UnknownCommand" };
  }

  async #run(run: Answers[string], parts: {
    readonly fields: Fields;
    readonly call: { readonly isCancelled: boolean };
    readonly isOneWay: boolean;
  }): Promise<Fields> {
    const { fields, call, isOneWay } = parts;
    const { Id } = fields;
    const session = this.#session;
    try {
      const Output = await run({
        input: fields.Input,
        bytes: fields.Stream === undefined ? null : () => session.stream(fields),
        isCancelled: () => call.isCancelled,
        async progress(Output) {
          if (!isOneWay) await session.send({ State: "PROGRESS", Id, Output });
        },
        send: (bytes) => session.sendOpenEnded({ State: "PROGRESS", Id }, bytes),
      });
      return { Status: "Success", ...(Output === undefined ? {} : { Output }) };
    } catch (error) {
      const isCode = typeof error === "string" && WORD.test(error);
      return { Status: "Failed", ...(isCode ? { Code: error } : {}) };
    } finally {
      if (fields.Stream !== undefined) await session.giveUp(fields);
    }
  }

  async #answer(Id: number, result: Fields): Promise<void> {
    if (!this.#open.delete(Id)) return;
    await this.#session.send({ State: "RESULT", Id, ...result });
  }

  #takeProgress(fields: Fields): void {
    const made = this.#made.get(numberOf(fields, "Id", MAX_UINT32));
    require(
      made !== undefined && made.result === null,
      "message-unexpected",
      "progress of no call",
    );
    if (fields.Output !== undefined) made.progress.push(fields.Output);
    if (fields.Stream === undefined) return;
    require(made.opening === null, "message-unexpected", "a second stream");
    made.opening = fields;
  }

  #takeResult(fields: Fields): void {
    const status = wordOf(fields, "Status", ["Success", "Failed", "UnknownCommand"]);
    require(!isAbsent(fields.Id), "message-unexpected", "a result without an Id");
    const id = numberOf(fields, "Id", MAX_UINT32);
    const made = this.#made.get(id);
    if (made === undefined || made.result !== null) {
      if (status === "UnknownCommand" && id < this.#nextId) return;
      throw new Failure("message-unexpected", "a result of no call");
    }
    if (!isAbsent(fields.Code)) require(WORD.test(textOf(fields, "Code")), "message-malformed");
    const isOver = made.opening === null || this.#session.isOver(made.opening);
    require(isOver, "message-unexpected", "a result before the end of its stream");
    made.result = fields;
  }
}

/** Ends a session that delivers nothing, as the keeper. */
export async function endAsKeeper(session: Session, calls: Calls): Promise<void> {
  try {
    await calls.idle();
    await session.send({ State: "END" });
    await session.message("END-REPLY");
    await session.close();
  } catch (error) {
    await session.fail(error);
  }
}

/** Waits for the end of a session that delivers nothing, as the agent. */
export async function endAsAgent(session: Session, calls: Calls): Promise<void> {
  try {
    await session.message("END");
    await calls.idle();
    await session.send({ State: "END-REPLY" });
    await session.close();
  } catch (error) {
    await session.fail(error);
  }
}
