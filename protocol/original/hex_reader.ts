/**
 * Hex that comes in pieces, cut anywhere; upper case counts too, as with the original.
 *
 * @module
 */
import type { Bytes } from "../bytes.ts";
import { ProtocolError } from "../errors.ts";

const INVALID = 0xff;
const VALUES: Uint8Array = Uint8Array.from({ length: 256 }, (_, code) => {
  const letter = String.fromCharCode(code);
  return /[0-9a-fA-F]/.test(letter) ? parseInt(letter, 16) : INVALID;
});

/** Decodes the letters of one hex text. */
export class HexReader {
  #high: number | null = null;

  /** Whether the letters so far make whole bytes. */
  get isWhole(): boolean {
    return this.#high === null;
  }

  /**
   * Decodes the next letters.
   *
   * @throws {ProtocolError} `message-malformed`.
   */
  decode(letters: Uint8Array): Bytes {
    const out = new Uint8Array((letters.length + 1) >> 1);
    let length = 0;
    let high = this.#high;
    for (let i = 0; i < letters.length; i++) {
      const value = VALUES[letters[i] ?? 0] ?? INVALID;
      if (value === INVALID) {
        throw new ProtocolError("message-malformed", "a sealed message is not in hex");
      }
      if (high === null) {
        high = value;
      } else {
        out[length++] = (high << 4) | value;
        high = null;
      }
    }
    this.#high = high;
    return out.subarray(0, length);
  }
}
