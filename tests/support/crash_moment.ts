/** The moment in a piece of work at which a process is killed. */
import { pick, type Random } from "./vault_tree.ts";

/** When it is: after so many bytes on the way to the agent, events on a disk, or milliseconds. */
export interface Moment {
  /** What is counted. */
  readonly kind: "bytes" | "events" | "ms";
  /** How much of it has to pass. */
  readonly count: number;
  /** What is in the paths of events that count. @default anything */
  readonly of?: string;
}

/** How much work takes. */
export interface WorkSize {
  /** How many bytes go to the agent. */
  readonly bytes: number;
  /** How many things happen on the disk. */
  readonly events: number;
  /** How many milliseconds pass from the first byte on. */
  readonly ms: number;
}

/** How far a moment may lie, as a share of what the work took before: behind it, or within it. */
const BEYOND = 1.05;
const WITHIN = 0.6;

/** Draws a moment of some work; the disk is where most can go wrong. */
export function drawMoment(
  random: Random,
  size: WorkSize,
  { isLate }: { readonly isLate: boolean },
): Moment {
  const kind = pick(random, ["bytes", "bytes", "events", "events", "events", "ms"] as const);
  const reach = isLate ? WITHIN : BEYOND;
  return { kind, count: random(Math.max(1, Math.round(size[kind] * reach))) };
}

/** Follows some work, and tells when its moment has come. */
export class FollowedWork implements AsyncDisposable {
  readonly #moment: Moment | null;
  readonly #onMoment: () => void;
  readonly #watcher: Deno.FsWatcher;
  readonly #watching: Promise<void>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #beginMs: number | null = null;
  #endMs: number | null = null;
  #bytes = 0;
  #events = 0;
  #hasCome = false;

  /** Begins to watch a folder; `null` for work that is not disturbed. */
  constructor(folder: string, moment: Moment | null, onMoment: () => void = () => {}) {
    this.#moment = moment;
    this.#onMoment = onMoment;
    this.#watcher = Deno.watchFs(folder);
    this.#watching = this.#watch();
    // What keeps it from watching is told when it is disposed of.
    this.#watching.catch(() => {});
  }

  /** Whether the moment has come. */
  get hasCome(): boolean {
    return this.#hasCome;
  }

  /** How much there was. */
  get size(): WorkSize {
    const endMs = this.#endMs ?? performance.now();
    return {
      bytes: this.#bytes,
      events: this.#events,
      ms: this.#beginMs === null ? 0 : endMs - this.#beginMs,
    };
  }

  /** Has the clock begin; bytes on the way to the agent do so, too. */
  begin(): void {
    if (this.#beginMs !== null) return;
    this.#beginMs = performance.now();
    if (this.#moment?.kind === "ms") {
      this.#timer = setTimeout(() => this.#come(), this.#moment.count);
    }
  }

  /** Notes bytes on the way to the agent. */
  noteBytes(length: number): void {
    this.begin();
    this.#bytes += length;
    this.#look("bytes", this.#bytes);
  }

  /** The work is at its end: the moment comes no more. */
  end(): void {
    this.#endMs ??= performance.now();
    clearTimeout(this.#timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
    this.#watcher.close();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    const of = this.#moment?.of;
    let counted = 0;
    for await (const { paths } of this.#watcher) {
      this.#events++;
      if (of === undefined || paths.some((path) => path.includes(of))) counted++;
      this.#look("events", counted);
    }
  }

  #look(kind: Moment["kind"], count: number): void {
    if (this.#moment?.kind === kind && count > this.#moment.count) this.#come();
  }

  #come(): void {
    if (this.#hasCome || this.#endMs !== null) return;
    this.#hasCome = true;
    this.#onMoment();
  }
}
