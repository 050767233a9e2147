/**
 * Sends the frames of one direction: several are sealed at a time, all leave in order.
 *
 * @module
 */
import { type Bytes, joinBytes } from "./bytes.ts";
import { ProtocolError } from "./errors.ts";
import { FRAMES_IN_FLIGHT } from "./limits.ts";
import type { Link } from "./link.ts";
import type { FrameSealer } from "./sealing.ts";
import { Semaphore } from "./semaphore.ts";

/** How many frames may wait that nobody waits for: grants, resets, pongs. */
const MAX_WAITING_FRAMES = 4_096;
/** How many bytes of small frames are handed to the transport together, which is dear for each. */
const MAX_JOINED_BYTES = 32_768;

/** A frame that is on its way to the link. */
interface QueuedFrame {
  /** What is written, once it is sealed. */
  sealed: Bytes | null;
  /** Whether it was written, maybe together with one before it. */
  hasLeft: boolean;
}

/** Seals frames and writes them to a link. */
export class FrameWriter {
  readonly #link: Link;
  readonly #sealer: FrameSealer;
  readonly #places = new Semaphore(FRAMES_IN_FLIGHT);
  #tail: Promise<void> = Promise.resolve();
  /** What has not left yet, in order. */
  readonly #queue: QueuedFrame[] = [];
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
    const frame: QueuedFrame = { sealed: null, hasLeft: false };
    this.#queue.push(frame);
    const sealing = this.#sealer.seal(plaintext).then((sealed) => {
      frame.sealed = sealed;
    });
    sealing.catch(() => {});
    this.#tail = this.#tail
      .then(async () => {
        if (frame.hasLeft) return;
        await sealing;
        await this.#link.write(this.#takeSealed());
      })
      .catch((error) => this.#link.fail(error))
      .finally(() => {
        this.#waiting--;
        done();
      });
  }

  /** Takes the first frame, and what is sealed behind it as far as it is little. */
  #takeSealed(): Bytes {
    const taken: Bytes[] = [];
    let length = 0;
    for (const { sealed } of this.#queue) {
      if (sealed === null) break;
      length += sealed.length;
      if (taken.length > 0 && length > MAX_JOINED_BYTES) break;
      taken.push(sealed);
    }
    for (const frame of this.#queue.splice(0, taken.length)) frame.hasLeft = true;
    const [first] = taken;
    return taken.length === 1 && first !== undefined ? first : joinBytes(taken);
  }
}
