/**
 * Sends the frames of one direction: several are sealed at a time, all leave in order.
 *
 * @module
 */
import type { Bytes } from "./bytes.ts";
import { ProtocolError } from "./errors.ts";
import { FRAMES_IN_FLIGHT } from "./limits.ts";
import type { Link } from "./link.ts";
import type { FrameSealer } from "./sealing.ts";
import { Semaphore } from "./semaphore.ts";

/** How many frames may wait that nobody waits for: grants, resets, pongs. */
const MAX_WAITING_FRAMES = 4_096;

/** Seals frames and writes them to a link. */
export class FrameWriter {
  readonly #link: Link;
  readonly #sealer: FrameSealer;
  readonly #places = new Semaphore(FRAMES_IN_FLIGHT);
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;
  /** When the last frame was handed over, in milliseconds of `performance.now()`. */
  lastWriteMs: number = performance.now();

  /** Writes to the link what the sealer seals. */
  constructor(link: Link, sealer: FrameSealer) {
    this.#link = link;
    this.#sealer = sealer;
  }

  /**
   * Waits for a place among the frames in flight, then starts sending; does not wait for its end.
   *
   * @param options `isWanted` is asked when the place is there: whether the frame still has a purpose.
   */
  async write(
    plaintext: Bytes,
    options: { readonly isWanted?: () => boolean } = {},
  ): Promise<void> {
    // A link that fails rejects every write, so that all places come back.
    await this.#places.acquire();
    if (options.isWanted?.() ?? true) this.#append(plaintext, () => this.#places.release());
    else this.#places.release();
  }

  /** Starts sending at once: for small frames that must not wait, since the reader sends them. */
  writeNow(plaintext: Bytes): void {
    if (this.#waiting >= MAX_WAITING_FRAMES) {
      this.#link.fail(new ProtocolError("too-many-messages", "the peer asks and does not listen"));
      return;
    }
    this.#append(plaintext, () => {});
  }

  /** Waits until everything that was handed over has left; throws if it cannot any more. */
  async flush(): Promise<void> {
    await this.settle();
    this.#link.throwIfFailed();
  }

  /** Waits until nothing is being sealed or written any more; a link that failed ends all writes. */
  async settle(): Promise<void> {
    // Places are given in turn: whoever waited before this has handed its frame over.
    await this.#places.run(() => Promise.resolve());
    await this.#tail;
  }

  #append(plaintext: Bytes, done: () => void): void {
    this.#waiting++;
    this.lastWriteMs = performance.now();
    const sealed = this.#sealer.seal(plaintext);
    sealed.catch(() => {});
    this.#tail = this.#tail
      .then(async () => this.#link.write(await sealed))
      .catch((error) => this.#link.fail(error))
      .finally(() => {
        this.#waiting--;
        done();
      });
  }
}
