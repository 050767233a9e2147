/**
 * AES-CMAC, also known as OMAC1 (RFC 4493; NIST SP 800-38B), on Web Crypto.
 *
 * Web Crypto has no CMAC. It has AES-CBC, whose last block over a message is a CBC-MAC, from which
 * CMAC differs only in what is mixed into the last block.
 *
 * @module
 */
import { type Bytes, concatBytes, copyBytes, joinBytes } from "../bytes.ts";

/** The length of an AES block. */
export const BLOCK_BYTES = 16;
/** How much is gathered before it is worth a call of the platform. */
const GATHER_BYTES = 65_536;

/** A key for {@linkcode Cmac}. */
export class CmacKey {
  readonly #cbc: CryptoKey;
  /** Is mixed into a last block that is full. */
  readonly forFullBlock: Bytes;
  /** Is mixed into a last block that had to be filled up. */
  readonly forFilledBlock: Bytes;

  private constructor(cbc: CryptoKey, forFullBlock: Bytes) {
    this.#cbc = cbc;
    this.forFullBlock = forFullBlock;
    this.forFilledBlock = double(forFullBlock);
  }

  /** Takes an AES key of 16, 24 or 32 bytes. */
  static async import(raw: Bytes): Promise<CmacKey> {
    const cbc = await crypto.subtle.importKey("raw", raw, "AES-CBC", false, ["encrypt"]);
    const zero = new Uint8Array(BLOCK_BYTES);
    const encrypted = await encryptCbc(cbc, { iv: zero, blocks: zero });
    return new CmacKey(cbc, double(encrypted));
  }

  /** Chains whole blocks onto a block and returns the last one that comes out. */
  chain(from: Bytes, blocks: Bytes): Promise<Bytes> {
    return encryptCbc(this.#cbc, { iv: from, blocks });
  }
}

/** Encrypts whole blocks, at least one, and returns the last. */
async function encryptCbc(
  key: CryptoKey,
  { iv, blocks }: { readonly iv: Bytes; readonly blocks: Bytes },
): Promise<Bytes> {
  const out = await crypto.subtle.encrypt({ name: "AES-CBC", iv }, key, blocks);
  // The platform adds a block of padding behind ours.
  return new Uint8Array(out).slice(blocks.length - BLOCK_BYTES, blocks.length);
}

/** Doubles in GF(2^128): a shift to the left, and the polynomial where a bit falls out. */
function double(block: Bytes): Bytes {
  const doubled = block.map((byte, i) => (byte << 1) | ((block[i + 1] ?? 0) >> 7));
  const last = BLOCK_BYTES - 1;
  if ((block[0] ?? 0) >= 0x80) doubled[last] = (doubled[last] ?? 0) ^ 0x87;
  return doubled;
}

/** Mixes the second block into the first. */
export function xorInto(target: Bytes, other: Bytes): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] ?? 0) ^ (other[i] ?? 0);
}

/** The CMAC of a message that comes in pieces; one piece at a time. */
export class Cmac {
  readonly #key: CmacKey;
  #chained: Bytes = new Uint8Array(BLOCK_BYTES);
  #waiting: Bytes[] = [];
  #waitingBytes = 0;

  /** Starts with an empty message. */
  constructor(key: CmacKey) {
    this.#key = key;
  }

  /** Appends bytes, which are copied if they have to be kept. */
  async update(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    this.#waiting.push(copyBytes(bytes));
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes < GATHER_BYTES) return;
    const gathered = joinBytes(this.#waiting);
    // The last block stays: only the end of the message decides what is mixed into it.
    const end = Math.floor((gathered.length - 1) / BLOCK_BYTES) * BLOCK_BYTES;
    this.#chained = await this.#key.chain(this.#chained, gathered.slice(0, end));
    this.#waiting = [gathered.slice(end)];
    this.#waitingBytes = gathered.length - end;
  }

  /** Returns the 16 bytes; the message ends with it. */
  async digest(): Promise<Bytes> {
    const rest = joinBytes(this.#waiting);
    const isFull = rest.length > 0 && rest.length % BLOCK_BYTES === 0;
    const missing = isFull ? 0 : BLOCK_BYTES - rest.length % BLOCK_BYTES;
    const filling = new Uint8Array(missing);
    if (missing > 0) filling[0] = 0x80;
    const blocks = concatBytes(rest, filling);
    xorInto(
      blocks.subarray(blocks.length - BLOCK_BYTES),
      isFull ? this.#key.forFullBlock : this.#key.forFilledBlock,
    );
    return await this.#key.chain(this.#chained, blocks);
  }
}
