/**
 * How a pass over the fleet went: values, not errors.
 *
 * @module
 */
import type {
  FileResult,
  HookResult,
  NodeEvidence,
  RejectionCode,
  ServiceResult,
} from "../../protocol/mod.ts";
import type { AgentPlan } from "../plan/agent_plan.ts";
import type { WithheldFile } from "../vault/assembly.ts";
import type { PendingReason, TrustLevel, TrustNews } from "../trust/mod.ts";
import type { Wire } from "../contact/wire.ts";

/** How the contact with one agent ended. */
export type AgentOutcome =
  /** The session came to its end; each file has a result of its own. */
  | {
    readonly kind: "delivered";
    /** A result for each file that the agent should hold or asked for. */
    readonly files: readonly FileResult[];
    /** How the hooks stand that were due. */
    readonly hooks: readonly HookResult[];
    /** How its services stand; none where there are none. @default {[]} */
    readonly services?: readonly ServiceResult[];
    /** The revision of what is declared, which it holds now; `null` on the original's wire. */
    readonly revision: number | null;
    /** The files that ask for more than the agent's level, which it was therefore not given. */
    readonly withheld: readonly WithheldFile[];
    /** How many bytes of file contents were sent. */
    readonly contentBytes: number;
    /**
     * The paths at which something was put right that was changed at the agent, as far as this keeper
     * knows since it runs.
     *
     * @default {[]}
     */
    readonly drifted?: readonly string[];
  }
  /** It was asked what it would do, or is known to be given all; it was given nothing. */
  | {
    readonly kind: "planned";
    /** What a delivery would do. */
    readonly plan: AgentPlan;
  }
  /** It was called, and given nothing; how the calls went is known to whoever made them. */
  | { readonly kind: "called" }
  /** Its key waits for the operator; it was given nothing. */
  | {
    readonly kind: "pending";
    /** Why it waits. */
    readonly reason: PendingReason;
  }
  /** One side turned the other away. */
  | {
    readonly kind: "rejected";
    /** Why. */
    readonly code: RejectionCode;
    /** `us` if the keeper refused the agent, `peer` if the agent refused the keeper. */
    readonly by: "us" | "peer";
  }
  /** No connection came about: an instance on standby is one reason, a stale list another. */
  | { readonly kind: "unreachable"; readonly code: string }
  /** The session broke. */
  | { readonly kind: "failed"; readonly code: string };

/** How the contact with one agent went. */
export interface AgentReport {
  /** Where it was dialled, as `host:port`; behind a primary, `host:port/component`. */
  readonly address: string;
  /** What was spoken: protocol 2, or the wire of the original FluxVault. */
  readonly wire: Wire;
  /** The component that it says it is; `null` if it says none or did not get so far. */
  readonly component: string | null;
  /** The fingerprint of its key, `null` if it did not prove one. */
  readonly fingerprint: string | null;
  /**
   * How much it is trusted: why its key is, or `address` on the original's wire, where nothing else is
   * known of it; `null` where it is not trusted, or did not get so far.
   */
  readonly trust: TrustLevel | null;
  /** What this contact changed about that, or `null`. */
  readonly news: TrustNews | null;
  /** On which node it says that it runs, or `null`; nobody has signed this. */
  readonly node: NodeEvidence | null;
  /** Its software by its own word, or `null`; text of a stranger. */
  readonly software: string | null;
  /** When the contact began, in Unix milliseconds. */
  readonly startedMs: number;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
  /**
   * How many contacts in a row did not end as wanted, this one included; 0 if it did, and where all
   * that is wanting is withheld.
   */
  readonly failures: number;
  /** How it ended. */
  readonly outcome: AgentOutcome;
}

/** Something that went wrong with a pass rather than with one agent. */
export interface PassProblem {
  /** The stable code of the failure. */
  readonly code: string;
  /** What happened, for people. */
  readonly message: string;
}

/** How a pass went. */
export interface PassReport {
  /** Counts the passes of a keeper, from 1. */
  readonly pass: number;
  /** The app, or `null`. */
  readonly app: string | null;
  /** Whether the whole fleet was served, or only agents that are new or due for a retry. */
  readonly isWhole: boolean;
  /**
   * The agents of the fleet that it left out because another pass was serving them, by address.
   *
   * @default {[]}
   */
  readonly elsewhere?: readonly string[];
  /** When it began, in Unix milliseconds. */
  readonly startedMs: number;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
  /** The agents, in the order of their addresses. */
  readonly agents: readonly AgentReport[];
  /** What else went wrong: the list of agents is an old one, what was learned cannot be kept. */
  readonly problems: readonly PassProblem[];
}

/** What changes something at an agent as it should. */
const DONE: ReadonlySet<string> = new Set(["created", "updated", "reowned", "removed"]);

/** Tells whether a file or folder is another than it was before, as it should be. */
export function isFileDone(file: FileResult): boolean {
  return DONE.has(file.outcome);
}

/**
 * Tells whether a file is as it should be.
 *
 * @example
 * ```ts
 * import { isFileWanted } from "@fluxvault/fluxvault/keeper";
 *
 * console.assert(isFileWanted({ path: "db.password", outcome: "created" }));
 * console.assert(!isFileWanted({ path: "db.password", outcome: "missing" }));
 * ```
 */
export function isFileWanted(file: FileResult): boolean {
  return isFileDone(file) || file.outcome === "unchanged";
}

/** Tells whether the application was told of a change, so that nothing is left to do. */
export function isHookWanted(hook: HookResult): boolean {
  return hook.outcome === "ran";
}

/** Tells whether a service runs, or does not since nobody wants it to. */
export function isServiceWanted({ outcome }: ServiceResult): boolean {
  return outcome !== "waiting" && outcome !== "failed" && outcome !== "refused";
}

