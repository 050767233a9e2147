/**
 * A file as the original sees it: text with LF line ends, and the CRC-32 of that (spec, section 5).
 *
 * @module
 */
import { type Bytes, decodeUtf8 } from "../bytes.ts";

const LF = 0x0a;
const CR = 0x0d;

const CRC_TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) {
    value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return value;
});

/** The CRC-32 of IEEE 802.3, as zlib has it, over bytes that come in pieces. */
export class Crc32 {
  #state = 0xffffffff;

  /** Appends bytes. */
  update(bytes: Uint8Array): void {
    let state = this.#state;
    for (let i = 0; i < bytes.length; i++) {
      state = (state >>> 8) ^ (CRC_TABLE[(state ^ (bytes[i] ?? 0)) & 0xff] ?? 0);
    }
    this.#state = state;
  }

  /** Returns the checksum so far, from 0 to 2^32 - 1; that of nothing is 0. */
  get value(): number {
    return (this.#state ^ 0xffffffff) >>> 0;
  }
}

/**
 * Makes LF of CRLF and of a lone CR, in bytes that come in pieces.
 *
 * No byte of a longer UTF-8 sequence is a CR or LF, so it need not be decoded.
 */
export class LineEnds {
  #endedInCr = false;
  /** Whether anything had to be changed so far. */
  hasChanged = false;

  /** Returns the next piece with its line ends translated. */
  translate(piece: Uint8Array): Uint8Array {
    const wasCr = this.#endedInCr;
    if (piece.length > 0) this.#endedInCr = piece[piece.length - 1] === CR;
    const startsInLf = wasCr && piece[0] === LF;
    if (piece.indexOf(CR) < 0) return startsInLf ? piece.subarray(1) : piece;
    this.hasChanged = true;
    const out = new Uint8Array(piece.length);
    let length = 0;
    for (let i = startsInLf ? 1 : 0; i < piece.length; i++) {
      const byte = piece[i] ?? 0;
      if (byte === LF && piece[i - 1] === CR) continue;
      out[length++] = byte === CR ? LF : byte;
    }
    return out.subarray(0, length);
  }
}

/** What the original would know of a file. */
export interface TextFacts {
  /** The CRC-32 of its text. */
  readonly checksum: number;
  /** The length of its text in UTF-8. */
  readonly textBytes: number;
  /** Whether it is UTF-8; the original can send nothing else. */
  readonly isText: boolean;
  /** Whether it has line ends other than LF, which the original does not keep. */
  readonly hasOtherLineEnds: boolean;
}

/** Reads a file to its end and says what the original would know of it. */
export async function examineText(pieces: AsyncIterable<Uint8Array>): Promise<TextFacts> {
  const checksum = new Crc32();
  const lineEnds = new LineEnds();
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let textBytes = 0;
  let isText = true;
  const decode = (bytes?: Uint8Array): void => {
    try {
      if (isText) decoder.decode(bytes, { stream: bytes !== undefined });
    } catch {
      isText = false;
    }
  };
  for await (const piece of pieces) {
    decode(piece);
    const text = lineEnds.translate(piece);
    checksum.update(text);
    textBytes += text.length;
  }
  decode();
  const { hasChanged: hasOtherLineEnds } = lineEnds;
  return { checksum: checksum.value, textBytes, isText, hasOtherLineEnds };
}

/** Translates the line ends of a file that is there as a whole; throws if it is not UTF-8. */
export function textOf(file: Bytes): string {
  return decodeUtf8(new LineEnds().translate(file));
}
