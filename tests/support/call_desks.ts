/** Both ends of a session as desks, and an end that a test plays by hand. */
import type { SessionCalls } from "../../protocol/calls/session_calls.ts";
import { SessionCallDesk } from "../../protocol/calls/session_call_desk.ts";
import type { Action, CallContext } from "../../protocol/calls/action.ts";
import { FluxVaultError } from "../../protocol/errors.ts";
import { createDeferred, type Deferred } from "../../protocol/deferred.ts";
import type { IncomingMessage } from "../../protocol/message_queue.ts";
import type { Session } from "../../protocol/session.ts";
import { assertEquals } from "./assert.ts";
import { openSessionPair, type SessionPair, type SessionPairOptions } from "./session_pair.ts";

/** What the two ends offer. */
export interface CallDesksOptions extends SessionPairOptions {
  /** What the agent offers. @default {nothing} */
  readonly agentCalls?: SessionCalls;
  /** What the keeper offers. @default {nothing} */
  readonly keeperCalls?: SessionCalls;
}

/** Both ends of a session, with the desks of both. */
export interface CallDesks extends AsyncDisposable {
  /** The sessions. */
  readonly sessions: SessionPair;
  /** The agent's desk. */
  readonly agent: SessionCallDesk;
  /** The keeper's desk. */
  readonly keeper: SessionCallDesk;
}

/** Gives a session a desk. */
export function openDesk(session: Session, calls: SessionCalls = {}): SessionCallDesk {
  const desk = new SessionCallDesk(session, calls);
  session.divert(desk);
  return desk;
}

/** Opens a session with a desk at both ends; disposing of it ends the session. */
export async function openCallDesks(options: CallDesksOptions = {}): Promise<CallDesks> {
  const sessions = await openSessionPair(options);
  return {
    sessions,
    agent: openDesk(sessions.agent, options.agentCalls),
    keeper: openDesk(sessions.keeper, options.keeperCalls),
    [Symbol.asyncDispose]: () => sessions[Symbol.asyncDispose](),
  };
}

/** A keeper's desk, and an agent that a test plays by hand. */
export interface PlayedCallee extends AsyncDisposable {
  /** The desk under test, the keeper's. */
  readonly desk: SessionCallDesk;
  /** The session of the desk. */
  readonly session: Session;
  /** The other end. */
  readonly peer: Session;
  /** Takes the next message of the desk: its members. */
  take(): Promise<Record<string, unknown>>;
  /** Takes the next message of the desk, with its stream. */
  takeWhole(): Promise<IncomingMessage>;
}

/** Opens a session between a keeper's desk and an agent that a test plays by hand. */
export async function openPlayedCallee(calls: SessionCalls = {}): Promise<PlayedCallee> {
  const sessions = await openSessionPair();
  const desk = openDesk(sessions.keeper, calls);
  async function takeWhole(): Promise<IncomingMessage> {
    const message = await sessions.agent.receive();
    if (message === null) throw new TypeError("the desk has ended its session");
    return message;
  }
  return {
    desk,
    session: sessions.keeper,
    peer: sessions.agent,
    takeWhole,
    take: async () => Object.fromEntries((await takeWhole()).fields.entries()),
    [Symbol.asyncDispose]: () => sessions[Symbol.asyncDispose](),
  };
}

/** Returns class and code of what ends the session of a desk; `goes on` where nothing does. */
export async function endOf({ session, peer, desk }: PlayedCallee): Promise<string> {
  await peer.send({ State: "MARK" }).catch(() => {});
  try {
    for (;;) {
      const message = await session.receive();
      if (message === null || message.fields.raw("State") === "MARK") return "goes on";
    }
  } catch (error) {
    if (!(error instanceof FluxVaultError)) throw error;
    assertEquals(desk.signal.reason, error);
    return `${error.name} ${error.code}`;
  }
}

/** Reads a stream to its end. */
export async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: number[] = [];
  for await (const piece of stream) pieces.push(...piece);
  return new Uint8Array(pieces);
}

/** Sends back what it is sent, as it comes. */
export const ECHO: Action<unknown, unknown> = {
  name: "echo",
  async run({ stream, openOutput }, input) {
    if (stream === null) return input;
    const output = await openOutput();
    for await (const piece of stream) await output.write(piece);
    await output.end();
    return input;
  },
};

/** An action that ends when a test says so, and notes when its signal fires. */
export class HeldAction implements Action<unknown, unknown> {
  readonly name: string;
  /** How many of it run. */
  running = 0;
  /** The reasons of the signals that have fired. */
  readonly reasons: unknown[] = [];
  readonly #ends: Deferred<unknown>[] = [];
  #change: Deferred<void> = createDeferred<void>();

  /** Whether it ends by itself when its signal fires is what a good action does, and the default. */
  constructor(options: { readonly name?: string; readonly isDeaf?: boolean } = {}) {
    this.name = options.name ?? "hold";
    this.isDeaf = options.isDeaf ?? false;
  }

  /** Whether it goes on where its signal fires. */
  readonly isDeaf: boolean;

  /** Waits for its end. */
  async run({ signal }: CallContext): Promise<unknown> {
    const end = createDeferred<unknown>();
    this.#ends.push(end);
    this.running++;
    this.#tell();
    signal.addEventListener("abort", () => {
      this.reasons.push(signal.reason);
      this.#tell();
      if (!this.isDeaf) end.reject(signal.reason);
    });
    try {
      return await end.promise;
    } finally {
      this.running--;
      this.#tell();
    }
  }

  /** Ends all that run, with an output. */
  release(output?: unknown): void {
    for (const end of this.#ends.splice(0)) end.resolve(output);
  }

  /** Waits until something is so. */
  async until(isSo: (action: this) => boolean): Promise<void> {
    while (!isSo(this)) await this.#change.promise;
  }

  #tell(): void {
    this.#change.resolve();
    this.#change = createDeferred<void>();
  }
}
