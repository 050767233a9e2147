/**
 * Looking at very many files, and into small ones, without holding up whatever else the program does.
 *
 * @module
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { FluxVaultError } from "../../protocol/mod.ts";
import { storageError } from "../../protocol/host/mod.ts";
import {
  MAX_LIST_AT_ONCE_BYTES,
  SLOW_LOOK_MS,
  SLOW_LOOKS,
  SLOW_LOOKS_SHARE,
  VAULT_LOOKS_IN_FLIGHT,
  VAULT_SLICE_MS,
} from "../limits.ts";

/** What a look at one path found, or why it found nothing. */
export type Look = Deno.FileInfo | FluxVaultError;

/**
 * Looks at files, links not followed.
 *
 * On a local disk the system answers at once, and asking through the thread pool costs four times as
 * much; so it is asked directly, for a few milliseconds at a time. Where single answers take long, as
 * over a network, the thread pool waits for them instead.
 */
export class FileLooks {
  #looks = 0;
  #slowLooks = 0;
  #restAtMs = performance.now() + VAULT_SLICE_MS;

  /** Looks at paths, and returns what each look found, in their order. */
  async lookAll(paths: readonly string[]): Promise<Look[]> {
    const looks: Look[] = [];
    while (looks.length < paths.length) {
      if (!this.isQuick) {
        const some = paths.slice(looks.length, looks.length + VAULT_LOOKS_IN_FLIGHT);
        looks.push(...await Promise.all(some.map(lookFromAfar)));
        continue;
      }
      looks.push(this.#lookNow(paths[looks.length] ?? ""));
      if (this.isTired) await this.rest();
    }
    return looks;
  }

  /**
   * Lists a folder; a small one at once, as long as the system answers at once.
   *
   * @param size Its own size in bytes.
   * @throws What the system said, as it said it.
   */
  async list(path: string, size: number): Promise<string[]> {
    if (size > MAX_LIST_AT_ONCE_BYTES || !this.isQuick) {
      return (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name);
    }
    if (this.isTired) await this.rest();
    return this.workNow(() => Array.from(Deno.readDirSync(path), ({ name }) => name));
  }

  /** Whether the system has answered at once so far. */
  get isQuick(): boolean {
    return this.#slowLooks < Math.max(SLOW_LOOKS, this.#looks * SLOW_LOOKS_SHARE);
  }

  /** Whether others have waited for long enough. */
  get isTired(): boolean {
    return performance.now() >= this.#restAtMs;
  }

  /** Lets others work. */
  async rest(): Promise<void> {
    await nextTurn();
    this.#restAtMs = performance.now() + VAULT_SLICE_MS;
  }

  /** Does a short work at once, and takes note of how long the system needs for it. */
  workNow<T>(work: () => T): T {
    const beganMs = performance.now();
    try {
      return work();
    } finally {
      this.#looks++;
      if (performance.now() - beganMs >= SLOW_LOOK_MS) this.#slowLooks++;
    }
  }

  #lookNow(path: string): Look {
    try {
      return this.workNow(() => Deno.lstatSync(path));
    } catch (error) {
      return lookError(error, path);
    }
  }
}

async function lookFromAfar(path: string): Promise<Look> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    return lookError(error, path);
  }
}

function lookError(error: unknown, path: string): FluxVaultError {
  return storageError(error, `read ${JSON.stringify(path)}`);
}
