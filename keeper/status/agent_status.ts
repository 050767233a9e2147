/**
 * How the agents of a fleet stood at the last contact: values that are kept, and no secrets.
 *
 * @module
 */
import type {
  FileOutcome,
  FileResult,
  HookResult,
  ResultCounts,
  ServiceResult,
} from "../../protocol/mod.ts";
import type { TrustGround, TrustLevel } from "../trust/mod.ts";
import type { Wire } from "../contact/wire.ts";

/** How a contact ended. */
export interface ContactStatus {
  /** When it ended, in Unix milliseconds. */
  readonly atMs: number;
  /** How: `delivered`, `planned`, `pending`, `rejected`, `unreachable` or `failed`. */
  readonly outcome: string;
  /** Why, as a word; `null` where it was delivered. */
  readonly code: string | null;
  /** Who turned whom away: `us` or `peer`; `null` where nobody did. */
  readonly by: "us" | "peer" | null;
  /** How many contacts in a row did not end as wanted, whichever keeper made them. */
  readonly failures: number;
}

/** What an agent holds, by its own word. */
export interface HeldStatus {
  /** The revision of what is declared. */
  readonly revision: number;
  /** Whether it holds all of it, or only a part. */
  readonly isWhole: boolean;
  /** Whether that revision removed all it was ever given. */
  readonly isWiped: boolean;
  /** Since when it holds so much of that revision, in Unix milliseconds. */
  readonly sinceMs: number;
}

/** Something that was changed at an agent without a change of the vault. */
export interface DriftStatus {
  /** Where. */
  readonly path: string;
  /**
   * What was found: `gone`, `changed`, `reowned` (mode or owner), or `extra` (what should not be
   * there).
   */
  readonly found: DriftKind;
  /** When it was found, in Unix milliseconds. */
  readonly foundMs: number;
  /** When it was put right, in Unix milliseconds; `null` where it was not. */
  readonly repairedMs: number | null;
}

/** See {@linkcode DriftStatus.found}. */
export type DriftKind = "gone" | "changed" | "reowned" | "extra";

/** How one agent stood at the last contact. */
export interface AgentStatus {
  /** The app that it was dialled for, or `null`. */
  readonly app: string | null;
  /** Where it was dialled, as `host:port`; behind a primary, `host:port/component`. */
  readonly address: string;
  /** The component that it says it is, or `null`. */
  readonly component: string | null;
  /** The fingerprint of its key, or `null` where it proved none. */
  readonly fingerprint: string | null;
  /** How much it was trusted, or `null`. */
  readonly trust: TrustLevel | null;
  /** What was spoken. */
  readonly wire: Wire;
  /** How the last contact ended. */
  readonly contact: ContactStatus;
  /** When the last delivery came to its end, in Unix milliseconds; `null` where none did. */
  readonly servedMs: number | null;
  /** Whether it is on the list of the app's agents, by the last pass over all of them. */
  readonly isListed: boolean;
  /** By when there should be another contact, in Unix milliseconds; `null` where nobody said. */
  readonly dueMs: number | null;
  /** What it holds, or `null` where that is not known. */
  readonly held: HeldStatus | null;
  /** How the files of the last delivery ended; `null` where there was none. */
  readonly counts: ResultCounts | null;
  /** The files that were not as they should be after it, some of them. */
  readonly files: readonly FileResult[];
  /** How many more there were. */
  readonly moreFiles: number;
  /** What drifted, the latest first, some of it. */
  readonly drift: readonly DriftStatus[];
  /** The hooks that have something left to do. */
  readonly hooks: readonly HookResult[];
  /** The services, as they stood after the last delivery. @default {[]} */
  readonly services?: readonly ServiceResult[];
  /** What it was not given because of its level. */
  readonly withheld: readonly {
    /** Where it would go. */
    readonly path: string;
    /** The level that it asks for. */
    readonly required: TrustGround;
  }[];
  /** How many changes a plan found later than the last delivery; `null` where none was made. */
  readonly planned: number | null;
}

/** How a fleet, or several, stood. */
export interface FleetStatus {
  /** The agents. */
  readonly agents: readonly AgentStatus[];
}

/** Nobody was dialled yet. */
export const EMPTY_STATUS: FleetStatus = Object.freeze({ agents: Object.freeze([]) });

/** What an outcome of a file says of what was found, were the vault the same as before. */
export const DRIFT_KINDS: Readonly<Partial<Record<FileOutcome, DriftKind>>> = {
  created: "gone",
  updated: "changed",
  reowned: "reowned",
  removed: "extra",
};
