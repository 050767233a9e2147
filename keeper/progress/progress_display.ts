/**
 * Shows how far deliveries have come: a line for each on a terminal, now and then a line of the log
 * elsewhere.
 *
 * @module
 */
import type { Logger, ManifestEntry } from "../../protocol/mod.ts";
import { sanitiseText, type TerminalArea } from "../../protocol/host/mod.ts";
import { formatSize, plural } from "../report/amounts.ts";
import { DeliveryMeter, sumProgress } from "./delivery_meter.ts";
import type { DeliveryWatch, WatchedAgent, WatchedDelivery } from "./delivery_watch.ts";
import { detailsOf, formatProgressLine } from "./progress_line.ts";

/** How often a terminal is drawn on. */
const REDRAW_EVERY_MS = 100;
/** What ends sooner is not shown: it would only flicker. */
const MIN_SHOWN_MS = 300;
/** How often a line is written where there is no terminal, and from how much on. */
const TELL_EVERY_MS = 10_000;
const MIN_TOLD_BYTES = 67_108_864;

/** What a {@linkcode ProgressDisplay} works with. */
export interface ProgressDisplayOptions {
  /** Where lines are drawn; `null` where lines are written to the log instead. */
  readonly area: TerminalArea | null;
  /** The log. */
  readonly logger: Logger;
  /** The time now in milliseconds of a steady clock. @default {performance.now} */
  readonly now?: () => number;
  /** Calls again and again until what it returns is called. The platform's timer by default. */
  readonly every?: (durationMs: number, call: () => void) => () => void;
}

/** Watches the deliveries of one app of several. */
export interface AppProgress extends DeliveryWatch {
  /** Shows on the terminal none of the deliveries that begin from now on. */
  leaveTerminal(): void;
}

const UNWATCHED: WatchedDelivery = { start() {}, send() {}, end() {} };

interface Shown {
  readonly name: string;
  readonly agent: WatchedAgent;
  readonly meter: DeliveryMeter;
  /** When the first contents left, or `null`. */
  sinceMs: number | null;
  toldMs: number | null;
}

/** Watches deliveries, and shows how far they have come. */
export class ProgressDisplay implements DeliveryWatch, AsyncDisposable {
  readonly #options: ProgressDisplayOptions;
  readonly #now: () => number;
  readonly #shown = new Set<Shown>();
  #stopTimer: (() => void) | null = null;
  #hasEnded = false;

  /** Shows nothing yet. */
  constructor(options: ProgressDisplayOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Begins to watch a delivery; it is shown once contents leave. */
  begin(agent: WatchedAgent, entries: readonly ManifestEntry[]): WatchedDelivery {
    const { address, component } = agent;
    const name = component === null ? address : `${address} ${component}`;
    const meter = new DeliveryMeter(entries, this.#now());
    const shown: Shown = { name, agent, meter, sinceMs: null, toldMs: null };
    return {
      start: (path, bytes) => {
        if (this.#hasEnded) return;
        shown.sinceMs ??= this.#now();
        meter.start(path, bytes);
        this.#shown.add(shown);
        this.#startTimer();
        if (this.#options.area === null && shown.toldMs === null) this.#tell(shown);
      },
      send: (bytes) => meter.send(bytes, this.#now()),
      end: () => this.#end(shown),
    };
  }

  /** Watches the deliveries of one app, which may leave the terminal to others. */
  watchApp(): AppProgress {
    let hasLeft = false;
    return {
      begin: (agent, entries) => hasLeft ? UNWATCHED : this.begin(agent, entries),
      leaveTerminal: () => {
        // What goes to the log goes on.
        hasLeft = this.#options.area !== null;
      },
    };
  }

  /** Closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Takes away what is shown, for good; nothing is shown any more. */
  async close(): Promise<void> {
    this.#hasEnded = true;
    this.#shown.clear();
    this.#stop();
    await this.#options.area?.hide();
  }

  #end(shown: Shown): void {
    const isLast = this.#shown.delete(shown) && this.#shown.size === 0;
    if (!isLast) return;
    this.#stop();
    this.#options.area?.show([]);
  }

  #startTimer(): void {
    if (this.#stopTimer !== null) return;
    const { area, every = repeat } = this.#options;
    this.#stopTimer = area === null
      ? every(TELL_EVERY_MS, () => this.#tellAll())
      : every(REDRAW_EVERY_MS, () => this.#draw(area));
  }

  #stop(): void {
    this.#stopTimer?.();
    this.#stopTimer = null;
  }

  #draw(area: TerminalArea): void {
    const nowMs = this.#now();
    const { width, height } = area;
    const all = [...this.#shown].filter(({ sinceMs }) => nowMs - (sinceMs ?? nowMs) >= MIN_SHOWN_MS)
      .map(({ name, meter }) => ({ name, progress: meter.read(nowMs) }));
    const isFolded = all.length > height;
    const single = isFolded ? all.slice(0, Math.max(0, height - 1)) : all;
    const folded = all.slice(single.length);
    const lines = isFolded
      ? [...single, {
        name: `and ${plural(folded.length, single.length === 0 ? "agent" : "more agent")}`,
        progress: sumProgress(folded.map(({ progress }) => progress)),
      }]
      : single;
    const nameWidth = Math.max(0, ...lines.map(({ name }) => [...sanitiseText(name)].length));
    area.show(lines.map(({ name, progress }) => {
      return formatProgressLine(name, progress, { width, nameWidth });
    }));
  }

  #tellAll(): void {
    for (const shown of this.#shown) this.#tell(shown);
  }

  /** Says once that a large delivery has begun, and then how far it has come. */
  #tell(shown: Shown): void {
    const { agent, meter } = shown;
    const nowMs = this.#now();
    const progress = meter.read(nowMs);
    if (progress.totalBytes <= MIN_TOLD_BYTES) return;
    // One that has just begun has nothing new to say yet.
    if (shown.toldMs !== null && nowMs - shown.toldMs < TELL_EVERY_MS / 2) return;
    const isFirst = shown.toldMs === null;
    shown.toldMs = nowMs;
    this.#options.logger.info(
      isFirst ? "A large delivery has begun." : "A large delivery goes on.",
      {
        address: agent.address,
        component: agent.component,
        ...(isFirst
          ? { size: formatSize(progress.totalBytes) }
          : { progress: detailsOf(progress).join(", ") }),
      },
    );
  }
}

function repeat(durationMs: number, call: () => void): () => void {
  const timer = setInterval(call, durationMs);
  return () => clearInterval(timer);
}
