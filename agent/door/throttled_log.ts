/**
 * Events that strangers can cause as often as they like, told once a subject and minute.
 *
 * @module
 */
import { LOG_INTERVAL_MS, MAX_LOG_REASONS, MAX_LOG_SUBJECTS } from "../limits.ts";

/** How often an event came since its subject was last told of. */
export interface ThrottledCounts {
  /** How often in all. */
  readonly count: number;
  /** How often for each reason that was named, in the order in which they came up. */
  readonly reasons: Readonly<Record<string, number>>;
}

/** Tells of a subject. */
export type ThrottledReport = (subject: string, counts: ThrottledCounts) => void;

/** The options of a {@linkcode ThrottledLog}. */
export interface ThrottledLogOptions {
  /** How often one subject is told of, in milliseconds. @default {LOG_INTERVAL_MS} */
  readonly intervalMs?: number;
  /** How many subjects are told apart. @default {MAX_LOG_SUBJECTS} */
  readonly maxSubjects?: number;
  /** How many reasons of one subject are told apart. @default {MAX_LOG_REASONS} */
  readonly maxReasons?: number;
  /** The time now, in milliseconds of any steady clock. @default {performance.now} */
  readonly now?: () => number;
  /** Calls once after so many milliseconds, unless what it returns is called. @default setTimeout */
  readonly callLater?: (call: () => void, ms: number) => () => void;
}

/** What the subjects, and the reasons of one, beyond the greatest number are called. */
export const OTHERS = "others";

/** What is untold of a subject. */
class Tally {
  toldMs: number;
  count = 0;
  readonly reasons = new Map<string, number>();

  constructor(toldMs: number) {
    this.toldMs = toldMs;
  }

  add(reason: string | null, maxReasons: number): void {
    this.count++;
    if (reason === null) return;
    const isKnown = this.reasons.has(reason) || this.reasons.size < maxReasons;
    const name = isKnown ? reason : OTHERS;
    this.reasons.set(name, (this.reasons.get(name) ?? 0) + 1);
  }

  take(): ThrottledCounts {
    const counts = { count: this.count, reasons: Object.fromEntries(this.reasons) };
    this.count = 0;
    this.reasons.clear();
    return counts;
  }
}

/**
 * Counts events; tells of the first at once, and of those that follow when the time is over, whether
 * or not there are more.
 */
export class ThrottledLog {
  readonly #report: ThrottledReport;
  readonly #intervalMs: number;
  readonly #maxSubjects: number;
  readonly #maxReasons: number;
  readonly #now: () => number;
  readonly #callLater: (call: () => void, ms: number) => () => void;
  /** In the order in which they were last told. */
  readonly #tallies = new Map<string, Tally>();
  #cancelCall: (() => void) | null = null;

  /** Starts with nothing told. */
  constructor(report: ThrottledReport, options: ThrottledLogOptions = {}) {
    this.#report = report;
    this.#intervalMs = options.intervalMs ?? LOG_INTERVAL_MS;
    this.#maxSubjects = options.maxSubjects ?? MAX_LOG_SUBJECTS;
    this.#maxReasons = options.maxReasons ?? MAX_LOG_REASONS;
    this.#now = options.now ?? (() => performance.now());
    this.#callLater = options.callLater ?? callAfter;
  }

  /** Takes an event, and the reason for it where there are several. */
  note(subject: string, reason: string | null = null): void {
    const known = this.#tallies.get(subject);
    known?.add(reason, this.#maxReasons);
    this.#tellDue();
    if (known === undefined) this.#noteNew(subject, reason);
    this.#callWhenDue();
  }

  /** Tells what was not told yet, and leaves no timer; for the end of the program. */
  flush(): void {
    this.#cancelCall?.();
    this.#cancelCall = null;
    for (const [subject, tally] of this.#tallies) {
      if (tally.count > 0) this.#report(subject, tally.take());
    }
    this.#tallies.clear();
  }

  #noteNew(subject: string, reason: string | null): void {
    const name = this.#tallies.size < this.#maxSubjects ? subject : OTHERS;
    const others = this.#tallies.get(name);
    if (others !== undefined) return others.add(reason, this.#maxReasons);
    const tally = new Tally(this.#now());
    tally.add(reason, this.#maxReasons);
    this.#tallies.set(name, tally);
    this.#report(name, tally.take());
  }

  /** Tells of the subjects whose time is over, and forgets those of which nothing was heard. */
  #tellDue(): void {
    const now = this.#now();
    for (const [subject, tally] of this.#tallies) {
      if (now - tally.toldMs < this.#intervalMs) return;
      this.#tallies.delete(subject);
      if (tally.count === 0) continue;
      tally.toldMs = now;
      this.#tallies.set(subject, tally);
      this.#report(subject, tally.take());
    }
  }

  #callWhenDue(): void {
    const [oldest] = this.#tallies.values();
    if (this.#cancelCall !== null || oldest === undefined) return;
    this.#cancelCall = this.#callLater(() => {
      this.#cancelCall = null;
      this.#tellDue();
      this.#callWhenDue();
    }, Math.max(1, Math.ceil(oldest.toldMs + this.#intervalMs - this.#now())));
  }
}

function callAfter(call: () => void, ms: number): () => void {
  const timer = setTimeout(call, ms);
  return () => clearTimeout(timer);
}
