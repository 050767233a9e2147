/**
 * What an agent tells the application around it, as it happens.
 *
 * @module
 */
import {
  type Action,
  type ActionSource,
  type CallContext,
  EventFeed,
  type EventOptions,
  type Events,
  FluxVaultError,
  type SessionOrigin,
} from "../protocol/mod.ts";
import type { Conversation } from "./delivery/delivery.ts";
import type { AgentSessionReport } from "./delivery/session_report.ts";
import type { ServiceEvent } from "./services/service_status.ts";

/** Something that happened at an agent; nothing of it is a secret or the contents of a file. */
export type AgentEvent =
  /** A connection came to no session; anybody who can connect can cause it. */
  | {
    readonly kind: "session-refused";
    /** Where it came from. */
    readonly remoteAddress: string;
    /** `address-refused`, or the code of what ended the handshake. */
    readonly code: string;
  }
  /** A keeper was let in. */
  | {
    readonly kind: "session-started";
    /** Counts the sessions of the agent, from 1. */
    readonly session: number;
    /** Where the keeper came from. */
    readonly remoteAddress: string;
    /** What is spoken: protocol 2, or the wire of the original FluxVault. */
    readonly wire: 2 | "original";
    /** The address by whose key it signed, or `null` where it did not have to. */
    readonly keeper: string | null;
  }
  /** An action that a keeper called has ended. */
  | {
    readonly kind: "call";
    /** The session in which it was called. */
    readonly session: number;
    /** The name of the action. */
    readonly action: string;
    /** Whether the caller expected no answer. */
    readonly isOneWay: boolean;
    /** Whether it returned; else it threw. */
    readonly isDone: boolean;
    /** How long it took, in milliseconds. */
    readonly durationMs: number;
  }
  /** A keeper has delivered, with or without a change. */
  | {
    readonly kind: "delivery";
    /** The session in which it did. */
    readonly session: number;
    /** What came of it. */
    readonly report: AgentSessionReport;
  }
  /** A keeper has asked what it would change. */
  | {
    readonly kind: "plan";
    /** The session in which it did. */
    readonly session: number;
    /** What it was told. */
    readonly report: AgentSessionReport;
  }
  /** A session is over, whatever came of it. */
  | {
    readonly kind: "session-ended";
    /** The session. */
    readonly session: number;
    /** What came of it. */
    readonly report: AgentSessionReport;
  }
  /** A service has begun, ended, or waits; what it writes is told to nobody. */
  | {
    readonly kind: "service";
    /** What happened to it. */
    readonly event: ServiceEvent;
  }
  /** Files were removed that no keeper had renewed in time. */
  | {
    readonly kind: "expired";
    /** Their paths. */
    readonly paths: readonly string[];
  };

/** Tells what happens at an agent, at no cost where nobody listens. */
export class AgentFeed {
  readonly #feed = new EventFeed<AgentEvent>();
  readonly #sessions = new WeakMap<SessionOrigin, number>();
  #started = 0;

  /** See `Agent.events`. */
  listen(options: EventOptions): Events<AgentEvent> {
    return this.#feed.listen(options);
  }

  /** A connection came to no session: its address is not allowed, or the handshake failed. */
  noteRefused(remoteAddress: string, error: unknown = null): void {
    const code = error === null ? "address-refused" : codeOf(error);
    this.#feed.tell(() => ({ kind: "session-refused", remoteAddress, code }), { isMinor: true });
  }

  /** A keeper was let in; returns the number of the session. */
  noteStarted({ wire, session }: Conversation, remoteAddress: string): number {
    const number = ++this.#started;
    const origin = wire === 2 ? session.origin : null;
    if (origin !== null) this.#sessions.set(origin, number);
    const keeper = origin?.keeper?.address ?? null;
    const event = { session: number, remoteAddress, wire, keeper };
    this.#feed.tell(() => ({ kind: "session-started", ...event }));
    return number;
  }

  /** A session is over. */
  noteEnded(session: number, report: AgentSessionReport): void {
    if (report.isComplete && report.isCallsOnly !== true) {
      const kind = report.isPlan ? "plan" : "delivery";
      this.#feed.tell(() => ({ kind, session, report }));
    }
    this.#feed.tell(() => ({ kind: "session-ended", session, report }));
  }

  /** Files were removed that no keeper had renewed in time. */
  noteExpired(paths: readonly string[]): void {
    this.#feed.tell(() => ({ kind: "expired", paths }));
  }

  /** Something happened to a service. */
  noteService(event: ServiceEvent): void {
    this.#feed.tell(() => ({ kind: "service", event }));
  }

  /** Returns a source of the same actions that tells of each call. */
  watch(actions: ActionSource): ActionSource {
    return {
      find: (name) => {
        const action = actions.find(name);
        return action === undefined || !this.#feed.isHeard ? action : this.#watchAction(action);
      },
    };
  }

  #watchAction(action: Action): Action {
    return { name: action.name, run: (context, input) => this.#run(action, { context, input }) };
  }

  async #run(
    action: Action,
    { context, input }: { readonly context: CallContext; readonly input: unknown },
  ): Promise<unknown> {
    const startedMs = performance.now();
    let isDone = false;
    try {
      const output = await action.run(context, input);
      isDone = true;
      return output;
    } finally {
      this.#feed.tell(() => ({
        kind: "call",
        session: this.#sessions.get(context.origin) ?? 0,
        action: action.name,
        isOneWay: context.isOneWay,
        isDone,
        durationMs: performance.now() - startedMs,
      }));
    }
  }

  /** Ends what listens now. */
  end(): void {
    this.#feed.end();
  }

  /** Ends it for good. */
  close(): void {
    this.#feed.close();
  }
}

/** Names a failure without a word of the peer. */
function codeOf(error: unknown): string {
  return error instanceof FluxVaultError ? error.code : "failed";
}
