/**
 * Writes down how each contact of a keeper went, as it ends.
 *
 * @module
 */
import { FluxVaultError, type Logger } from "../../protocol/mod.ts";
import type { AgentReport, PassReport } from "../report/report.ts";
import type { FleetStatus } from "./agent_status.ts";
import { noteContacts, noteEnd, noteListed } from "./fleet_status.ts";
import { OVERDUE_INTERVALS } from "./limits.ts";

/** Where a status is kept. */
export interface StatusStore {
  /** Changes it; durable when this resolves. */
  update(change: (status: FleetStatus) => FleetStatus): Promise<void>;
}

/** What a {@linkcode StatusRecorder} needs to know. */
export interface StatusRecorderOptions {
  /** The app that is dialled for, or `null`. */
  readonly app: string | null;
  /** How often every agent is served, in milliseconds; `null` where it is done once. */
  readonly intervalMs: number | null;
  /** Whether agents are told to remove all that they were ever given. @default {false} */
  readonly isWipe?: boolean;
  /** Tells what is known to have been changed at agents. @default {nothing} */
  readonly isDrift?: (address: string, path: string) => boolean;
  /** Is told once when the status cannot be written, and once when it can again. */
  readonly logger: Logger;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
}

/** What is told of nodes of the original, which are not dialled to be asked or wiped. */
const NOT_DIALLED: ReadonlySet<string> = new Set(["plan-unknown", "wipe-unknown"]);

/**
 * Notes contacts in a store. Nobody waits for it: a status that cannot be written holds up no delivery,
 * and the log says so.
 */
export class StatusRecorder implements AsyncDisposable {
  readonly #store: StatusStore;
  readonly #options: StatusRecorderOptions;
  readonly #writing = new Set<Promise<void>>();
  #hasFailed = false;

  /** Writes nothing yet. */
  constructor(store: StatusStore, options: StatusRecorderOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** Notes how a contact went; who cannot be asked was not dialled. */
  noteContact(report: AgentReport): void {
    const { outcome } = report;
    if (outcome.kind === "failed" && NOT_DIALLED.has(outcome.code)) return;
    const { app, intervalMs, isWipe = false, isDrift, now = Date.now } = this.#options;
    const nowMs = now();
    const dueMs = intervalMs === null ? null : nowMs + OVERDUE_INTERVALS * intervalMs;
    const noted = {
      ...{ app, report, isWipe, nowMs, dueMs },
      drifted: (path: string) => isDrift?.(report.address, path) ?? false,
    };
    this.#write((status) => noteContacts(status, [noted]));
  }

  /** Notes whom a pass over the whole fleet left out, since they are on no list any more. */
  notePass(pass: PassReport): void {
    const { app, isWhole, startedMs: sinceMs, elsewhere = [] } = pass;
    // Where the list is an old one, nobody is known to have left it.
    if (!isWhole || pass.problems.length > 0) return;
    const addresses = new Set([...pass.agents.map(({ address }) => address), ...elsewhere]);
    this.#write((status) => noteListed(status, { app, addresses, sinceMs }));
  }

  /** Waits until all that was noted is written, or cannot be. */
  async flush(): Promise<void> {
    await Promise.all(this.#writing);
  }

  /** Notes that a keeper that ran has ended, and waits until all is written, or cannot be. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { app, intervalMs } = this.#options;
    if (intervalMs !== null) this.#write((status) => noteEnd(status, app));
    await this.flush();
  }

  #write(change: (status: FleetStatus) => FleetStatus): void {
    const written = this.#store.update(change)
      .then(() => this.#succeed(), (error) => this.#fail(error))
      .finally(() => this.#writing.delete(written));
    this.#writing.add(written);
  }

  #succeed(): void {
    if (!this.#hasFailed) return;
    this.#hasFailed = false;
    this.#options.logger.info("The status of the fleet can be written again.");
  }

  #fail(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    const reason = error instanceof FluxVaultError ? error.message : String(error);
    const hint = error instanceof FluxVaultError ? error.hint : undefined;
    this.#options.logger.error(
      "The status of the fleet cannot be written: `status` shows an old one.",
      { error: reason, ...(hint === undefined ? {} : { hint }) },
    );
  }
}
