/**
 * Events that strangers can cause as often as they like, told once a subject and minute.
 *
 * @module
 */
import { LOG_INTERVAL_MS, MAX_LOG_SUBJECTS } from "./limits.ts";

/** Tells of a subject, and how often the event came since it was last told. */
export type ThrottledReport = (subject: string, count: number) => void;

/** The options of a {@linkcode ThrottledLog}. */
export interface ThrottledLogOptions {
  /** How often one subject is told of, in milliseconds. @default {LOG_INTERVAL_MS} */
  readonly intervalMs?: number;
  /** How many subjects are told apart. @default {MAX_LOG_SUBJECTS} */
  readonly maxSubjects?: number;
  /** The time now, in milliseconds of any steady clock. @default {performance.now} */
  readonly now?: () => number;
}

/** What the subjects beyond the greatest number are called. */
export const OTHER_SUBJECTS = "others";

/** Counts events and tells of the first at once, of those that follow with the next one told. */
export class ThrottledLog {
  readonly #report: ThrottledReport;
  readonly #options: ThrottledLogOptions;
  readonly #subjects = new Map<string, { toldMs: number; untold: number }>();

  /** Starts with nothing told. */
  constructor(report: ThrottledReport, options: ThrottledLogOptions = {}) {
    this.#report = report;
    this.#options = options;
  }

  /** Takes an event. */
  note(subject: string): void {
    const { intervalMs = LOG_INTERVAL_MS, maxSubjects = MAX_LOG_SUBJECTS } = this.#options;
    const now = this.#options.now?.() ?? performance.now();
    let key = subject;
    if (!this.#subjects.has(key) && this.#subjects.size >= maxSubjects) {
      this.#forget(now - intervalMs);
      if (this.#subjects.size >= maxSubjects) key = OTHER_SUBJECTS;
    }
    const known = this.#subjects.get(key);
    if (known === undefined) {
      this.#subjects.set(key, { toldMs: now, untold: 0 });
      this.#report(key, 1);
    } else if (now - known.toldMs < intervalMs) {
      known.untold++;
    } else {
      const count = known.untold + 1;
      known.toldMs = now;
      known.untold = 0;
      this.#report(key, count);
    }
  }

  /** Tells what was not told yet; for the end of the program. */
  flush(): void {
    this.#forget(Infinity);
  }

  #forget(beforeMs: number): void {
    for (const [subject, { toldMs, untold }] of this.#subjects) {
      if (toldMs > beforeMs) continue;
      this.#subjects.delete(subject);
      if (untold > 0) this.#report(subject, untold);
    }
  }
}
