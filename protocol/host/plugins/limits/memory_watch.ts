/**
 * How much memory plugins take, which nobody but the operating system knows for sure.
 *
 * @module
 */

/** Something that takes memory while it is at work. */
export interface MemoryUser {
  /** How much it may take, in bytes. */
  readonly maxBytes: number;
  /** Stops it: it is at work where more was taken than may be. */
  stop(): void;
}

/** The options of a {@linkcode MemoryWatch}. */
export interface MemoryWatchOptions {
  /** The resident size of the process, in bytes. @default {Deno.memoryUsage} */
  readonly residentBytes?: () => number;
  /** How much the program itself may grow meanwhile, in bytes. @default {128 MiB} */
  readonly slackBytes?: number;
  /** How often it is looked at while somebody is at work, in milliseconds. @default {100} */
  readonly intervalMs?: number;
}

const SLACK_BYTES = 128 * 1_048_576;
const INTERVAL_MS = 100;

/**
 * Watches the resident size of the process while plugins are at work.
 *
 * A heap has a cap of its own, but that of the program counts instead where V8 was given
 * `--max-old-space-size`, and not all memory is in a heap. Where the process grew by more than all that
 * are at work may take together, and the slack, all of them are stopped: which of them it was cannot be
 * told.
 */
export class MemoryWatch {
  readonly #options: Required<MemoryWatchOptions>;
  readonly #users = new Map<MemoryUser, number>();
  #baseBytes = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Looks at nothing before somebody is at work. */
  constructor(options: MemoryWatchOptions = {}) {
    this.#options = {
      residentBytes: options.residentBytes ?? (() => Deno.memoryUsage().rss),
      slackBytes: options.slackBytes ?? SLACK_BYTES,
      intervalMs: options.intervalMs ?? INTERVAL_MS,
    };
  }

  /** Says that somebody is at work, any number of times. */
  begin(user: MemoryUser): void {
    if (this.#users.size === 0) {
      this.#baseBytes = this.#options.residentBytes();
      this.#timer = setInterval(() => this.look(), this.#options.intervalMs);
    }
    this.#users.set(user, (this.#users.get(user) ?? 0) + 1);
  }

  /** Says that somebody came to the end of one piece of work. */
  end(user: MemoryUser): void {
    const count = this.#users.get(user);
    if (count === undefined) return;
    if (count > 1) this.#users.set(user, count - 1);
    else this.#users.delete(user);
    if (this.#users.size === 0) clearInterval(this.#timer);
  }

  /** Looks now. */
  look(): void {
    const bytes = this.#options.residentBytes();
    // What the process gives back belongs to nobody who is at work.
    this.#baseBytes = Math.min(this.#baseBytes, bytes);
    const users = [...this.#users.keys()];
    const allowed = users.reduce((sum, { maxBytes }) => sum + maxBytes, 0);
    if (users.length === 0 || bytes - this.#baseBytes <= allowed + this.#options.slackBytes) return;
    for (const user of users) user.stop();
  }
}

/** The one that all plugins of a process share. */
export const SHARED_MEMORY_WATCH: MemoryWatch = new MemoryWatch();
