/**
 * What has changed of the files, for whoever waits for it: as a stream of events, or one answer that
 * comes with the next change.
 *
 * @module
 */
import { type Bytes, createDeferred, encodeUtf8 } from "../../protocol/mod.ts";
import {
  EVENT_HEARTBEAT_MS,
  MAX_EVENT_LISTENERS,
  MAX_EVENT_WAIT_S,
  MAX_KEPT_CHANGES,
} from "../limits.ts";

/** A change of one file. */
export interface FileChange {
  /** Its path. */
  readonly path: string;
  /**
   * The SHA-256 of what it holds now in lower-case hex, or `null` where it is declared no more, or was
   * removed since its lease is over.
   */
  readonly digest: string | null;
  /** Its length in bytes, or `null`. */
  readonly size: number | null;
}

interface NumberedChange extends FileChange {
  readonly id: number;
}

/** Counts those who wait, of all feeds together. */
export class ListenerPlaces {
  #taken = 0;

  /** Whether there is no room for another. */
  get isFull(): boolean {
    return this.#taken >= MAX_EVENT_LISTENERS;
  }

  /** Takes a place; `false` where there is none. */
  take(): boolean {
    if (this.isFull) return false;
    this.#taken++;
    return true;
  }

  /** Gives a place back. */
  leave(): void {
    this.#taken--;
  }
}

/** Keeps the last changes, each under a number that grows, and tells of them. */
export class ChangeFeed {
  /** The number of the last change; those of another run of the agent are smaller. */
  #last: number;
  readonly #kept: NumberedChange[] = [];
  readonly #places: ListenerPlaces;
  #waiting: (() => void)[] = [];
  #isEnded = false;

  /**
   * Starts with a number that no earlier run has reached.
   *
   * @param places Where those who wait have their places, with those of other feeds.
   */
  constructor(nowMs: number = Date.now(), places: ListenerPlaces = new ListenerPlaces()) {
    this.#last = nowMs * 1_000;
    this.#places = places;
  }

  /** Takes changes. */
  note(changes: readonly FileChange[]): void {
    for (const change of changes) this.#kept.push({ id: ++this.#last, ...change });
    this.#kept.splice(0, Math.max(0, this.#kept.length - MAX_KEPT_CHANGES));
    if (changes.length > 0) this.#wake();
  }

  /** Ends what waits. */
  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  /**
   * Waits for what has changed after a number, or not at all where `waitS` is 0.
   *
   * @returns The last number and the changes, at most those that are kept; `isCut` where there were
   * more, so that all files may have changed. `null` where too many wait.
   */
  async poll(
    after: number | null,
    waitS: number,
  ): Promise<{ last: number; isCut: boolean; changes: NumberedChange[] } | null> {
    const from = after ?? this.#last;
    if (this.#after(from).length === 0 && !this.#isCut(from) && waitS > 0) {
      if (!this.#enter()) return null;
      try {
        await this.#next(Math.min(waitS, MAX_EVENT_WAIT_S) * 1_000);
      } finally {
        this.#places.leave();
      }
    }
    return { last: this.#last, isCut: this.#isCut(from), changes: this.#after(from) };
  }

  /** Opens a stream of events (`text/event-stream`) after a number; `null` where too many listen. */
  stream(after: number | null): AsyncGenerator<Bytes, void, undefined> | null {
    return this.#isEnded || this.#places.isFull ? null : this.#events(after);
  }

  async *#events(after: number | null): AsyncGenerator<Bytes, void, undefined> {
    let from = after ?? this.#last;
    // Counted here: a stream that nobody begins to read has no end either.
    if (!this.#enter()) return;
    try {
      yield encodeUtf8(`: listening\nid: ${from}\n\n`);
      while (!this.#isEnded) {
        // Whoever reads slowly misses nothing that is kept, and holds nothing of his own here.
        const text = this.#after(from).map(formatEvent).join("");
        const reset = this.#isCut(from) ? `event: reset\nid: ${this.#last}\ndata: {}\n\n` : "";
        from = this.#last;
        if (reset + text !== "") yield encodeUtf8(reset + text);
        else if (!await this.#next(EVENT_HEARTBEAT_MS)) yield encodeUtf8(": still here\n\n");
      }
    } finally {
      this.#places.leave();
    }
  }

  #enter(): boolean {
    return !this.#isEnded && this.#places.take();
  }

  #after(id: number): NumberedChange[] {
    return this.#kept.filter((change) => change.id > id);
  }

  /** Tells whether something after a number is not kept, or the number is of another run. */
  #isCut(id: number): boolean {
    const first = this.#kept[0]?.id ?? this.#last + 1;
    return id < first - 1 || id > this.#last;
  }

  /** Waits for a change; `false` where none came in time. */
  async #next(ms: number): Promise<boolean> {
    const { promise, resolve } = createDeferred<boolean>();
    const timer = setTimeout(() => resolve(false), ms);
    const wake = () => resolve(true);
    this.#waiting.push(wake);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting = this.#waiting.filter((other) => other !== wake);
    }
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

function formatEvent({ id, path, digest, size }: NumberedChange): string {
  return `event: change\nid: ${id}\ndata: ${JSON.stringify({ path, digest, size })}\n\n`;
}
