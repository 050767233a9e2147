/**
 * Puts on record, during the passes of a keeper, whom it turns away and what it gives.
 *
 * @module
 */
import type { Bytes } from "../../protocol/mod.ts";
import type { TrustLevel } from "../trust/mod.ts";
import type { AuditEvent, AuditLog } from "./log/mod.ts";
import { MAX_REMEMBERED_AGENTS } from "./limits.ts";

/** An agent as the log names it. */
export interface AuditedAgent {
  /** The app that it was dialled for, or `null`. */
  readonly app: string | null;
  /** The component that it says it is, or `null`. */
  readonly component: string | null;
  /** Where it was dialled, as `host:port`; behind a primary, `host:port/component`. */
  readonly address: string;
  /** The fingerprint of its key, or `null` where it proved none. */
  readonly fingerprint: string | null;
  /** How much it is trusted, or `null` where it is not. */
  readonly trust: TrustLevel | null;
}

/** The options of an {@linkcode AuditRecorder}. */
export interface AuditRecorderOptions {
  /** Returns the fingerprint of contents by their SHA-256; it gives nothing of them away. */
  readonly fingerprint: (digest: Bytes) => Promise<string>;
}

/**
 * Records what happens to agents; what does not change is told once.
 *
 * A keeper records by it what goes over connections that `auditDial` makes.
 *
 * @example
 * ```ts
 * import {
 *   AuditRecorder,
 *   createContentsFingerprint,
 *   MemoryAuditLog,
 * } from "@fluxvault/fluxvault/keeper";
 *
 * const log = new MemoryAuditLog();
 * const key = crypto.getRandomValues(new Uint8Array(32));
 * const audit = new AuditRecorder(log, { fingerprint: await createContentsFingerprint(key) });
 * // For `auditDial(dialAgent, audit)`; a keeper of one's own tells of what it does by itself:
 * const agent = { app: "shop", component: "web", address: "192.0.2.7:8888" };
 * const stranger = { ...agent, fingerprint: `SHA256:${"A".repeat(43)}`, trust: null };
 * await audit.refused(stranger, "agent-pending");
 * await audit.refused(stranger, "agent-pending"); // As before: no news.
 * console.assert(log.lines.length === 1 && JSON.parse(log.lines[0] ?? "").event === "refused");
 * ```
 */
export class AuditRecorder {
  readonly #log: AuditLog;
  readonly #options: AuditRecorderOptions;
  readonly #refusals = new Map<string, string>();
  readonly #troubles = new Map<string, string>();
  #resuming: Promise<void> | null = null;

  /** Writes to this log. */
  constructor(log: AuditLog, options: AuditRecorderOptions) {
    this.#log = log;
    this.#options = options;
  }

  /**
   * Resolves where what happens next can be put on record, as far as it is known.
   *
   * After a failure it finds out by a line that says that the log goes on.
   *
   * @throws {AuditError} if it cannot.
   */
  async ready(): Promise<void> {
    if (this.#log.failure === null) return;
    this.#resuming ??= this.#log.append([{ event: "resumed" }]).finally(() => {
      this.#resuming = null;
    });
    await this.#resuming;
  }

  /**
   * Adds events; what they tell of may happen once this resolves.
   *
   * @throws {AuditError} if they cannot be written.
   */
  async append(events: readonly AuditEvent[]): Promise<void> {
    await this.#log.append(events);
  }

  /** Returns the fingerprint of contents by their SHA-256, under the key of this log. */
  async fingerprint(digest: Bytes): Promise<string> {
    return await this.#options.fingerprint(digest);
  }

  /**
   * Records that an agent is turned away, once for each time that this changes.
   *
   * @throws {AuditError} if it cannot be written.
   */
  async refused(agent: AuditedAgent, code: string): Promise<void> {
    const state = `${agent.fingerprint} ${code}`;
    if (this.#refusals.get(agent.address) === state) return;
    await this.#log.append([{ event: "refused", ...agent, code }]);
    remember(this.#refusals, agent.address, state);
  }

  /** Takes note that an agent is let in: to turn it away again is news. */
  admitted({ address }: AuditedAgent): void {
    this.#refusals.delete(address);
  }

  /** Tells whether the trouble with an agent is news; `null` where there is none. */
  isNewTrouble({ address }: AuditedAgent, trouble: string | null): boolean {
    if (trouble === null) {
      this.#troubles.delete(address);
      return false;
    }
    if (this.#troubles.get(address) === trouble) return false;
    remember(this.#troubles, address, trouble);
    return true;
  }
}

function remember(states: Map<string, string>, address: string, state: string): void {
  states.delete(address);
  states.set(address, state);
  const [oldest] = states.keys();
  if (states.size > MAX_REMEMBERED_AGENTS && oldest !== undefined) states.delete(oldest);
}
