/**
 * The work of one session: waits for the turn, receives, and tells how it went.
 *
 * @module
 */
import {
  type AgentIdentity,
  type CertificateDesk,
  type DeliveryReport,
  type HasherFactory,
  type HookRunner,
  type Logger,
  type ManifestMessage,
  PeerRejectedError,
  type ReceiveOptions,
  type SecretStore,
  type ServiceRunner,
  type Session,
  type SessionCalls,
  SILENT_LOGGER,
  watchCalls,
} from "../../protocol/mod.ts";
import type { OriginalSession } from "../../protocol/original/mod.ts";
import { DeliveryRecord } from "./delivery_record.ts";
import { InTurnStore } from "./in_turn_store.ts";
import { BUSY_WAIT_MS, FILES_IN_FLIGHT, MAX_LOGGED_FAILURES, MAX_SESSIONS } from "../limits.ts";
import type { AgentSessionReport } from "./session_report.ts";
import { StallWatch } from "./stall_watch.ts";
import { Turn } from "./turn.ts";

/** What all deliveries of an agent share. */
export interface DeliveryOptions {
  /** Where files go. */
  readonly store: SecretStore;
  /** Files to ask for whether the manifest names them or not. @default {[]} */
  readonly files?: readonly string[];
  /** Makes a SHA-256 hasher. */
  readonly createHasher?: HasherFactory;
  /** What keepers may call, and what is called of them in each session. @default {nothing} */
  readonly calls?: SessionCalls;
  /**
   * Refuses a manifest by throwing, before anything of it is acted on; returns the address of the
   * key that signed it, or `null` for one that nobody vouches for.
   *
   * @default {accepts}
   */
  readonly checkManifest?: ReceiveOptions["checkManifest"];
  /** Runs the hooks of manifests; `null` where none may be run. @default {null} */
  readonly hooks?: HookRunner | null;
  /** Runs the services of manifests; `null` where none may be run. @default {null} */
  readonly services?: ServiceRunner | null;
  /** Makes keys for the application, and has them certified; `null` where nothing does. @default {null} */
  readonly certificates?: CertificateDesk | null;
  /** Signs what the agent tells a keeper of a delivery; `null` where nothing is signed. @default {null} */
  readonly identity?: AgentIdentity | null;
  /** How long a delivery waits for the one before it, in milliseconds. @default {30_000} */
  readonly busyWaitMs?: number;
  /** When the manifest is due after the session began, in milliseconds. @default {30_000} */
  readonly manifestTimeoutMs?: number;
  /** How long a delivery may make no progress, in milliseconds. @default {120_000} */
  readonly stallTimeoutMs?: number;
  /** How many sessions may be open. @default {32} */
  readonly maxSessions?: number;
  /** Is told what fails in calls. @default {SILENT_LOGGER} */
  readonly logger?: Logger;
}

/** A session, and the wire that it is spoken on. */
export type Conversation =
  /** Protocol 2. */
  | { readonly wire: 2; readonly session: Session }
  /** The wire of the original FluxVault. */
  | { readonly wire: "original"; readonly session: OriginalSession };

/** How one delivery is ended from outside. */
export interface DeliveryControl {
  /** Ends the session at once, with the reason of the abort. */
  readonly control: AbortController;
  /** Is aborted when no further delivery may begin; its reason is told to the keeper. */
  readonly stop: AbortSignal;
}

/** What a delivery itself can tell of its session. */
export type DeliveryOutcome = Pick<
  AgentSessionReport,
  | "wire"
  | "isComplete"
  | "isPlan"
  | "isCallsOnly"
  | "files"
  | "hooks"
  | "services"
  | "contentBytes"
  | "error"
>;

/**
 * Runs the deliveries of an agent, one at a time.
 *
 * Sessions with vaults of the original go side by side, and take turns for each file.
 */
export class DeliveryDesk {
  readonly #options: DeliveryOptions;
  readonly #turn = new Turn();
  #sessions = 0;

