/** A process that a test plays. */
import type { Child, ChildEnd, PreparedChild } from "../../agent/application/supervisor.ts";

/** It notes what is done to it, and ends when it is told to. */
export class PlayedChild implements Child {
  readonly ended: Promise<ChildEnd>;
  /** The signals that it got. */
  readonly signals: string[] = [];
  /** Whether what it left behind was ended. */
  isGroupEnded = false;
  readonly #end: (end: ChildEnd) => void;
  readonly #endsAt: readonly string[];
  #watchers: (() => void)[] = [];

  /** Ends by itself at these signals. */
  constructor(endsAt: readonly string[] = ["SIGTERM", "SIGKILL"]) {
    this.#endsAt = endsAt;
    const { promise, resolve } = Promise.withResolvers<ChildEnd>();
    this.ended = promise;
    this.#end = resolve;
  }

  signal(name: string): void {
    this.signals.push(name);
    for (const watch of this.#watchers.splice(0)) watch();
    if (this.#endsAt.includes(name)) this.#end({ status: null, signal: name });
  }

  endGroup(): void {
    this.isGroupEnded = true;
  }

  /** Waits until it has got a signal. */
  async untilSignalled(name: string): Promise<void> {
    while (!this.signals.includes(name)) {
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  /** Ends it with an exit status. */
  exit(status: number): void {
    this.#end({ status, signal: null });
  }
}

/** Prepares processes one after the other, as a test says. */
export class PlayedStarts {
  /** The processes that were started. */
  readonly children: PlayedChild[] = [];
  /** How many were prepared and given up. */
  discarded = 0;
  /** Keeps the next one from being made ready. */
  fault: Error | null = null;
  /** Keeps the next one from being started. */
  startFault: Error | null = null;
  /** What is waited for before the next is ready. */
  ready: Promise<void> = Promise.resolve();
  #watchers: (() => void)[] = [];
  readonly #endsAt: readonly string[] | undefined;

  /** Makes processes that end by themselves at these signals. */
  constructor(endsAt?: readonly string[]) {
    this.#endsAt = endsAt;
  }

  /** What a supervisor calls. */
  readonly prepare = async (): Promise<PreparedChild> => {
    await this.ready;
    if (this.fault !== null) throw this.fault;
    return {
      start: () => {
        if (this.startFault !== null) return Promise.reject(this.startFault);
        const child = new PlayedChild(this.#endsAt);
        this.children.push(child);
        for (const watch of this.#watchers.splice(0)) watch();
        return Promise.resolve(child);
      },
      discard: () => this.discarded++,
    };
  };

  /** Waits for a process by its number, from 0. */
  async child(index: number): Promise<PlayedChild> {
    for (;;) {
      const child = this.children[index];
      if (child !== undefined) return child;
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }
}
