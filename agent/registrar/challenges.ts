/**
 * The challenges of a registrar: each is good for one registration, from one address, for a few seconds.
 *
 * A challenge carries its own proof of where it comes from, so that giving one out costs no memory: a
 * crowd that asks for many takes nothing from those who answer theirs.
 *
 * @module
 */
import { type Bytes, encodeHex, encodeUtf8, equalBytes, randomBytes } from "../../protocol/mod.ts";
import { CHALLENGE_LIFETIME_MS, MAX_REMEMBERED_CHALLENGES } from "../limits.ts";
import { NONCE_BYTES } from "./claim.ts";

/** What became of a challenge that comes back. */
export type ChallengeVerdict =
  /** It is answered now, for the first time. */
  | "taken"
  /** It was answered before. */
  | "replayed"
  /** Too many were answered of late. */
  | "busy";

/** The options of {@linkcode Challenges}. */
export interface ChallengesOptions {
  /** The time in milliseconds of any steady clock. @default {performance.now} */
  readonly now?: () => number;
  /** How many answered ones are remembered. @default {1_024} */
  readonly maxRemembered?: number;
}

const RANDOM_BYTES = 12;
const TIME_BYTES = 4;
const SECRET_BYTES = 32;

/** Gives out challenges, and knows them again. */
export class Challenges {
  readonly #secret: Bytes = randomBytes(SECRET_BYTES);
  readonly #now: () => number;
  readonly #maxRemembered: number;
  readonly #startedMs: number;
  /** Until when each has to be remembered that was answered, in that order. */
  readonly #answered = new Map<string, number>();

  /** Knows none yet. */
  constructor(options: ChallengesOptions = {}) {
    this.#now = options.now ?? (() => performance.now());
    this.#maxRemembered = options.maxRemembered ?? MAX_REMEMBERED_CHALLENGES;
    this.#startedMs = this.#now();
  }

  /** Makes a challenge for an address; 32 bytes. */
  async issue(address: string): Promise<Bytes> {
    const head = new Uint8Array(RANDOM_BYTES + TIME_BYTES);
    head.set(randomBytes(RANDOM_BYTES));
    new DataView(head.buffer).setUint32(RANDOM_BYTES, this.#seconds());
    const nonce = new Uint8Array(NONCE_BYTES);
    nonce.set(head);
    nonce.set(await this.#seal(head, address), head.length);
    return nonce;
  }

  /** Tells whether a challenge was given to this address, and not too long ago. */
  async isCurrent(nonce: Bytes, address: string): Promise<boolean> {
    if (nonce.length !== NONCE_BYTES) return false;
    const head = nonce.slice(0, RANDOM_BYTES + TIME_BYTES);
    if (!equalBytes(nonce.subarray(head.length), await this.#seal(head, address))) return false;
    const age = this.#seconds() - new DataView(head.buffer).getUint32(RANDOM_BYTES);
    return age <= CHALLENGE_LIFETIME_MS / 1_000;
  }

  /** Takes a current challenge as answered: once. */
  take(nonce: Bytes): ChallengeVerdict {
    const now = this.#now();
    for (const [old, untilMs] of this.#answered) {
      if (untilMs > now) break;
      this.#answered.delete(old);
    }
    const key = encodeHex(nonce);
    if (this.#answered.has(key)) return "replayed";
    if (this.#answered.size >= this.#maxRemembered) return "busy";
    // Seconds are cut off where a challenge is made, so it may live one longer.
    this.#answered.set(key, now + CHALLENGE_LIFETIME_MS + 1_000);
    return "taken";
  }

  #seconds(): number {
    return Math.floor((this.#now() - this.#startedMs) / 1_000);
  }

  async #seal(head: Bytes, address: string): Promise<Bytes> {
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", this.#secret, algorithm, false, ["sign"]);
    const text = Uint8Array.from([...head, ...encodeUtf8(address)]);
    const seal = new Uint8Array(await crypto.subtle.sign("HMAC", key, text));
    return seal.slice(0, NONCE_BYTES - head.length);
  }
}