  /** Starts with nothing to do. */
  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** Receives what a keeper delivers, to the end of the session; never rejects. */
  async receive(conversation: Conversation, ends: DeliveryControl): Promise<DeliveryOutcome> {
    const { wire } = conversation;
    const record = new DeliveryRecord(this.#options.store);
    let isPlan = false;
    const onManifest = (message: ManifestMessage) => isPlan = message.isPlan === true;
    this.#sessions++;
    try {
      const report = await this.#deliver(conversation, { record, ends, onManifest });
      return { wire, isComplete: true, isPlan, ...report, error: null };
    } catch (error) {
      const files = record.results();
      return { wire, isComplete: false, isPlan, files, hooks: [], contentBytes: 0, error };
    } finally {
      this.#sessions--;
    }
  }

  /**
   * Does something while nothing is delivered.
   *
   * @throws {PeerRejectedError} `busy` where a delivery takes longer than one waits for another.
   */
  async doInTurn<T>(
    work: () => Promise<T>,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<T> {
    const waitMs = this.#options.busyWaitMs ?? BUSY_WAIT_MS;
    const passOn = await this.#turn.take({ waitMs, signal });
    try {
      return await work();
    } finally {
      passOn();
    }
  }

  async #deliver(
    conversation: Conversation,
    { record, ends, onManifest }: {
      readonly record: DeliveryRecord;
      readonly ends: DeliveryControl;
      readonly onManifest: (message: ManifestMessage) => void;
    },
  ): Promise<DeliveryReport> {
    const { files: listed = [], createHasher, maxSessions = MAX_SESSIONS } = this.#options;
    if (this.#sessions > maxSessions) return await refuse(conversation);
    const stall = new StallWatch(record, { ...this.#options, control: ends.control });
    const files = [...new Set(listed)];
    const common = { files, ...(createHasher === undefined ? {} : { createHasher }) };
    let passOn = () => {};
    // Nothing is in place yet, and what others do meanwhile is not this session's to settle.
    let settle = () => Promise.resolve();
    const waitMs = this.#options.busyWaitMs ?? BUSY_WAIT_MS;
    const inTurn = (signal: AbortSignal) =>
      new InTurnStore(record, () => this.#turn.take({ waitMs, signal }));
    try {
      if (conversation.wire === "original") {
        stall.expectFiles();
        // Its deliveries go on where the agent is asked to stop, as others that have begun.
        const store = inTurn(ends.control.signal);
        // A session that was cut off has its files to settle all the same.
        settle = async () => void await inTurn(new AbortController().signal).settle();
        const { receiveOriginalAsAgent } = await import("../original_wire.ts");
        return await receiveOriginalAsAgent(conversation.session, store, common);
      }
      const { receiveAsAgent } = await import("../wire.ts");
      return await receiveAsAgent(conversation.session, record, {
        ...common,
        filesInFlight: FILES_IN_FLIGHT,
        hooks: this.#options.hooks ?? null,
        services: this.#options.services ?? null,
        identity: this.#options.identity ?? null,
        certificates: this.#options.certificates ?? null,
        ...stall.watchCalls(this.#watchedCalls()),
        onDone: () => {
          // All is settled: what the keeper calls from here on keeps no other delivery waiting.
          settle = () => Promise.resolve();
          passOn();
        },
        checkManifest: async (message) => {
          stall.pause();
          onManifest(message);
          passOn = await this.#turn.take({ waitMs, signal: ends.stop });
          // In turn: of two manifests on their way the later one is known before the earlier is taken.
          const signer = await this.#options.checkManifest?.(message) ?? null;
          // A plan is not signed, and changes nothing: what the keeper says of itself is enough for it.
          const isSigned = this.#options.checkManifest !== undefined && message.isPlan === true;
          const declaredBy = isSigned
            ? conversation.session.origin.keeper?.address ?? null
            : signer;
          settle = async () => void await record.settle();
          stall.expectFiles();
          return declaredBy;
        },
      });
    } catch (error) {
      if (conversation.wire === "original") conversation.session.link.fail(error);
      // What is in place already stays, and shall outlast a crash too.
      await settle().catch(() => {});
      throw error;
    } finally {
      stall.end();
      passOn();
    }
  }

  /** What fails in the calls of a session costs no delivery; the log tells of it. */
  #watchedCalls(): SessionCalls | undefined {
    const { calls, logger = SILENT_LOGGER } = this.#options;
    if (calls === undefined) return undefined;
    return watchCalls(calls, {
      logger,
      onTaken: "what a keeper called for has failed",
      onMade: "what was asked of a keeper has failed",
      maxTaken: MAX_LOGGED_FAILURES,
    });
  }
}

async function refuse({ wire, session }: Conversation): Promise<never> {
  const error = new PeerRejectedError("busy", "too many sessions are open", { by: "us" });
  if (wire === 2) {
    await session.fail(error);
    await session.close();
  } else {
    // That wire has no words for it.
    session.link.fail(error);
  }
  throw error;
}
