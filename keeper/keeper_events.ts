/**
 * What a keeper tells the application around it, as it happens.
 *
 * @module
 */
import { EventFeed, type EventOptions, type Events, FluxVaultError } from "../protocol/mod.ts";
import {
  type AgentReport,
  isAgentWaiting,
  type PassProblem,
  type PassReport,
} from "./report/report.ts";

/** Something that happened at a keeper; nothing of it is a secret or the contents of a file. */
export type KeeperEvent =
  /** A pass has begun; `pass-ended` with its number follows, or `problem` where it comes to nothing. */
  | {
    readonly kind: "pass-begun";
    /** Counts the passes of a keeper, from 1. */
    readonly pass: number;
    /** Whether the whole fleet is served, or only agents that are new or due for a retry. */
    readonly isWhole: boolean;
    /** How many agents are served, those that primaries will name not included. */
    readonly agents: number;
  }
  /** The contact with an agent has ended, whatever came of it. */
  | {
    readonly kind: "agent-served";
    /** What came of it. */
    readonly report: AgentReport;
  }
  /** An agent waits for the operator to let it in; told at each contact with it. */
  | {
    readonly kind: "agent-waiting";
    /** Where it was dialled, as `host:port`; behind a primary, `host:port/component`. */
    readonly address: string;
    /** The fingerprint of the key that it proved, for `approveAgents`. */
    readonly fingerprint: string;
    /** The contact. */
    readonly report: AgentReport;
  }
  /** Something went wrong with a pass rather than with one agent. */
  | ({
    readonly kind: "problem";
    /** The pass, or `null` where none came about. */
    readonly pass: number | null;
  } & PassProblem)
  /** A pass has ended. */
  | {
    readonly kind: "pass-ended";
    /** What came of it. */
    readonly report: PassReport;
  };

/** Tells what happens at a keeper, at no cost where nobody listens. */
export class KeeperFeed {
  readonly #feed = new EventFeed<KeeperEvent>();

  /** See `Keeper.events`. */
  listen(options: EventOptions): Events<KeeperEvent> {
    return this.#feed.listen(options);
  }

  /** Tells of a pass, and of what ends it. */
  async watchPass(
    begun: { readonly pass: number; readonly isWhole: boolean; readonly agents: number },
    serve: () => Promise<PassReport>,
  ): Promise<PassReport> {
    this.#feed.tell(() => ({ kind: "pass-begun", ...begun }));
    try {
      const report = await serve();
      for (const problem of report.problems) this.noteProblem(problem, report.pass);
      this.#feed.tell(() => ({ kind: "pass-ended", report }));
      return report;
    } catch (error) {
      this.noteProblem(problemOf(error), begun.pass);
      throw error;
    }
  }

  /** The contact with an agent has ended. */
  noteAgent(report: AgentReport): void {
    const { address, fingerprint } = report;
    this.#feed.tell(() => ({ kind: "agent-served", report }));
    if (fingerprint === null || !isAgentWaiting(report)) return;
    this.#feed.tell(() => ({ kind: "agent-waiting", address, fingerprint, report }));
  }

  /** Something went wrong with a pass, or before there was one. */
  noteProblem({ code, message }: PassProblem, pass: number | null = null): void {
    this.#feed.tell(() => ({ kind: "problem", pass, code, message }));
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

/** What is no error of ours may hold anything, so its name has to do. */
function problemOf(error: unknown): PassProblem {
  if (error instanceof FluxVaultError) return { code: error.code, message: error.message };
  const name = error instanceof Error || error instanceof DOMException ? error.name : "unknown";
  return { code: name === "AbortError" ? "stopped" : "failed", message: name };
}