/**
 * Tells whether an agent ended in the wanted state: reached, every file as it should be, every hook
 * run, every service as it should be, and nothing withheld.
 *
 * @example
 * ```ts
 * import { isAgentWanted } from "@fluxvault/fluxvault/keeper";
 *
 * const outcome = { kind: "unreachable", code: "connection-refused" } as const;
 * console.assert(!isAgentWanted({ outcome }));
 * ```
 */
export function isAgentWanted(agent: Pick<AgentReport, "outcome">): boolean {
  return isAgentServed(agent) && countWithheld(agent) === 0;
}

/** Tells whether an agent holds all that its level lets it have, and its application was told. */
export function isAgentServed({ outcome }: Pick<AgentReport, "outcome">): boolean {
  if (outcome.kind === "called") return true;
  return outcome.kind === "delivered" && outcome.files.every(isFileWanted) &&
    outcome.hooks.every(isHookWanted) && (outcome.services ?? []).every(isServiceWanted);
}

/** Counts the files that an agent was not given because they ask for more trust. */
export function countWithheld({ outcome }: Pick<AgentReport, "outcome">): number {
  return outcome.kind === "delivered" ? outcome.withheld.length : 0;
}

/** Tells whether an operator can let the agent in. */
export function isAgentWaiting({ outcome }: Pick<AgentReport, "outcome">): boolean {
  return outcome.kind === "pending" ||
    (outcome.kind === "rejected" && outcome.by === "us" && outcome.code === "identity-changed");
}

/** Makes the report of a pass in which nobody was served. */
export function reportProblem(
  { code, message }: PassProblem,
  parts: Pick<PassReport, "pass" | "app" | "startedMs">,
): PassReport {
  return { ...parts, isWhole: true, durationMs: 0, agents: [], problems: [{ code, message }] };
}

/**
 * Tells whether a pass ended as wanted: there was an agent, every one is in the wanted state, and
 * nothing else went wrong.
 *
 * @example
 * ```ts
 * import { isPassWanted } from "@fluxvault/fluxvault/keeper";
 *
 * const pass = { pass: 1, app: null, isWhole: true, startedMs: 0, durationMs: 0 };
 * console.assert(!isPassWanted({ ...pass, agents: [], problems: [] }));
 * ```
 */
export function isPassWanted(report: PassReport): boolean {
  return report.agents.length > 0 && report.problems.length === 0 &&
    report.agents.every(isAgentWanted);
}

/** A report on one contact, which knows nothing of those before it. */
export type ContactReport = Omit<AgentReport, "failures">;

/** Makes one report of two contacts: what the first put in place was put in place. */
export function joinReports(first: ContactReport, second: ContactReport): ContactReport {
  const { startedMs } = first;
  const durationMs = first.durationMs + second.durationMs;
  const joined = { ...second, news: first.news ?? second.news, startedMs, durationMs };
  if (first.outcome.kind !== "delivered" || second.outcome.kind !== "delivered") return joined;
  const files = joinFiles(first.outcome.files, second.outcome.files);
  const told = new Set(second.outcome.hooks.map(({ hook }) => hook));
  // One that was still to run and is not told of any more has run meanwhile.
  const ended = first.outcome.hooks.filter(({ outcome }) => ENDED.has(outcome));
  const hooks = [...ended.filter(({ hook }) => !told.has(hook)), ...second.outcome.hooks];
  const services = joinServices(first.outcome.services ?? [], second.outcome.services);
  const contentBytes = first.outcome.contentBytes + second.outcome.contentBytes;
  const drifted = [...first.outcome.drifted ?? [], ...second.outcome.drifted ?? []];
  return {
    ...joined,
    outcome: {
      ...second.outcome,
      ...{ files, hooks, contentBytes },
      ...(services === undefined ? {} : { services }),
      ...(drifted.length === 0 ? {} : { drifted }),
    },
  };
}

/** What the first contact started or stopped was started or stopped. */
function joinServices(
  first: readonly ServiceResult[],
  second: readonly ServiceResult[] | undefined,
): readonly ServiceResult[] | undefined {
  if (second === undefined) return first.length === 0 ? undefined : first;
  const before = new Map(first.map((result) => [result.service, result]));
  const told = new Set(second.map(({ service }) => service));
  const gone = first.filter(({ service, outcome }) => outcome === "stopped" && !told.has(service));
  const now = second.map((result) => {
    const earlier = before.get(result.service);
    const wasStarted = earlier?.outcome === "started" || earlier?.outcome === "restarted";
    return result.outcome === "running" && wasStarted ? earlier : result;
  });
  return [...now, ...gone];
}

const ENDED: ReadonlySet<string> = new Set(["ran", "refused"]);

function joinFiles(first: readonly FileResult[], second: readonly FileResult[]): FileResult[] {
  const before = new Map(first.map((file) => [file.path, file]));
  const files = second.map((file): FileResult => {
    const earlier = before.get(file.path);
    before.delete(file.path);
    const wasDone = earlier !== undefined && isFileDone(earlier);
    return file.outcome === "unchanged" && wasDone ? earlier : file;
  });
  // Nobody tells a second time of what is gone.
  return [...files, ...[...before.values()].filter(({ outcome }) => outcome === "removed")];
}

/** Puts into the report on a pass what a later one says of some of its agents. */
export function updatePass(report: PassReport, later: PassReport): PassReport {
  const news = new Map(later.agents.map((agent) => [agent.address, agent]));
  const agents = report.agents.map((agent) => news.get(agent.address) ?? agent);
  return { ...report, agents, problems: [...report.problems, ...later.problems] };
}
