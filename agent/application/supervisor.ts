/**
 * The application of an agent that is its entrypoint: started once, told of changes, and the agent's end
 * when it ends.
 *
 * @module
 */
import {
  createDeferred,
  type Deferred,
  delay as waitFor,
  type Logger,
  SILENT_LOGGER,
} from "../../protocol/mod.ts";

/** How a process ended. */
export interface ChildEnd {
  /** Its exit status, or `null` where a signal ended it. */
  readonly status: number | null;
  /** The signal that ended it, or `null`. */
  readonly signal: string | null;
}

/** A process that was started. */
export interface Child {
  /** How it ended; never rejects. */
  readonly ended: Promise<ChildEnd>;
  /** Sends it a signal; none once it has ended. */
  signal(name: string): void;
  /** Ends at once whatever it left behind in its group. */
  endGroup(): void;
}

/** An application that has all it needs. */
export interface PreparedChild {
  /** Starts it; call it once. */
  start(): Promise<Child>;
  /** Gives up what was prepared. */
  discard(): void;
}

/** The options of a {@linkcode Supervisor}. */
export interface SupervisorOptions {
  /** Makes ready what the application is given, as it is now. */
  readonly prepare: () => Promise<PreparedChild>;
  /** What a change means: nothing, another start, or the signal of this name. */
  readonly onChange: string;
  /** How long the application may take to end before it is killed, in milliseconds. */
  readonly stopTimeoutMs: number;
  /** Is told what happens. @default {SILENT_LOGGER} */
  readonly logger?: Logger;
  /** Waits; rejects with the reason of the signal. The real clock by default. */
  readonly delay?: (durationMs: number, signal: AbortSignal) => Promise<void>;
}

/** Has no policy of its own: an application that ends ends for good. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #logger: Logger;
  readonly #ended: Deferred<ChildEnd> = createDeferred<ChildEnd>();
  #child: Child | null = null;
  /** The process whose end is wanted, since another takes its place. */
  #replaced: Child | null = null;
  #isEnding = false;
  #isOver = false;
  #isRestarting = false;
  #isStale = false;

  /** Starts nothing yet. */
  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#logger = options.logger ?? SILENT_LOGGER;
    this.#ended.promise.catch(() => {});
  }

  /** How the application ended for good. Rejects where it could not be started again. */
  get ended(): Promise<ChildEnd> {
    return this.#ended.promise;
  }

  /** Whether it has been started. */
  get isStarted(): boolean {
    return this.#child !== null;
  }

  /**
   * Starts the application.
   *
   * @throws what keeps it from being made ready, or started; then it can be tried again.
   */
  async start(): Promise<void> {
    const prepared = await this.#options.prepare();
    this.#watch(await prepared.start());
  }

  /** Sends the application a signal, where it runs. After one that asks it to end it stays ended. */
  signal(name: string): void {
    const isEnd = name === "SIGTERM" ||
      (this.#isRestarting && (name === "SIGINT" || name === "SIGQUIT"));
    if (isEnd && this.isStarted) this.#isEnding = true;
    this.#child?.signal(name);
  }

  /** Tells the application of a change, in the way that was asked for. */
  async change(): Promise<void> {
    const { onChange } = this.#options;
    if (this.#child === null || this.#isOver || this.#isEnding || onChange === "none") return;
    if (onChange !== "restart") {
      this.#logger.info("the application is told of a change", { signal: onChange });
      this.#child.signal(onChange);
      return;
    }
    // What changes during a restart may be too late for it.
    this.#isStale = true;
    if (this.#isRestarting) return;
    this.#isRestarting = true;
    while (this.#isStale && !this.#isOver) {
      this.#isStale = false;
      await this.#restart(this.#child);
    }
    this.#isRestarting = false;
  }

  /** Ends the application, and resolves when it has ended; at once where it never ran. */
  async stop(): Promise<void> {
    this.#isEnding = true;
    if (this.#child !== null && !this.#isOver) await this.#end(this.#child);
  }

  async #restart(child: Child): Promise<void> {
    let prepared: PreparedChild;
    try {
      prepared = await this.#options.prepare();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#logger.error("the application goes on as it is: it could not start again", { reason });
      return;
    }
    if (this.#isOver || this.#isEnding) return prepared.discard();
    this.#logger.info("the application is started again after a change");
    this.#replaced = child;
    const end = await this.#end(child);
    child.endGroup();
    if (this.#isEnding) {
      prepared.discard();
      return this.#finish(end);
    }
    try {
      this.#watch(await prepared.start());
    } catch (error) {
      this.#isOver = true;
      this.#ended.reject(error);
    }
  }

  #watch(child: Child): void {
    this.#child = child;
    void child.ended.then((end) => {
      if (this.#replaced !== child) this.#finish(end);
    });
  }

  #finish(end: ChildEnd): void {
    this.#isOver = true;
    this.#ended.resolve(end);
  }

  /** Asks a process to end, and ends it where it does not. */
  async #end(child: Child): Promise<ChildEnd> {
    const { stopTimeoutMs, delay = waitFor } = this.#options;
    const ended = new AbortController();
    const late = delay(stopTimeoutMs, ended.signal).then(() => true, () => false);
    child.signal("SIGTERM");
    const isLate = await Promise.race([child.ended.then(() => false), late]);
    ended.abort();
    if (isLate) {
      this.#logger.warn("the application did not end and is killed", { afterMs: stopTimeoutMs });
      child.signal("SIGKILL");
    }
    return await child.ended;
  }
}
