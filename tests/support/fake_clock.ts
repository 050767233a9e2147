/** A clock that stands still until the test moves it. */

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

/** Time as a test wants it, from a fixed moment on. */
export class FakeClock {
  #nowMs = Date.UTC(2030, 0, 1);
  #sleepers: Sleeper[] = [];
  #watchers: (() => void)[] = [];

  /** Returns the time now in Unix milliseconds. */
  readonly now = (): number => this.#nowMs;

  /** Waits until the clock was moved so far; rejects with the reason of the signal. */
  readonly delay = (durationMs: number, signal: AbortSignal): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sleeper = { atMs: this.#nowMs + durationMs, wake: resolve };
    this.#sleepers.push(sleeper);
    const stop = () => {
      this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
      reject(signal.reason);
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    for (const watch of this.#watchers.splice(0)) watch();
    return promise;
  };

  /** Waits until the first to be woken waits for exactly so long. */
  async untilDelayIs(durationMs: number): Promise<void> {
    while (Math.min(...this.#sleepers.map(({ atMs }) => atMs)) - this.#nowMs !== durationMs) {
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  /** Moves the clock on and wakes whoever waited for that. */
  advance(durationMs: number): void {
    this.#nowMs += durationMs;
    const due = this.#sleepers.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#sleepers = this.#sleepers.filter(({ atMs }) => atMs > this.#nowMs);
    for (const { wake } of due) wake();
  }
}
