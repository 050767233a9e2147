/**
 * What a contact with an agent needs, and what comes of it, whichever wire is spoken.
 *
 * @module
 */
import type {
  Bytes,
  Duplex,
  FileResult,
  Logger,
  NodeEvidence,
  StatementSigner,
} from "../../protocol/mod.ts";
import type { AuditRecorder } from "../audit/mod.ts";
import type { AgentAddress } from "../fleet/agent_address.ts";
import type { CallsOfAgent } from "./called_agent.ts";
import type { ContactTask, LeftOut } from "./contact_task.ts";
import type { Delivery, LevelDelivery } from "./delivery.ts";
import type { HeldEntries } from "./held_entries.ts";
import { MAX_EXTRA_RESULTS } from "../limits.ts";
import type { Deliveries } from "../original/mod.ts";
import type { RelayHost } from "../relay/relay_host.ts";
import type { TimeLimit } from "./time_limit.ts";
import type { Judgement, KnownAgents, TrustLevel } from "../trust/mod.ts";
import type { DeliveryFault } from "../vault/assembly.ts";
import type { Wire } from "./wire.ts";

/** A connection to an agent. */
export interface AgentConnection {
  /** The transport. */
  readonly duplex: Duplex;
  /** Puts on record what is given over it, before it is given; nothing is where this is not given. */
  readonly audit?: AuditRecorder;
  /** Ends the connection at once; further calls do nothing. */
  close(reason?: unknown): void;
}

/**
 * Connects to an agent.
 *
 * Rejects with a `ConnectionError` where it cannot, and with the signal's reason once it is aborted.
 */
export type Dial = (
  address: AgentAddress,
  options: { readonly signal: AbortSignal },
) => Promise<AgentConnection>;

/** Whom a connection under TLS is to lead to. */
export interface SecuredAgent {
  /** The app that it is dialled for, or `null`. */
  readonly app: string | null;
  /** Its component. */
  readonly component: string;
  /** Ends it; its reason is thrown. */
  readonly signal: AbortSignal;
}

/**
 * Makes a connection to an agent behind a primary one under TLS.
 *
 * Rejects where the agent's certificate is not good for it; closing what it returns closes both.
 */
export type SecureConnection = (
  connection: AgentConnection,
  agent: SecuredAgent,
) => Promise<AgentConnection>;

/** The times of one contact. */
export interface SyncLimits {
  /** What it may take before anything is added for sizes, in milliseconds. @default {120_000} */
  readonly baseTimeMs?: number;
}

/** What a contact needs. */
export interface SyncOptions {
  /** The app that the agent is dialled for, or `null`. */
  readonly app: string | null;
  /** Connects. */
  readonly dial: Dial;
  /** Decides whether the agent is trusted. */
  readonly known: KnownAgents;
  /** What it should hold. */
  readonly delivery: Delivery;
  /** What is spoken with it. */
  readonly wire: Wire;
  /** Signs what the keeper says of itself and of manifests, or `null`. */
  readonly signer: StatementSigner | null;
  /** The app's enrolment secret, or `null` where there is none; 32 bytes. @default {null} */
  readonly enrolmentSecret?: Bytes | null;
  /** What nodes of the original hold. */
  readonly deliveries: Deliveries;
  /** Whether a node of the original must ask for every file. */
  readonly expectsAll: boolean;
  /** Is told what the agent is given, before it is. @default {nothing} */
  readonly onGiven?: (given: LevelDelivery) => void;
  /** Is told what of that the wire cannot keep, in words, where there is something. @default {nothing} */
  readonly onNotKept?: (what: readonly string[]) => void;
  /** What agents were left with; nothing is known of that by default. */
  readonly held?: HeldEntries;
  /** What an agent that was let in may call, and what is called of it. @default {nothing} */
  readonly calls?: CallsOfAgent;
  /** What is done where the agent relays to others; nothing by default. */
  readonly relay?: RelayHost | null;
  /** Whether it is given nothing, and only called to relay to others. @default {false} */
  readonly isRelayOnly?: boolean;
  /** Is told when the agent was served, and only those behind it still are. @default {nothing} */
  readonly onServed?: () => void;
  /** What is done otherwise than to deliver what is declared. @default {nothing} */
  readonly task?: ContactTask;
  /** The times. */
  readonly limits?: SyncLimits | undefined;
  /** Takes notes. */
  readonly logger: Logger;
  /** The time now in Unix milliseconds. */
  readonly now: () => number;
  /** Ends the contact; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/** What is known of an agent so far. */
export interface Acquaintance {
  /** Whether a connection came about. */
  isConnected: boolean;
  /** The component that it says it is, or `null`. */
  component: string | null;
  /** The fingerprint of its key, or `null`. */
  fingerprint: string | null;
  /** On which node it says that it runs, or `null`. */
  node: NodeEvidence | null;
  /** Its software by its own word, or `null`. */
  software: string | null;
  /** How much it is trusted, or `null` where it is not. */
  trust: TrustLevel | null;
  /** What was decided about its key, or `null` where it proved none. */
  judgement: Judgement | null;
  /** Why it is left out although it might be served, or `null`. */
  leftOut: LeftOut | null;
  /** When it was served, where only those behind it still are, by `performance.now()`; else `null`. */
  servedMs: number | null;
}

/** Nothing is known of an agent yet. */
export function newAcquaintance(): Acquaintance {
  return {
    isConnected: false,
    component: null,
    fingerprint: null,
    node: null,
    software: null,
    trust: null,
    judgement: null,
    leftOut: null,
    servedMs: null,
  };
}

/** What the dialogue with one agent needs. */
export interface TalkOptions extends SyncOptions {
  /** Takes what is learned of the agent. */
  readonly agent: Acquaintance;
  /** The time that the agent may take. */
  readonly limit: TimeLimit;
  /** Ends the dialogue; its reason is thrown. */
  readonly signal: AbortSignal;
}

/**
 * Adds the files that the vault does not hold, of which the agent may know nothing, and cuts what an
 * agent says of files that nobody offered. What it removed is told whole: nobody offers that any more.
 */
export function completeResults(
  results: readonly FileResult[],
  { source, withheld, faults }: Pick<LevelDelivery, "source" | "withheld" | "faults">,
): FileResult[] {
  const offered = new Set(source.entries.map(({ path }) => path));
  // Files that are withheld are reported as such, whether the agent asked for them or not.
  const told = new Set([...faults, ...withheld].map(({ path }) => path));
  const others = results.filter(({ path }) => !offered.has(path));
  const isRemoved = ({ outcome }: FileResult) => outcome === "removed";
  const extra = others.filter((file) => !isRemoved(file) && !told.has(file.path));
  return [
    ...results.filter(({ path }) => offered.has(path)),
    ...faults.map(resultOfFault),
    ...others.filter(isRemoved),
    ...extra.slice(0, MAX_EXTRA_RESULTS),
  ];
}

function resultOfFault({ path, code }: DeliveryFault): FileResult {
  return { path, outcome: code === "file-missing" ? "missing" : "failed", code };
}
