/**
 * What a keeper is told.
 *
 * @module
 */
import type { Bytes, Logger, StatementSigner } from "../protocol/mod.ts";
import type { CallsOfAgent } from "./contact/called_agent.ts";
import type { Dial, SecureConnection, SyncLimits } from "./contact/contact.ts";
import type { ContactTask } from "./contact/contact_task.ts";
import type { Fleet } from "./fleet/fleet.ts";
import type { DeliveriesStore } from "./original/mod.ts";
import type { AgentReport, PassReport } from "./report/report.ts";
import type { KnownAgentsStore, TrustPolicy } from "./trust/mod.ts";
import type { Declarations } from "./vault/declarations.ts";
import type { Vault } from "./vault/vault.ts";
import type { WireChoice } from "./contact/wire.ts";

/** What a keeper is made of. */
export interface KeeperOptions {
  /** Lists the agents. */
  readonly fleet: Fleet;
  /** Holds the files. */
  readonly vault: Vault;
  /**
   * What goes where; an agent is given nothing else. A function is asked for it at the start of each
   * pass, which fails where it rejects.
   */
  readonly declarations: Declarations | (() => Promise<Declarations>);
  /** Where the known agents are kept. */
  readonly knownAgents: KnownAgentsStore;
  /** Connects to an agent. */
  readonly dial: Dial;
  /**
   * Makes connections to agents behind a primary ones under TLS, where they ask for it; without it those
   * are not reached.
   */
  readonly secure?: SecureConnection;
  /** What happens to an agent that is not known. @default {"approve"} */
  readonly trust?: TrustPolicy;
  /**
   * How many agents of the app may be trusted at first use; needed with `first-use` where the fleet
   * does not say how many agents the app has, and else a further limit.
   */
  readonly firstUseLimit?: number;
  /**
   * The app's enrolment secret, 32 bytes: an agent that proves to know it is trusted without a
   * question; `null` where there is none. A function is asked for it at the start of each pass, which
   * fails where it rejects.
   *
   * @default {null}
   */
  readonly enrolmentSecret?: Bytes | null | (() => Promise<Bytes | null>);
  /** Which wire is spoken with whom; see `parseWires`. @default {PROTOCOL_2} */
  readonly wires?: WireChoice;
  /** Signs what the keeper says of itself and of manifests; `null` where it does not. @default {null} */
  readonly signer?: StatementSigner | null;
  /** Where it is kept what nodes of the original hold; in memory alone by default. */
  readonly deliveries?: DeliveriesStore;
  /** Whether a node of the original must ask for every file. @default {true} */
  readonly expectsAll?: boolean;
  /** What an agent that was let in may call, and what is called of it. @default {nothing} */
  readonly calls?: CallsOfAgent;
  /** What is done otherwise than to deliver what is declared. @default {nothing} */
  readonly task?: ContactTask;
  /** Is told how each contact went, as it ends. @default {nothing} */
  readonly onContact?: (report: AgentReport) => void;
  /** How many agents are served at a time. @default {32} */
  readonly concurrency?: number;
  /** How often every agent is served, in milliseconds. @default {300_000} */
  readonly pollingIntervalMs?: number;
  /** How often the list of agents is asked for, in milliseconds. @default {60_000} */
  readonly discoveryIntervalMs?: number;
  /** The times of one contact. */
  readonly limits?: SyncLimits;
  /** Takes notes. @default {SILENT_LOGGER} */
  readonly logger?: Logger;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
  /** Waits; rejects with the reason of the signal. The real clock by default. */
  readonly delay?: (durationMs: number, signal: AbortSignal) => Promise<void>;
  /** Returns a number from 0 up to but excluding 1. @default {Math.random} */
  readonly random?: () => number;
}

/** The options of {@linkcode Keeper.pass}. */
export interface PassOptions {
  /** Ends the pass; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Serves only the agents at these addresses, each `host:port`, or `host:port/component` behind a
   * primary.
   *
   * @default {all}
   */
  readonly only?: ReadonlySet<string>;
}

/** The options of {@linkcode Keeper.run}. */
export interface RunOptions {
  /** Ends the run; its reason is thrown. */
  readonly signal: AbortSignal;
  /** Is told of each pass, and waited for. */
  readonly onReport?: (report: PassReport) => Promise<void> | void;
}
