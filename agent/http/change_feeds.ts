/**
 * What has changed of the files, for each component what it may know of: of a file that it may not read
 * it learns nothing, not even by the numbers of what it is told.
 *
 * @module
 */
import type { FileEntry } from "../../protocol/mod.ts";
import { MAX_CHANGE_FEEDS } from "../limits.ts";
import { ChangeFeed, type FileChange, ListenerPlaces } from "./change_feed.ts";
import { mayRead } from "./readers.ts";

/** A change of one file, and who may know of it. */
export interface RestrictedChange extends FileChange {
  /** What was at its path before; empty where it was there for nobody. */
  readonly before: readonly FileEntry[];
  /** What is at its path now; empty where it is there no more. */
  readonly now: readonly FileEntry[];
  /** Whether another content is there than before. */
  readonly isOther: boolean;
}

/** The options of {@linkcode ChangeFeeds}. */
export interface ChangeFeedsOptions {
  /** The paths of files of which nobody is told. @default {[]} */
  readonly hiddenPaths?: readonly string[];
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
}

/** Keeps a feed for each component that has asked. */
export class ChangeFeeds {
  readonly #hiddenPaths: readonly string[];
  readonly #now: () => number;
  readonly #places = new ListenerPlaces();
  /** In the order in which they were asked for last. */
  readonly #feeds = new Map<string | null, ChangeFeed>();
  #isEnded = false;

  /** Has no feed yet. */
  constructor({ hiddenPaths = [], now = Date.now }: ChangeFeedsOptions = {}) {
    this.#hiddenPaths = hiddenPaths;
    this.#now = now;
  }

  /**
   * Returns what a component may know of; `null` is whoever is no component that is known. The one
   * that was asked for longest ago is ended where there are too many: whoever listened begins anew.
   */
  of(component: string | null): ChangeFeed {
    const key = component?.toLowerCase() ?? null;
    const known = this.#feeds.get(key);
    const feed = known ?? new ChangeFeed(this.#now(), this.#places);
    if (known === undefined && this.#isEnded) feed.end();
    this.#feeds.delete(key);
    this.#feeds.set(key, feed);
    const [oldest] = this.#feeds;
    if (this.#feeds.size > MAX_CHANGE_FEEDS && oldest !== undefined) {
      this.#feeds.delete(oldest[0]);
      oldest[1].end();
    }
    return feed;
  }

  /** Takes changes. */
  note(changes: readonly RestrictedChange[]): void {
    for (const [component, feed] of this.#feeds) {
      feed.note(changes.flatMap((change) => {
        return this.#hiddenPaths.includes(change.path) ? [] : asSeenBy(component, change);
      }));
    }
  }

  /** Ends what waits. */
  end(): void {
    this.#isEnded = true;
    for (const feed of this.#feeds.values()) feed.end();
  }
}

/** Returns what a component sees of a change: a file that it may read no more is gone. */
function asSeenBy(
  component: string | null,
  { path, digest, size, before, now, isOther }: RestrictedChange,
): FileChange[] {
  const [saw, sees] = [mayRead(before, component), mayRead(now, component)];
  if (sees) return isOther || !saw ? [{ path, digest, size }] : [];
  return saw ? [{ path, digest: null, size: null }] : [];
}
