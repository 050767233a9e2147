/**
 * How far one delivery has come, how fast it goes, and how long it takes yet.
 *
 * @module
 */
import { type FileEntry, limits, type ManifestEntry } from "../../protocol/mod.ts";

/** Over how long the rate is taken, and how often it is looked at. */
const RATE_WINDOW_MS = 10_000;
const SAMPLE_EVERY_MS = 250;
/** Before so long nobody can say how fast it goes. */
const MIN_RATE_MS = 500;

/** How far a delivery has come. */
export interface DeliveryProgress {
  /** How many bytes have left. */
  readonly sentBytes: number;
  /** How many will in all: what the agent asked for, and what it will likely ask for yet. */
  readonly totalBytes: number;
  /** Whether that is a guess. */
  readonly isGuess: boolean;
  /** How many bytes leave a second, of late; `null` where nobody can say yet. */
  readonly bytesPerS: number | null;
}

/**
 * Counts what leaves.
 *
 * An agent asks for small files, many at a time, and then for the others, both in the order of the
 * manifest. What it will ask for yet is guessed: of what it did not come to yet, the same part as of
 * what it came to.
 */
export class DeliveryMeter {
  readonly #ends = new Map<string, number>();
  readonly #declaredBytes: number;
  readonly #samples: { readonly atMs: number; readonly bytes: number }[];
  #askedBytes = 0;
  #askedSizes = 0;
  /** How many bytes are declared up to the last file that was asked for. */
  #passedBytes = 0;
  #sentBytes = 0;
  readonly #sizes = new Map<string, number>();

  /** Starts a delivery of these entries at a time in milliseconds of any steady clock. */
  constructor(entries: readonly ManifestEntry[], nowMs: number) {
    const files = entries.filter((entry) => entry.kind === "file");
    let end = 0;
    for (const { path, size } of files.sort(compareTurns)) {
      end += size;
      this.#ends.set(path, end);
      this.#sizes.set(path, size);
    }
    this.#declaredBytes = end;
    this.#samples = [{ atMs: nowMs, bytes: 0 }];
  }

  /** Notes that a file is about to leave, and how many bytes of it. */
  start(path: string, bytes: number): void {
    this.#askedBytes += bytes;
    this.#askedSizes += this.#sizes.get(path) ?? bytes;
    this.#passedBytes = Math.max(this.#passedBytes, this.#ends.get(path) ?? 0);
  }

  /** Notes that bytes have left. */
  send(bytes: number, nowMs: number): void {
    this.#sentBytes += bytes;
    const last = this.#samples.at(-1);
    if (last !== undefined && nowMs - last.atMs < SAMPLE_EVERY_MS) return;
    this.#samples.push({ atMs: nowMs, bytes: this.#sentBytes });
    while (this.#samples.length > 2 && nowMs - (this.#samples[1]?.atMs ?? 0) >= RATE_WINDOW_MS) {
      this.#samples.shift();
    }
  }

  /** Says how far it has come. */
  read(nowMs: number): DeliveryProgress {
    const leftBytes = Math.max(0, this.#declaredBytes - this.#passedBytes);
    const part = this.#passedBytes === 0 ? 0 : Math.min(1, this.#askedSizes / this.#passedBytes);
    // What is compressed, or taken up where it was broken off, is shorter than it is declared.
    const ratio = this.#askedSizes === 0 ? 1 : this.#askedBytes / this.#askedSizes;
    const guessedBytes = Math.round(leftBytes * part * ratio);
    return {
      sentBytes: this.#sentBytes,
      totalBytes: this.#askedBytes + guessedBytes,
      isGuess: guessedBytes > 0,
      bytesPerS: this.#rate(nowMs),
    };
  }

  #rate(nowMs: number): number | null {
    const first = this.#samples[0];
    const tookMs = nowMs - (first?.atMs ?? nowMs);
    if (first === undefined || tookMs < MIN_RATE_MS) return null;
    return (this.#sentBytes - first.bytes) / tookMs * 1_000;
  }
}

/** Orders files by when an agent asks for them. */
function compareTurns(a: FileEntry, b: FileEntry): number {
  return Number(isLarge(a)) - Number(isLarge(b)) || (a.path < b.path ? -1 : 1);
}

function isLarge({ size }: FileEntry): boolean {
  return size > limits.MAX_BATCHED_FILE_BYTES;
}

/** Returns how long the rest will take in milliseconds, `null` where nobody can say. */
export function leftMs({ sentBytes, totalBytes, bytesPerS }: DeliveryProgress): number | null {
  const leftBytes = totalBytes - sentBytes;
  if (leftBytes <= 0) return 0;
  return bytesPerS === null || bytesPerS <= 0 ? null : leftBytes / bytesPerS * 1_000;
}

/** Adds up how far several deliveries have come. */
export function sumProgress(all: readonly DeliveryProgress[]): DeliveryProgress {
  const rates = all.flatMap(({ bytesPerS }) => bytesPerS ?? []);
  return {
    sentBytes: all.reduce((sum, { sentBytes }) => sum + sentBytes, 0),
    totalBytes: all.reduce((sum, { totalBytes }) => sum + totalBytes, 0),
    isGuess: all.some(({ isGuess }) => isGuess),
    bytesPerS: rates.length === 0 ? null : rates.reduce((sum, rate) => sum + rate, 0),
  };
}
