/**
 * Where a keeper puts on record what it gives to whom.
 *
 * @module
 */
import { FluxVaultError, type FluxVaultErrorOptions } from "../../../protocol/mod.ts";
import { type AuditEvent, type ChainEnd, EMPTY_CHAIN, encodeAuditLine } from "./audit_line.ts";

/** An audit log: it only grows. */
export interface AuditLog {
  /**
   * Adds events in their order.
   *
   * What they tell of may happen once this resolves: they are durable then.
   *
   * @throws {AuditError} if they cannot be written; nothing of what they tell of may happen then.
   */
  append(events: readonly AuditEvent[]): Promise<void>;
  /** Why the last attempt to write failed; `null` where it did not. */
  readonly failure: AuditError | null;
}

/**
 * What happens cannot be put on record, and so must not happen.
 *
 * @example
 * ```ts
 * import { AuditError, type AuditLog } from "@fluxvault/fluxvault/keeper";
 *
 * // A log of one's own says so where it cannot keep an event: what that tells of does not happen.
 * const log: AuditLog = {
 *   failure: null,
 *   append: () => Promise.reject(new AuditError("the collector is away", { hint: "Start it." })),
 * };
 * console.assert(await log.append([]).catch(({ code }) => code) === "audit-failed");
 * ```
 */
export class AuditError extends FluxVaultError {
  /** The one code: `audit-failed`. */
  declare readonly code: "audit-failed";

  /** Makes an error about an audit log. */
  constructor(message: string, options: FluxVaultErrorOptions = {}) {
    super("audit-failed", message, options);
  }
}

/**
 * Keeps an audit log in memory: for tests, and for programs that keep it elsewhere.
 *
 * @example
 * ```ts
 * import { MemoryAuditLog } from "@fluxvault/fluxvault/keeper";
 *
 * const log = new MemoryAuditLog(() => Date.UTC(2026, 0, 1));
 * await log.append([{ event: "shop-deployed", version: "1.2.0" }]);
 * const line = JSON.parse(log.lines[0] ?? "");
 * console.assert(line.seq === 1 && line.time === "2026-01-01T00:00:00.000Z");
 * ```
 */
export class MemoryAuditLog implements AuditLog {
  /** The lines so far. */
  readonly lines: string[] = [];
  /** Why nothing can be written, where it is so. */
  failure: AuditError | null = null;
  readonly #now: () => number;
  #end: ChainEnd = EMPTY_CHAIN;
  #writing: Promise<void> = Promise.resolve();

  /** Starts without a line; `now` returns Unix milliseconds. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /**
   * Adds events.
   *
   * @throws {AuditError} as long as there is a failure.
   */
  append(events: readonly AuditEvent[]): Promise<void> {
    const { failure } = this;
    if (failure !== null) return Promise.reject(failure);
    const written = this.#writing.then(() => this.#write(events));
    this.#writing = written.catch(() => {});
    return written;
  }

  async #write(events: readonly AuditEvent[]): Promise<void> {
    for (const event of events) {
      const place = { before: this.#end, nowMs: this.#now() };
      const { line, end } = await encodeAuditLine(event, place);
      this.lines.push(new TextDecoder().decode(line));
      this.#end = end;
    }
  }
}
