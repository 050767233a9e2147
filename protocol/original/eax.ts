/**
 * AES-EAX (Bellare, Rogaway, Wagner 2004), the cipher of the original's wire, on Web Crypto.
 *
 * OMAC_t(M) is CMAC over a block that ends in the byte t, and M. With N = OMAC_0(nonce) and
 * H = OMAC_1(header): the ciphertext is CTR from N, the tag is N xor H xor OMAC_2(ciphertext).
 *
 * @module
 */
import { type Bytes, concatBytes, copyBytes, equalBytes } from "../bytes.ts";
import { BLOCK_BYTES, Cmac, CmacKey, xorInto } from "./cmac.ts";

const NO_BYTES: Bytes = new Uint8Array(0);

/** What a message is sealed or opened with beside the key. */
export interface EaxParameters {
  /** Used once with a key; of any length. */
  readonly nonce: Bytes;
  /** What is authenticated and not sealed. @default {new Uint8Array(0)} */
  readonly header?: Bytes;
}

/** A message and what proves it. */
export interface EaxSealed {
  /** As long as the plaintext. */
  readonly ciphertext: Bytes;
  /** 16 bytes. */
  readonly tag: Bytes;
}

/** An AES key for EAX. */
export class EaxKey {
  readonly #ctr: CryptoKey;
  readonly #mac: CmacKey;

  private constructor(ctr: CryptoKey, mac: CmacKey) {
    this.#ctr = ctr;
    this.#mac = mac;
  }

  /** Takes an AES key of 16, 24 or 32 bytes. */
  static async import(raw: Bytes): Promise<EaxKey> {
    const [ctr, mac] = await Promise.all([
      crypto.subtle.importKey("raw", raw, "AES-CTR", false, ["encrypt"]),
      CmacKey.import(raw),
    ]);
    return new EaxKey(ctr, mac);
  }

  /** Seals a message that is there as a whole. */
  async seal(plaintext: Bytes, parameters: EaxParameters): Promise<EaxSealed> {
    const stream = await this.stream(parameters);
    return { ciphertext: await stream.seal(plaintext), tag: await stream.tag() };
  }

  /** Opens a message that is there as a whole; `null` where anything about it is not as sealed. */
  async open({ ciphertext, tag }: EaxSealed, parameters: EaxParameters): Promise<Bytes | null> {
    const stream = await this.stream(parameters);
    const plaintext = await stream.open(ciphertext);
    return equalBytes(await stream.tag(), tag) ? plaintext : null;
  }

  /** Begins a message that comes in pieces. */
  async stream({ nonce, header = NO_BYTES }: EaxParameters): Promise<EaxStream> {
    const [start, ofHeader, mac] = await Promise.all([
      this.#omac(0, nonce).then((omac) => omac.digest()),
      this.#omac(1, header).then((omac) => omac.digest()),
      this.#omac(2, NO_BYTES),
    ]);
    return new EaxStream({ ctr: this.#ctr, start, ofHeader, mac });
  }

  async #omac(tweak: number, bytes: Bytes): Promise<Cmac> {
    const mac = new Cmac(this.#mac);
    const block = new Uint8Array(BLOCK_BYTES);
    block[BLOCK_BYTES - 1] = tweak;
    await mac.update(block);
    await mac.update(bytes);
    return mac;
  }
}

/** One message in pieces, either sealed or opened, one piece at a time. */
export class EaxStream {
  readonly #ctr: CryptoKey;
  readonly #start: Bytes;
  readonly #ofHeader: Bytes;
  readonly #mac: Cmac;
  #position = 0;

  /** Is called by {@linkcode EaxKey.stream}. */
  constructor(
    parts: {
      readonly ctr: CryptoKey;
      readonly start: Bytes;
      readonly ofHeader: Bytes;
      readonly mac: Cmac;
    },
  ) {
    this.#ctr = parts.ctr;
    this.#start = parts.start;
    this.#ofHeader = parts.ofHeader;
    this.#mac = parts.mac;
  }

  /** Seals the next piece. */
  async seal(plaintext: Uint8Array): Promise<Bytes> {
    const ciphertext = await this.#crypt(plaintext);
    await this.#mac.update(ciphertext);
    return ciphertext;
  }

  /** Opens the next piece, which is worth nothing until the tag was compared. */
  async open(ciphertext: Uint8Array): Promise<Bytes> {
    await this.#mac.update(ciphertext);
    return await this.#crypt(ciphertext);
  }

  /** Returns the tag; the message ends with it. */
  async tag(): Promise<Bytes> {
    const tag = await this.#mac.digest();
    xorInto(tag, this.#start);
    xorInto(tag, this.#ofHeader);
    return tag;
  }

  async #crypt(piece: Uint8Array): Promise<Bytes> {
    if (piece.length === 0) return new Uint8Array(0);
    // A piece that begins within a block is moved to where the block begins.
    const skipped = this.#position % BLOCK_BYTES;
    const aligned = skipped === 0 ? copyBytes(piece) : concatBytes(new Uint8Array(skipped), piece);
    const counter = addToCounter(this.#start, Math.floor(this.#position / BLOCK_BYTES));
    this.#position += piece.length;
    const out = await crypto.subtle.encrypt(
      { name: "AES-CTR", counter, length: 128 },
      this.#ctr,
      aligned,
    );
    return new Uint8Array(out).slice(skipped);
  }
}

/** Adds to a 128-bit big-endian counter, which begins anew after its last value. */
function addToCounter(counter: Bytes, blocks: number): Bytes {
  const sum = counter.slice();
  let carry = blocks;
  for (let i = BLOCK_BYTES - 1; i >= 0 && carry > 0; i--) {
    carry += sum[i] ?? 0;
    sum[i] = carry % 256;
    carry = Math.floor(carry / 256);
  }
  return sum;
}
