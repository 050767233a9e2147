/** What the kills of a crash test have hit. */
import { assert } from "./assert.ts";
import type { Deed, Victim } from "./crash_lane.ts";

/** What a kill has hit. */
export type Hit = "before" | "within" | "after";

/** Counts kills, and what was found after them. */
export class CrashCounts {
  /** How many rounds are over. */
  rounds = 0;
  readonly #kills = new Map<string, Record<Hit, number>>();
  readonly #found = new Map<string, number>();

  /** Counts a kill. */
  kill(whose: { readonly victim: Victim; readonly deed: Deed | "expire" }, hit: Hit): void {
    const key = `${whose.deed}, ${whose.victim} killed`;
    const counts = this.#kills.get(key) ?? { before: 0, within: 0, after: 0 };
    this.#kills.set(key, { ...counts, [hit]: counts[hit] + 1 });
  }

  /** Counts something that was found after a kill. */
  find(what: string): void {
    this.#found.set(what, this.found(what) + 1);
  }

  /** Returns how often something was found. */
  found(what: string): number {
    return this.#found.get(what) ?? 0;
  }

  /** Returns how many kills were before the work had begun, within it, or after it. */
  hits(hit: Hit): number {
    return [...this.#kills.values()].reduce((sum, counts) => sum + counts[hit], 0);
  }

  /** Fails unless most kills were within, and each kind of left-over was met. */
  check(kinds: readonly string[]): void {
    const [before, within, after] = [this.hits("before"), this.hits("within"), this.hits("after")];
    assert(within >= before + after, `too few kills are within the work:\n${this}`);
    for (const kind of kinds) assert(this.found(kind) > 0, `never found ${kind}:\n${this}`);
  }

  /** Says all of it, a line each. */
  toString(): string {
    const kills = [...this.#kills].sort(([a], [b]) => a < b ? -1 : 1).map(([key, counts]) => {
      return `${key}: ${counts.before} before, ${counts.within} within, ${counts.after} after`;
    });
    const found = [...this.#found].sort(([a], [b]) => a < b ? -1 : 1)
      .map(([what, count]) => `${count} times ${what}`);
    const total = `${this.hits("before")} before, ${this.hits("within")} within, ` +
      `${this.hits("after")} after`;
    return [`${this.rounds} rounds; kills: ${total}`, ...kills, ...found].join("\n  ");
  }
}
