/**
 * Noticing at once that something changed in a folder of this machine.
 *
 * @module
 */
import { basename, dirname, join, sep as SEPARATOR } from "node:path";
import { delay as waitFor, type Logger } from "../../protocol/mod.ts";
import { WATCH_CHECK_MS, WATCH_PATIENCE_MS, WATCH_POLL_MS, WATCH_QUIET_MS } from "../limits.ts";
import type { Delay } from "../sleep.ts";
import { QuietCall } from "./quiet_call.ts";

/** What is watched. */
export interface WatchedPath {
  /** A folder, with all that is below it; or a file, also while it is not there. */
  readonly path: string;
  /** Whether it is a file. */
  readonly isFile: boolean;
}

/** Opens a watcher of the system; as `Deno.watchFs`. */
export type OpenWatcher = (
  paths: string[],
  options: { readonly recursive: boolean },
) => AsyncIterable<Pick<Deno.FsEvent, "kind" | "paths">> & { close(): void };

/** The options of {@linkcode watchPaths}. */
export interface WatchOptions {
  /** Is called, and waited for, soon after a change; must not reject. */
  readonly onChange: () => Promise<void>;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  /** Is told once that nothing can be watched. */
  readonly logger: Logger;
  /** Opens a watcher of the system. @default {Deno.watchFs} */
  readonly openWatcher?: OpenWatcher;
  /** Waits; rejects with the reason of the signal. The real clock by default. */
  readonly delay?: Delay;
  /** The time now in milliseconds. @default {Date.now} */
  readonly now?: () => number;
}

/** The kinds of events that may mean a change; to read a file is none. */
const CHANGES: ReadonlySet<string> = new Set([
  "any",
  "create",
  "modify",
  "rename",
  "remove",
  "other",
]);

/**
 * Watches paths until the signal is aborted: calls soon after a change, once for many of them.
 *
 * Where the system cannot watch them, it calls every ten seconds. One whose folder is exchanged, by a
 * mount for example, is watched anew.
 */
export async function watchPaths(
  paths: readonly WatchedPath[],
  options: WatchOptions,
): Promise<void> {
  await new PathWatch(paths, options).run();
}

/** A path, and where it is watched. */
interface Place extends WatchedPath {
  /** The folder that is watched, no link on the way to it: a watcher says real paths. */
  readonly folder: string;
  /** Which folder that is, to tell it from one that takes its place. */
  readonly mark: string;
}

class PathWatch {
  readonly #paths: readonly WatchedPath[];
  readonly #options: WatchOptions;
  readonly #delay: Delay;
  readonly #call: QuietCall;
  #hasWarned = false;

  constructor(paths: readonly WatchedPath[], options: WatchOptions) {
    this.#paths = paths;
    this.#options = options;
    this.#delay = options.delay ?? waitFor;
    this.#call = new QuietCall(options.onChange, {
      quietMs: WATCH_QUIET_MS,
      patienceMs: WATCH_PATIENCE_MS,
      signal: options.signal,
      delay: this.#delay,
      now: options.now ?? Date.now,
    });
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      const places = await Promise.all(this.#paths.map(findPlace));
      const watchers: Watchers = { watchers: [], over: new AbortController() };
      const stop = () => close(watchers);
      signal.addEventListener("abort", stop, { once: true });
      try {
        this.#open(watchers, places);
      } catch (error) {
        close(watchers);
        this.#warn(error);
      }
      // Whatever happened while nobody watched.
      if (!signal.aborted) this.#call.note();
      if (watchers.over.signal.aborted) await this.#pause(WATCH_POLL_MS);
      else await this.#follow(watchers, places);
      signal.removeEventListener("abort", stop);
    }
    await this.#call.idle();
  }

  #open({ watchers }: Watchers, places: readonly Place[]): void {
    const { openWatcher = Deno.watchFs } = this.#options;
    for (const recursive of [true, false]) {
      const folders = places.filter(({ isFile }) => isFile !== recursive);
      if (folders.length === 0) continue;
      const paths = [...new Set(folders.map(({ folder }) => folder))];
      watchers.push(openWatcher(paths, { recursive }));
    }
  }

  /** Follows what watchers say until a folder is another one, or one of them gives up. */
  async #follow(opened: Watchers, places: readonly Place[]): Promise<void> {
    const stop = () => close(opened);
    const following = opened.watchers.map((watcher) => this.#listen(watcher, places).finally(stop));
    const guarding = this.#guard(places, opened.over.signal).finally(stop);
    const ends = await Promise.allSettled([guarding, ...following]);
    // A name that cannot be told of ends a watcher, and will do so again.
    if (ends.some(({ status }) => status === "rejected")) await this.#pause(WATCH_CHECK_MS);
  }

  async #listen(
    watcher: ReturnType<OpenWatcher>,
    places: readonly Place[],
  ): Promise<void> {
    for await (const { kind, paths } of watcher) {
      if (CHANGES.has(kind) && places.some((place) => isAbout(place, paths))) this.#call.note();
    }
  }

  async #guard(places: readonly Place[], over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      await this.#delay(WATCH_CHECK_MS, over).catch(() => {});
      const now = await Promise.all(this.#paths.map(findPlace));
      if (
        now.some(({ folder, mark }, i) => folder !== places[i]?.folder || mark !== places[i]?.mark)
      ) {
        return;
      }
    }
  }

  async #pause(durationMs: number): Promise<void> {
    await this.#delay(durationMs, this.#options.signal).catch(() => {});
  }

  #warn(error: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#options.logger.warn(
      "The system does not tell of changes, so they are looked for every ten seconds.",
      { paths: this.#paths.map(({ path }) => path), reason: String(error) },
    );
  }
}

/** Watchers of the system that are open, until they are over. */
interface Watchers {
  readonly watchers: ReturnType<OpenWatcher>[];
  readonly over: AbortController;
}

function close({ watchers, over }: Watchers): void {
  over.abort();
  for (const watcher of watchers.splice(0)) watcher.close();
}

async function findPlace({ path, isFile }: WatchedPath): Promise<Place> {
  const named = isFile ? dirname(path) : path;
  const folder = await Deno.realPath(named).catch(() => named);
  const mark = await Deno.stat(folder).then(({ dev, ino }) => `${dev}:${ino}`, () => "");
  return { path, isFile, folder, mark };
}

function isAbout({ path, isFile, folder }: Place, changed: readonly string[]): boolean {
  const isBelow = (other: string) => other === folder || other.startsWith(folder + SEPARATOR);
  if (!isFile) return changed.some(isBelow);
  return changed.some((other) => other === join(folder, basename(path)));
}
