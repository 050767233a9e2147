/**
 * The end of sessions in which nothing comes any more.
 *
 * @module
 */
import { ConnectionError, type SessionCalls } from "../../protocol/mod.ts";
import { MANIFEST_TIMEOUT_MS, STALL_TIMEOUT_MS } from "../limits.ts";
import type { DeliveryRecord } from "./delivery_record.ts";

/** The options of a {@linkcode StallWatch}. */
export interface StallWatchOptions {
  /** Ends the session. */
  readonly control: AbortController;
  /** When the manifest is due after the session began, in milliseconds. @default {30_000} */
  readonly manifestTimeoutMs?: number;
  /** How long a delivery may make no progress, in milliseconds. @default {120_000} */
  readonly stallTimeoutMs?: number;
}

/** Ends a session whose keeper sends no manifest, or with which no file gets any further. */
export class StallWatch {
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #record: DeliveryRecord;
  readonly #stallTimeoutMs: number;
  #limitMs: number;
  #isHeld = false;
  #awaited = "manifest";

  /** Begins to watch. */
  constructor(record: DeliveryRecord, options: StallWatchOptions) {
    const { manifestTimeoutMs = MANIFEST_TIMEOUT_MS, stallTimeoutMs = STALL_TIMEOUT_MS } = options;
    this.#record = record;
    this.#stallTimeoutMs = stallTimeoutMs;
    this.#limitMs = manifestTimeoutMs;
    this.#timer = setInterval(() => {
      if (this.#isHeld || record.idleMs < this.#limitMs) return;
      const text = `no ${this.#awaited} came for ${this.#limitMs / 1_000} s`;
      options.control.abort(new ConnectionError("timed-out", text));
    }, Math.min(manifestTimeoutMs, stallTimeoutMs) / 4);
  }

  /** While a call is open, the session does something else than a delivery; the time begins anew then. */
  watchCalls(calls: SessionCalls | undefined): { readonly calls?: SessionCalls } {
    if (calls === undefined) return {};
    const onOpen = (open: number) => {
      this.#isHeld = open > 0;
      this.#record.touch();
      calls.onOpen?.(open);
    };
    return { calls: { ...calls, onOpen } };
  }

  /** Does not watch until files are expected. */
  pause(): void {
    this.#limitMs = Infinity;
  }

  /** Watches for progress of files from now on. */
  expectFiles(): void {
    this.#record.touch();
    this.#limitMs = this.#stallTimeoutMs;
    this.#awaited = "piece of any file";
  }

  /** Stops to watch. */
  end(): void {
    clearInterval(this.#timer);
  }
}
